import { CompileError } from "@tilewright/diagnostics";
import type { Expr, Read, Reduce } from "@tilewright/ir";
import { illTyped } from "./errors.js";
import type { Evaluator, Parts } from "./expressions.js";
import type { Frame } from "./frame.js";
import type { Memory } from "./memory.js";
import { bindVariable, memorySlotOf, type Scope } from "./scope.js";
import type { Value } from "./values.js";

/** One element of a tensor. An index outside is clamped to the nearest inside. */
export function readEvaluator(scope: Scope, node: Read, part: Parts): Evaluator {
  const slot = memorySlotOf(scope, node.tensor, node.span);
  const rank = node.tensor.shape.length;
  if (node.indices.length !== rank) {
    const actual = `${node.indices.length} indices`;
    throw new CompileError(
      illTyped(`\`${node.tensor.name}\` has ${rank} dimensions`, `${rank} indices`, actual, node.span),
    );
  }
  const indices = node.indices.map(part);
  return (frame) => {
    const memory = frame.memories[slot] as Memory;
    let element = 0;
    indices.forEach((index, d) => {
      const inside = Math.max(0, Math.min(Number(index(frame)), (memory.shape[d] as number) - 1));
      element += inside * (memory.strides[d] as number);
    });
    return memory.get(element);
  };
}

/** Folds in the order of the axes, the last one fastest, every step rounded. */
export function reduceEvaluator(
  scope: Scope,
  node: Reduce,
  compileExpr: (scope: Scope, expr: Expr) => Evaluator,
): Evaluator {
  const { combiner } = node;
  const compile = (expr: Expr): Evaluator => compileExpr(scope, expr);
  // The bounds of an axis may use the axes before it.
  const axes = node.axes.map((axis) => {
    const min = compile(axis.min);
    const extent = compile(axis.extent);
    return { slot: bindVariable(scope, axis.variable), min, extent };
  });
  const initial = (node.initial ?? combiner.identities).map(compile);
  const sources = node.sources.map(compile);
  const condition = node.condition === null ? null : compile(node.condition);
  const lhs = combiner.lhs.map((variable) => bindVariable(scope, variable));
  const rhs = combiner.rhs.map((variable) => bindVariable(scope, variable));
  const results = combiner.results.map(compile);
  const fold = (frame: Frame, depth: number, sum: { values: Value[] }): void => {
    const axis = axes[depth];
    if (axis !== undefined) {
      const min = Number(axis.min(frame));
      const extent = Number(axis.extent(frame));
      for (let k = 0; k < extent; k++) {
        frame.values[axis.slot] = min + k;
        fold(frame, depth + 1, sum);
      }
      return;
    }
    if (condition !== null && condition(frame) !== true) return;
    const next = sources.map((source) => source(frame));
    for (const [k, slot] of lhs.entries()) frame.values[slot] = sum.values[k] as Value;
    for (const [k, slot] of rhs.entries()) frame.values[slot] = next[k] as Value;
    sum.values = results.map((result) => result(frame));
  };
  return (frame) => {
    const sum = { values: initial.map((each) => each(frame)) };
    fold(frame, 0, sum);
    return sum.values[node.valueIndex] as Value;
  };
}
