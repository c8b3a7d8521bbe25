import type { Access, ElementType, FunctionEntry, ParameterEntry } from "@tilewright/artifact";
import { type Buffer, type BufferRegion, isConst, type PrimFunc, type Var, visit } from "@tilewright/ir";

/** What an artifact says of a function: its parameters, with how it uses them, and its workspace. */
export function functionEntry(func: PrimFunc, workspaceBytes: number): FunctionEntry {
  const access = accesses(func);
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

/** Buffers handed to another function count as read and written. */
function accesses(func: PrimFunc): ReadonlyMap<Buffer, Access> {
  const access = new Map<Buffer, Access>();
  const note = (buffer: Buffer, how: Access): void => {
    const before = access.get(buffer);
    access.set(buffer, before === undefined || before === how ? how : "readwrite");
  };
  const passed = (args: readonly ({ readonly kind: string } | BufferRegion)[]): void => {
    for (const argument of args)
      if (argument.kind === "BufferRegion") note((argument as BufferRegion).buffer, "readwrite");
  };
  visit(func.body, {
    Load: ({ buffer }) => note(buffer, "read"),
    Store: ({ buffer }) => note(buffer, "write"),
    Atomic: ({ buffer }) => note(buffer, "readwrite"),
    KernelCall: ({ args }) => passed(args),
    ParallelCall: ({ args }) => passed(args),
  });
  return access;
}
