import { CompileError } from "@tilewright/diagnostics";
import { type Atomic, type AtomicOp, type BinaryOp, type Store, typeName } from "@tilewright/ir";
import { isObserved, observe } from "./access.js";
import { illTyped } from "./errors.js";
import { compileExpr } from "./expressions.js";
import type { Frame } from "./frame.js";
import { accessLanes, addressOf } from "./loads.js";
import { binaryFunction } from "./operators.js";
import type { AccessKind } from "./races.js";
import type { Scope } from "./scope.js";
import type { Scalar } from "./values.js";

const UPDATES: Readonly<Record<AtomicOp, BinaryOp | null>> = {
  add: "add",
  min: "min",
  max: "max",
  and: "bitand",
  or: "bitor",
  xor: "bitxor",
  exchange: null,
};

/** Stores and atomic updates: all operands first, then the lanes in order. */
export function compileStore(scope: Scope, node: Store | Atomic): (frame: Frame) => void {
  const { buffer, indices, span } = node;
  const lanes = accessLanes(indices);
  if (node.value.dtype !== buffer.dtype || node.value.lanes !== lanes) {
    const expected = typeName({ dtype: buffer.dtype, lanes });
    throw new CompileError(
      illTyped(`the value stored to \`${buffer.name}\` has the wrong type`, expected, typeName(node.value), span),
    );
  }
  const address = addressOf(scope, node, node.kind === "Atomic" ? "atomic" : "store");
  const indexOf = indices.map((index) => compileExpr(scope, index));
  const valueIn = compileExpr(scope, node.value);
  const predicate = node.kind === "Store" && node.predicate !== null ? compileExpr(scope, node.predicate) : null;
  const kind: AccessKind = node.kind === "Atomic" ? "atomic" : "write";
  const operator = node.kind === "Atomic" ? UPDATES[node.op] : null;
  const combine = operator === null ? null : binaryFunction(operator, buffer.dtype, scope.program.precision, span);
  return (frame) => {
    const memory = address.memory(frame);
    const values = indexOf.map((index) => index(frame));
    const value = valueIn(frame);
    const taken = predicate === null ? true : predicate(frame);
    if (taken === false) return;
    for (let lane = 0; lane < lanes; lane++) {
      if (typeof taken === "object" && taken[lane] !== true) continue;
      const element = address.element(frame, memory, values, lane);
      if (isObserved(frame, memory)) observe(frame, memory, element, kind, () => address.place(frame));
      const each = (typeof value === "object" ? value[lane] : value) as Scalar;
      memory.set(element, combine === null ? each : combine(memory.get(element), each));
    }
  };
}
