import type { Access, ElementType, FunctionEntry, ParameterEntry } from "@tilewright/artifact";
import { intrinsicOf } from "@tilewright/backend";
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

/** What an artifact says of a function: its parameters, with how it uses them, and its workspace. */
export function functionEntry(func: PrimFunc, { functions }: IRModule, workspaceBytes: number): FunctionEntry {
  const access = accesses(func, functions);
  return {
    name: func.name,
    parameters: func.parameters.map((parameter) => parameterEntry(parameter, access)),
    workspaceBytes,
  };
}

function parameterEntry(parameter: Buffer | Var, access: ReadonlyMap<Buffer, Access>): ParameterEntry {
  if (parameter.kind === "Var") return { kind: "scalar", name: parameter.name, dtype: elementType(parameter.dtype) };
  const shape = parameter.shape.map((extent) => (isConst(extent) ? Number(extent.value) : -1));
  return {
    kind: "buffer",
    name: parameter.name,
    dtype: elementType(parameter.dtype),
    shape,
    access: access.get(parameter) ?? "read",
  };
}

/** `index` scalars travel as 32-bit integers. */
function elementType(dtype: Buffer["dtype"]): ElementType {
  return dtype === "index" ? "int32" : (dtype as ElementType);
}

/** Buffers handed to another function count as read and written, but for what an intrinsic's function says of its own. */
function accesses(func: PrimFunc, functions: readonly PrimFunc[]): ReadonlyMap<Buffer, Access> {
  const access = new Map<Buffer, Access>();
  const note = (buffer: Buffer, how: Access): void => {
    const before = access.get(buffer);
    access.set(buffer, before === undefined || before === how ? how : "readwrite");
  };
  const passed = (callee: string, args: readonly (Expr | BufferRegion)[]): void => {
    const inner = functions.find(({ name }) => name === callee);
    const known = inner === undefined || intrinsicOf(inner) === null ? null : accesses(inner, functions);
    args.forEach((argument, position) => {
      if (argument.kind !== "BufferRegion") return;
      note(argument.buffer, known?.get(inner?.parameters[position] as Buffer) ?? "readwrite");
    });
  };
  visit(func.body, {
    Load: ({ buffer }) => note(buffer, "read"),
    Store: ({ buffer }) => note(buffer, "write"),
    Atomic: ({ buffer }) => note(buffer, "readwrite"),
    KernelCall: ({ callee, args }) => passed(callee, args),
    ParallelCall: ({ callee, args }) => passed(callee, args),
  });
  return access;
}
