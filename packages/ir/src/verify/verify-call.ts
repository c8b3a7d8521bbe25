import type { Buffer, BufferRegion } from "../buffer.js";
import { typeName } from "../build.js";
import { bytesOf } from "../dtype.js";
import { unknownCallee, wrongArgument, wrongArity, wrongRole } from "../errors.js";
import type { Expr, Var } from "../expr.js";
import type { KernelCall, ParallelCall } from "../stmt.js";
import { verifyExpr } from "./verify-expr.js";
import { verifyLaunch } from "./verify-launch.js";
import { type StatementPlace, verifyRegion, verifyScalarIndex } from "./verify-scope.js";

/** Checks a call against the function that it names; alone, a function is checked without that. */
export function verifyCall(call: KernelCall | ParallelCall, place: StatementPlace) {
  const parallel = call.kind === "ParallelCall";
  const indices = parallel ? [call.extent] : [...(call.launch?.grid ?? []), ...(call.launch?.block ?? [])];
  for (const expr of indices) {
    verifyExpr(expr, place);
    verifyScalarIndex(expr, parallel ? "extent of a ParallelCall" : "extent of a launch", place);
  }
  for (const arg of call.args) {
    if (arg.kind === "BufferRegion") verifyRegion(arg, place);
    else verifyExpr(arg, place);
  }
  const { module, report } = place;
  if (module === null) return;
  const callee = module.functions.find((func) => func.name === call.callee);
  if (callee === undefined) {
    const known = module.functions.map((func) => func.name);
    return report.add(unknownCallee(call.callee, known, call.span));
  }
  if ((callee.role === "parallel") !== parallel) {
    return report.add(
      wrongRole(call.callee, parallel ? "role parallel" : "role kernel or host", `role ${callee.role}`, call.span),
    );
  }
  if (call.kind === "KernelCall" && place.grammar.flat) verifyLaunch(call, callee, report);
  const parameters = parallel ? callee.parameters.slice(2) : callee.parameters;
  if (parameters.length !== call.args.length) {
    return report.add(wrongArity(call.callee, parameters.length, call.args.length, call.span));
  }
  for (const [position, arg] of call.args.entries()) {
    verifyArgument(call, parameters[position] as Buffer | Var, arg, place);
  }
}

function verifyArgument(
  call: KernelCall | ParallelCall,
  parameter: Buffer | Var,
  arg: Expr | BufferRegion,
  { report }: StatementPlace,
) {
  const wrong = (expected: string, actual: string): void =>
    report.add(wrongArgument(call.callee, parameter.name, expected, actual, arg.span));
  if (parameter.kind === "Var") {
    if (arg.kind === "BufferRegion") wrong(`an expression of type ${typeName(parameter)}`, "a region");
    else if (arg.dtype !== parameter.dtype || arg.lanes !== parameter.lanes) wrong(typeName(parameter), typeName(arg));
    return;
  }
  if (arg.kind !== "BufferRegion") return wrong("a region of a buffer", `an expression of type ${typeName(arg)}`);
  const needed = sizeOf(parameter.shape);
  const reached = spanOf(parameter);
  const given = sizeOf(arg.extents);
  if (needed === null || given === null) return;
  const [neededBytes, givenBytes] = [bytesOf(parameter.dtype, needed), bytesOf(arg.buffer.dtype, given)];
  const whole = reached !== null && bytesOf(parameter.dtype, reached) === givenBytes;
  if (neededBytes !== givenBytes && !whole) wrong(`${neededBytes} bytes`, `${givenBytes} bytes`);
}

/** The number of elements, where it is a constant. */
function sizeOf(extents: readonly Expr[]): number | null {
  let size = 1;
  for (const extent of extents) {
    if (extent.kind !== "Const") return null;
    size *= Number(extent.value);
  }
  return size;
}

/** Elements from the first to the last that the strides of a parameter reach, where it declares constant ones. */
function spanOf({ shape, strides }: Buffer): number | null {
  if (strides === null || sizeOf(strides) === null || sizeOf(shape) === null) return null;
  return shape.reduce(
    (last, extent, d) => last + ((sizeOf([extent]) as number) - 1) * (sizeOf([strides[d] as Expr]) as number),
    1,
  );
}
