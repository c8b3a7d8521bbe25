import type { Buffer, BufferRegion, Expr, KernelCall, PrimFunc } from "@tilewright/ir";
import { bytesOf } from "@tilewright/ir";
import { badCall, undeclaredHere } from "./errors.js";
import { Expressions, type Scope } from "./expressions.js";
import { elementAt } from "./memory.js";
import type { Context } from "./module.js";
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

/** `const float *__restrict__ A` */
export function parameterText(
  func: PrimFunc,
  parameter: PrimFunc["parameters"][number],
  name: string,
  { accesses }: Context,
): string {
  if (parameter.kind === "Var") return `${valueType(parameter.dtype)} ${name}`;
  const isRead = (accesses.of(func).get(parameter) ?? "read") === "read";
  const isAlone = !func.mayAlias.some((pair) => pair.includes(parameter));
  return `${isRead ? "const " : ""}${memoryType(parameter.dtype)} *${isAlone ? "__restrict__ " : ""}${name}`;
}

/** Text that says where a function comes from, and no path of a machine. */
export function originOf({ name, span }: PrimFunc): string {
  const file = span.file.split(/[\\/]/).at(-1) ?? "";
  return file === "" ? `\`${name}\`` : `\`${name}\`, ${file}:${span.line}`;
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
