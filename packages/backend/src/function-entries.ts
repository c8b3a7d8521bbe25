import type { Access, ElementType, FunctionEntry, ParameterEntry } from "@tilewright/artifact";
import {
  type Buffer,
  type BufferRegion,
  type Expr,
  type IRModule,
  isConst,
  type PrimFunc,
  type Var,
  visit,
} from "@tilewright/ir";
import { intrinsicOf } from "./intrinsic.js";

/**
 * What a compiled module says of its functions: their parameters in order, with what they do to buffers, themselves or through functions that
 * they call. Bodies of parallel loops and meanings of intrinsics are called within the module alone and are left out.
 * @param workspaceBytes  bytes of scratch memory that a call of a function needs; none unless told
 */
export function functionEntries(
  module: IRModule,
  workspaceBytes: (func: PrimFunc) => number = () => 0,
): readonly FunctionEntry[] {
  const accessOf = accessesOf(module);
  return module.functions
    .filter((func) => func.role !== "parallel" && intrinsicOf(func) === null)
    .map((func) => ({
      name: func.name,
      parameters: func.parameters.map((each) => parameterEntry(each, accessOf(func))),
      workspaceBytes: workspaceBytes(func),
    }));
}

function parameterEntry(parameter: Buffer | Var, access: ReadonlyMap<Buffer, Access>): ParameterEntry {
  const { name, dtype: type } = parameter;
  const dtype = type === "index" ? "int32" : (type as ElementType); // so it travels
  if (parameter.kind === "Var") return { kind: "scalar", name, dtype };
  const shape = parameter.shape.map((extent) => (isConst(extent) ? Number(extent.value) : -1));
  return { kind: "buffer", name, dtype, shape, access: access.get(parameter) ?? "read" };
}

/** What the functions of a module do to buffers, found out once for each. */
function accessesOf({ functions }: IRModule): (func: PrimFunc) => ReadonlyMap<Buffer, Access> {
  const byName = new Map(functions.map((func) => [func.name, func]));
  const known = new Map<PrimFunc, ReadonlyMap<Buffer, Access>>();
  return function accessOf(func) {
    const found = known.get(func);
    if (found !== undefined) return found;
    const access = new Map<Buffer, Access>();
    known.set(func, access); // of functions that call each other, which is an error, this ends the search
    const note = (buffer: Buffer, how: Access): void =>
      void access.set(buffer, (access.get(buffer) ?? how) === how ? how : "readwrite");
    const call = (callee: string, args: readonly (Expr | BufferRegion)[], bound: number): void => {
      const called = byName.get(callee);
      for (const [k, arg] of args.entries()) {
        if (arg.kind !== "BufferRegion") continue;
        const parameter = called?.parameters[k + bound];
        const inner = called === undefined ? "readwrite" : (accessOf(called).get(parameter as Buffer) ?? "read");
        note(arg.buffer, inner);
      }
    };
    visit(func.body, {
      Load: ({ buffer }) => note(buffer, "read"),
      Store: ({ buffer }) => note(buffer, "write"),
      Atomic: ({ buffer }) => note(buffer, "readwrite"),
      KernelCall: ({ callee, args }) => call(callee, args, 0),
      ParallelCall: ({ callee, args }) => call(callee, args, 2), // its first two parameters are the range
    });
    return access;
  };
}
