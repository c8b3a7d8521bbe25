// Facts about functions that their text needs beforehand.
import type { Access, ElementType, FunctionEntry, ParameterEntry } from "@tilewright/artifact";
import { type Buffer, bytesOf, type IRModule, type PrimFunc, visit } from "@tilewright/ir";
import { tooMuchMemory } from "./errors.js";

/** Bytes of the allocation of a buffer, whose size is constant at the device level. */
export function bytesOfBuffer({ dtype, shape }: Buffer): number {
  return bytesOf(
    dtype,
    shape.reduce((count, extent) => count * (extent.kind === "Const" ? Number(extent.value) : 0), 1),
  );
}

/** How a function, or one that it calls, accesses its buffers. */
export class Accesses {
  readonly #functions: ReadonlyMap<string, PrimFunc>;
  readonly #known = new Map<PrimFunc, ReadonlyMap<Buffer, Access>>();

  constructor({ functions }: Pick<IRModule, "functions">) {
    this.#functions = new Map(functions.map((func) => [func.name, func]));
  }

  of(func: PrimFunc): ReadonlyMap<Buffer, Access> {
    const known = this.#known.get(func);
    if (known !== undefined) return known;
    const found = new Map<Buffer, Access>();
    this.#known.set(func, found);
    const touch = (buffer: Buffer, access: Access): void => {
      const before = found.get(buffer) ?? access;
      found.set(buffer, before === access ? access : "readwrite");
    };
    visit(func.body, {
      Load: ({ buffer }) => touch(buffer, "read"),
      Store: ({ buffer }) => touch(buffer, "write"),
      Atomic: ({ buffer }) => touch(buffer, "readwrite"),
      KernelCall: ({ callee, args }) => {
        const target = this.#functions.get(callee);
        args.forEach((arg, position) => {
          const parameter = target?.parameters[position];
          if (target === undefined || arg.kind !== "BufferRegion" || parameter?.kind !== "Buffer") return;
          const access = this.of(target).get(parameter);
          if (access !== undefined) touch(arg.buffer, access);
        });
      },
    });
    return found;
  }
}

/** What the manifest says of a function. */
export function entryOf(func: PrimFunc, accesses: ReadonlyMap<Buffer, Access>, workspaceBytes: number): FunctionEntry {
  const parameters = func.parameters.map((parameter): ParameterEntry => {
    const dtype = (parameter.dtype === "index" ? "int32" : parameter.dtype) as ElementType;
    if (parameter.kind === "Var") return { kind: "scalar", name: parameter.name, dtype };
    const shape = parameter.shape.map((extent) => (extent.kind === "Const" ? Number(extent.value) : -1));
    return { kind: "buffer", name: parameter.name, dtype, shape, access: accesses.get(parameter) ?? "read" };
  });
  return { name: func.name, parameters, workspaceBytes };
}

/** Shared arrays live as long as the kernel. @throws CompileError BE204 */
export function checkShared(kernel: PrimFunc, most: number): void {
  let bytes = 0;
  visit(kernel.body, {
    Allocate: ({ buffer }) => {
      if (buffer.scope === "shared") bytes += bytesOfBuffer(buffer);
    },
  });
  if (bytes > most) throw tooMuchMemory(kernel.name, "shared", bytes, most, kernel.span);
}
