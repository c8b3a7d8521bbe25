import { CompileError } from "@tilewright/diagnostics";
import { bytesOf, type Call, type PrimFunc } from "@tilewright/ir";
import { newBacking } from "./allocate.js";
import { badCall, unknownIntrinsic } from "./errors.js";
import type { Evaluator, Parts } from "./expressions.js";
import type { Frame } from "./frame.js";
import { denseStrides, view } from "./memory.js";
import { type Argument, placeIn, type Scope } from "./scope.js";
import type { Scalar, Value } from "./values.js";

/**
 * A call of an intrinsic. A function of JavaScript is given the arguments' values. Loop IR is given them as its scalar parameters, and,
 * when it has one parameter more, a buffer with an element for each lane of the result.
 * @throws CompileError IP203
 */
export function callEvaluator(scope: Scope, node: Call, part: Parts): Evaluator {
  const meaning = scope.program.intrinsics.get(node.intrinsic);
  if (meaning === undefined) {
    throw new CompileError(unknownIntrinsic(node.intrinsic, [...scope.program.intrinsics.keys()], node.span));
  }
  const args = node.args.map(part);
  if (typeof meaning === "function") return (frame) => meaning(...args.map((arg) => arg(frame)));
  return (frame) =>
    callPrimFunc(
      scope,
      node,
      meaning,
      args.map((arg) => arg(frame)),
      frame,
    );
}

function callPrimFunc(scope: Scope, node: Call, meaning: PrimFunc, values: readonly Value[], frame: Frame): Value {
  const place = placeIn(scope, node.span)(frame);
  const args: Argument[] = values.map((value) => ({ kind: "scalar", value }));
  const hasResult = meaning.parameters.length === values.length + 1;
  const bytes = bytesOf(node.dtype, node.lanes);
  const backing = newBacking(frame, { name: node.intrinsic, byteLength: bytes, granule: 1, scope: "local" });
  if (hasResult) args.push({ kind: "slice", backing, byteOffset: 0, byteLength: bytes });
  scope.program.call(frame, meaning, args, { place, exact: false });
  if (!hasResult) return 0;
  if (node.dtype === "index")
    throw new CompileError(badCall(node.intrinsic, "a result of a data type", "index", place));
  const { precision } = scope.program;
  const shape = [node.lanes];
  const options = {
    name: node.intrinsic,
    dtype: node.dtype,
    shape,
    strides: denseStrides(shape),
    byteOffset: 0,
    precision,
  };
  const memory = view(backing, options);
  const lanes: Scalar[] = Array.from({ length: node.lanes }, (_, lane) => memory.get(lane));
  return node.lanes === 1 ? (lanes[0] as Scalar) : lanes;
}
