import { CompileError } from "@tilewright/diagnostics";
import { type Buffer, bytesOf, type PrimFunc, type Var } from "@tilewright/ir";
import { finishAgent, withQueues } from "./agents.js";
import { compileLayout, type Layout } from "./allocate.js";
import { badCall, illTyped, overlappingArguments, wrongLength } from "./errors.js";
import { compileIndex } from "./expressions.js";
import { callFrame, type Frame } from "./frame.js";
import { arrayType, type Memory, spanOf, view } from "./memory.js";
import { type Argument, bindMemory, bindVariable, type CallSite, newScope, type Program, type Scope } from "./scope.js";
import { compileBody } from "./statements.js";
import { hasQueues, writtenBuffers } from "./structure.js";

/** Binds one parameter in a frame. */
type Binder = (frame: Frame, argument: Argument, site: CallSite) => void;

/** Compiles a function once per program. */
export function compileFunction(
  program: Program,
  func: PrimFunc,
): (frame: Frame, args: readonly Argument[], site: CallSite) => void {
  const scope = newScope(program);
  // Shapes may name any scalar parameter, so that those are bound first.
  const variables = func.parameters.filter((parameter): parameter is Var => parameter.kind === "Var");
  for (const variable of variables) bindVariable(scope, variable);
  const binders = func.parameters.map((parameter) =>
    parameter.kind === "Var" ? scalarBinder(scope, func, parameter) : bufferBinder(scope, func, parameter),
  );
  const body = compileBody(scope, func.body);
  const queues = hasQueues(func.body);
  const checkOverlap = overlapCheck(scope, func);
  return (caller, args, site) => {
    const called = callFrame(caller);
    const own = queues && called.queues === null;
    const frame = own ? withQueues(called) : called;
    if (args.length !== binders.length) {
      throw new CompileError(badCall(func.name, `${binders.length} arguments`, `${args.length} arguments`, site.place));
    }
    for (const kind of ["Var", "Buffer"]) {
      binders.forEach((bind, k) => {
        if (func.parameters[k]?.kind === kind) bind(frame, args[k] as Argument, site);
      });
    }
    checkOverlap(frame);
    body(frame);
    finishAgent(frame, own, func.span);
  };
}

function scalarBinder(scope: Scope, func: PrimFunc, variable: Var): Binder {
  const slot = bindVariable(scope, variable);
  return (frame, argument, site) => {
    if (argument.kind !== "scalar") {
      throw new CompileError(badCall(func.name, `a scalar for \`${variable.name}\``, "a region", site.place));
    }
    frame.values[slot] = argument.value;
  };
}

function bufferBinder(scope: Scope, func: PrimFunc, buffer: Buffer): Binder {
  const { name, dtype } = buffer;
  const { precision } = scope.program;
  const slot = bindMemory(scope, buffer);
  const layoutOf = compileLayout(buffer, (expr) => compileIndex(scope, expr));
  const elementBytes = arrayType(dtype, precision)?.BYTES_PER_ELEMENT ?? 1;
  if (buffer.alignment < 1)
    throw new CompileError(
      illTyped(`\`${name}\` has no alignment`, "a power of two", String(buffer.alignment), buffer.span),
    );
  return (frame, argument, site) => {
    if (argument.kind !== "slice") {
      throw new CompileError(badCall(func.name, `a region for \`${name}\``, "a scalar", site.place));
    }
    const { backing, byteOffset, byteLength } = argument;
    const layout = layoutOf(frame, site.place);
    const count = spanOf(layout.shape, layout.strides);
    const needed = elementBytes === bytesOf(dtype) ? bytesOf(dtype, count) : count * elementBytes;
    if (site.exact) checkLength(buffer, layout, count, needed, argument);
    else if (byteLength < needed) {
      const expected = `${needed} bytes for \`${name}\``;
      throw new CompileError(badCall(func.name, expected, `a region of ${byteLength} bytes`, site.place));
    }
    const alignment = site.exact ? elementBytes : buffer.alignment;
    if (byteOffset % Math.max(alignment, elementBytes) !== 0) {
      const expected = `\`${name}\` aligned to ${Math.max(alignment, elementBytes)} bytes`;
      throw new CompileError(badCall(func.name, expected, `an offset of ${byteOffset} bytes`, site.place));
    }
    frame.memories[slot] = view(backing, { name, dtype, ...layout, byteOffset, precision });
  };
}

function checkLength(
  buffer: Buffer,
  layout: Layout,
  count: number,
  needed: number,
  argument: Argument & { kind: "slice" },
): void {
  const enough = buffer.strides === null ? argument.byteLength === needed : argument.byteLength >= needed;
  if (enough) return;
  const expected = `${count} elements, for the shape [${layout.shape.join(", ")}]`;
  const actual = Math.floor((argument.byteLength / Math.max(1, needed)) * count);
  throw new CompileError(wrongLength(buffer.name, expected, needed === 0 ? argument.byteLength : actual, buffer.span));
}

/** Buffer parameters may share memory only where `mayAlias` says so and they are equal, or where nothing writes either. */
function overlapCheck(scope: Scope, func: PrimFunc): (frame: Frame) => void {
  const buffers = func.parameters.filter((parameter): parameter is Buffer => parameter.kind === "Buffer");
  const written = writtenBuffers(func);
  const pairs = buffers.flatMap((first, k) => buffers.slice(k + 1).map((second) => [first, second] as const));
  const checked = pairs
    .filter(([first, second]) => written.has(first) || written.has(second))
    .map(([first, second]) => ({
      first,
      second,
      allowed: func.mayAlias.some((pair) => pair.includes(first) && pair.includes(second)),
    }));
  const memoryOf = (frame: Frame, buffer: Buffer): Memory =>
    frame.memories[scope.memories.get(buffer) as number] as Memory;
  return (frame) => {
    for (const { first, second, allowed } of checked) {
      const [a, b] = [memoryOf(frame, first), memoryOf(frame, second)];
      if (a.backing !== b.backing || a.length === 0 || b.length === 0) continue;
      const [aEnd, bEnd] = [a, b].map((memory) => memory.byteOffset + bytesOf(memory.dtype, memory.length)) as [
        number,
        number,
      ];
      const equal = a.byteOffset === b.byteOffset && aEnd === bEnd;
      if (a.byteOffset < bEnd && b.byteOffset < aEnd && !(allowed && equal)) {
        throw new CompileError(overlappingArguments(first.name, second.name, func.span));
      }
    }
  };
}
