import { isNoSpan } from "@tilewright/diagnostics";
import type { Buffer, BufferRegion, Expr, KernelCall, PrimFunc } from "@tilewright/ir";
import { bytesOf } from "@tilewright/ir";
import { badCall, undeclaredHere } from "./errors.js";
import { Expressions, type Scope } from "./expressions.js";
import { elementAt } from "./memory.js";
import type { Context } from "./module.js";
import { callsIn } from "./program.js";
import { memoryType, valueType } from "./types.js";

/** The arguments of a call, as text. Notes what the callee may know of their alignment. */
export function argumentsText(
  { callee, args, span }: KernelCall,
  scope: Scope,
  { functions, alignments }: Context,
): readonly string[] {
  const target = functions.get(callee);
  if (target === undefined) throw badCall(callee, "no such function", span);
  const isRegion = (arg: Expr | BufferRegion): arg is BufferRegion => arg.kind === "BufferRegion";
  const expressions = new Expressions(scope, ...args.flatMap((arg) => (isRegion(arg) ? arg.mins : [arg])));
  return args.map((arg, position) => {
    const parameter = target.parameters[position];
    if (!isRegion(arg)) return expressions.scalar(arg);
    if (parameter?.kind !== "Buffer") throw badCall(callee, "memory for a scalar", span);
    const place = scope.buffers.get(arg.buffer);
    if (place === undefined) throw undeclaredHere(`the buffer \`${arg.buffer.name}\``, arg.span);
    const [first] = arg.mins;
    const offset = first === undefined ? null : expressions.text(first);
    const isStart = first === undefined || offset === null || offset.text === "0";
    const bytes = isStart
      ? place.alignment
      : Math.min(place.alignment, scope.facts.multipleOf(first) * bytesOf(arg.buffer.dtype));
    alignments.set(parameter, Math.min(bytes, alignments.get(parameter) ?? parameter.alignment));
    const address = isStart ? place.name : `&${elementAt(scope.buffers, arg.buffer, offset).text}`;
    const type = memoryType(parameter.dtype);
    return type === memoryType(arg.buffer.dtype) ? address : `(${type} *)${address}`;
  });
}

/** `const float *__restrict__ A`; `restrict` is for the device, where it counts. */
export function parameterText(
  func: PrimFunc,
  parameter: PrimFunc["parameters"][number],
  name: string,
  { accesses }: Context,
  restrict = true,
): string {
  if (parameter.kind === "Var") return `${valueType(parameter.dtype)} ${name}`;
  const isRead = (accesses.of(func).get(parameter) ?? "read") === "read";
  const isAlone = restrict && !func.mayAlias.some((pair) => pair.includes(parameter));
  return `${isRead ? "const " : ""}${memoryType(parameter.dtype)} *${isAlone ? "__restrict__ " : ""}${name}`;
}

/** Where a function comes from, with the line of the program, and no path of a machine. */
export function originOf(func: PrimFunc, { program }: Context): string {
  const caller = program.host.find(({ body }) => callsIn(body).some(({ callee }) => callee === func.name));
  const { span, name } = isNoSpan(func.span) && caller !== undefined ? caller : func;
  const part = name === func.name ? `\`${name}\`` : `\`${func.name}\` of \`${name}\``;
  return isNoSpan(span) ? part : `${part}, ${span.file.split(/[\\/]/).at(-1)}:${span.line}`;
}

/** A name for each parameter. */
export function bindParameters(
  func: PrimFunc,
  scope: Scope,
  alignmentOf: (parameter: Buffer) => number,
): readonly string[] {
  return func.parameters.map((parameter) => {
    const name = scope.names.take(parameter.name);
    if (parameter.kind === "Buffer") scope.buffers.set(parameter, { name, alignment: alignmentOf(parameter) });
    else scope.variables.set(parameter, name);
    return name;
  });
}
