import type { Diagnostic } from "@tilewright/diagnostics";
import { typeName } from "../build.js";
import { childrenOf } from "../children.js";
import {
  badReduction,
  boundTwice,
  mismatchedLists,
  misplacedReduce,
  wrongAxis,
  wrongOperand,
  wrongOutput,
} from "../errors.js";
import type { Expr, Reduce, Var } from "../expr.js";
import type { Node } from "../fields.js";
import { operationsOf } from "../operations.js";
import type { Combiner, Compute, Extern, IterVar, Operation, Scan, Tensor } from "../tensor.js";
import { GRAMMARS, type Grammar } from "./grammar.js";
import { createReport, type Report } from "./report.js";
import { type Place, verifyExpr } from "./verify-expr.js";
import { bind, type StatementPlace, verifyBuffer, verifyScalarIndex } from "./verify-scope.js";
import { verifyStmt } from "./verify-stmt.js";

/** Bodies are scalar and read tensors; loads belong to loop IR. */
const TENSOR_GRAMMAR: Grammar = { ...GRAMMARS.scheduled, without: ["Load", "Ramp", "Broadcast", "Shuffle"] };

/**
 * What is wrong with the tensor expressions that `outputs` reach; nothing when they are well-formed. A variable that no axis binds is a symbol
 * of the shapes. At most 100 diagnostics. Linear in distinct nodes; never overflows.
 */
export function verifyTensors(outputs: readonly Tensor[]): Diagnostic[] {
  const report = createReport();
  const { operations, combiners, tensors } = operationsOf(outputs);
  const bound = new Set<Node>();
  for (const combiner of combiners) verifyCombiner(combiner, bound, report);
  const axes = operations.flatMap((operation) => axesOf(operation));
  for (const { variable } of axes) {
    if (bound.has(variable)) report.add(boundTwice("axis", variable.name, variable.span));
    bound.add(variable);
  }
  for (const operation of operations) {
    report.owner = `\`${operation.name}\``;
    for (const tensor of tensors.get(operation) ?? []) verifyOutput(tensor, report);
    const own = new Set<Node>(axesOf(operation).map((axis) => axis.variable));
    const scope = { has: (node: Node): boolean => own.has(node) || !bound.has(node) };
    const place: Place = { report, grammar: TENSOR_GRAMMAR, level: "tensor", scope };
    if (operation.kind === "Compute") verifyCompute(operation, place);
    else if (operation.kind === "Scan") verifyScan(operation, report);
    else if (operation.kind === "Extern") verifyExtern(operation, report);
  }
  return report.diagnostics;
}

/** The axes that an operation binds, its reductions' included, each once. */
function axesOf(operation: Operation): IterVar[] {
  if (operation.kind === "Scan") return [operation.axis];
  if (operation.kind !== "Compute") return [];
  const axes = new Set(operation.axes);
  for (const body of operation.bodies) if (body.kind === "Reduce") for (const axis of body.axes) axes.add(axis);
  return [...axes];
}

function verifyOutput(tensor: Tensor, report: Report) {
  const { operation, outputIndex, name, span } = tensor;
  const wrong = (expected: string, actual: string): void => report.add(wrongOutput(name, expected, actual, span));
  const count = outputCount(operation);
  if (outputIndex >= count) return wrong(`an output number below ${count}`, `${outputIndex}`);
  if (tensor.dtype === "index") return wrong("an element type other than index", "index");
  const { dtype, shape } = outputType(operation, outputIndex) ?? tensor;
  if (dtype !== tensor.dtype) return wrong(dtype, tensor.dtype);
  if (shape.length !== tensor.shape.length) return wrong(`rank ${shape.length}`, `rank ${tensor.shape.length}`);
  const off = shape.findIndex((extent, d) => {
    const own = tensor.shape[d];
    return extent.kind === "Const" && own?.kind === "Const" && extent.value !== own.value;
  });
  if (off >= 0)
    wrong(
      `extent ${(shape[off] as { value?: unknown }).value} in dimension ${off}`,
      `${(tensor.shape[off] as { value?: unknown }).value}`,
    );
}

function outputCount(operation: Operation): number {
  if (operation.kind === "Placeholder") return 1;
  if (operation.kind === "Compute") return operation.bodies.length;
  return operation.kind === "Scan" ? operation.states.length : operation.outputBuffers.length;
}

/** Type and shape that an operation gives an output; undefined for placeholders, which take what the tensor says. */
function outputType(operation: Operation, index: number): Pick<Tensor, "dtype" | "shape"> | undefined {
  if (operation.kind === "Placeholder") return undefined;
  if (operation.kind === "Scan") return operation.states[index];
  if (operation.kind === "Extern") return operation.outputBuffers[index];
  const body = operation.bodies[index];
  return body && { dtype: body.dtype, shape: operation.axes.map((axis) => axis.extent) };
}

function verifyCombiner(combiner: Combiner, bound: Set<Node>, report: Report): void {
  report.owner = `combiner \`${combiner.name}\``;
  const { lhs, rhs, results, identities, name, span } = combiner;
  const counts = [lhs, rhs, results, identities].map((list) => list.length);
  if (new Set(counts).size !== 1 || counts[0] === 0) {
    report.add(
      badReduction(name, "as many left and right variables as results and identities", counts.join(", "), span),
    );
  }
  const variables = new Set<Node>([...lhs, ...rhs]);
  for (const variable of variables) bound.add(variable);
  const place: Place = { report, grammar: TENSOR_GRAMMAR, level: "tensor", scope: variables };
  for (const [position, result] of results.entries()) {
    verifyExpr(result, place);
    const identity = identities[position];
    if (identity !== undefined) verifyExpr(identity, place);
    const parts = [lhs[position], rhs[position], identity].filter((part) => part !== undefined);
    const odd = parts.find((part) => typeName(part) !== typeName(result));
    if (odd !== undefined)
      report.add(badReduction(name, `value ${position} of type ${typeName(result)}`, typeName(odd), span));
  }
}

function verifyCompute(operation: Compute, place: Place): void {
  const { report } = place;
  for (const axis of operation.axes) verifyAxis(axis, ["data", "opaque"], place);
  const reductions = operation.bodies.filter((body): body is Reduce => body.kind === "Reduce");
  if (reductions.length > 0 && reductions.length < operation.bodies.length) {
    report.add(misplacedReduce(operation.name, "reductions beside other bodies", operation.span));
  }
  const [first] = reductions;
  for (const body of operation.bodies) {
    verifyExpr(body, place);
    if (body.lanes !== 1) report.add(wrongOperand(`a body of \`${operation.name}\``, "a scalar", body, body.span));
    if (body.kind === "Reduce") verifyReduce(body, operation, place);
    if (first !== undefined && body.kind === "Reduce" && !sameAxes(first, body)) {
      report.add(misplacedReduce(operation.name, "reductions over different axes", body.span));
    }
    if (holdsReduce(body)) report.add(misplacedReduce(operation.name, "a reduction inside an expression", body.span));
  }
}

function sameAxes(a: Reduce, b: Reduce): boolean {
  return a.axes.length === b.axes.length && a.axes.every((axis, position) => axis === b.axes[position]);
}

/** True for a Reduce below the top. */
function holdsReduce(body: Expr): boolean {
  const seen = new Set<Node>();
  const stack: Node[] = childrenOf(body);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "Reduce") return true;
    stack.push(...childrenOf(node));
  }
  return false;
}

function verifyReduce(reduce: Reduce, operation: Compute, place: Place): void {
  const { report } = place;
  const { combiner, sources, initial, condition, valueIndex, span } = reduce;
  const wrong = (expected: string, actual: string): void =>
    report.add(badReduction(operation.name, expected, actual, span));
  if (reduce.axes.length === 0) wrong("at least one axis", "none");
  for (const axis of reduce.axes) verifyAxis(axis, ["reduce"], place);
  const count = combiner.results.length;
  if (sources.length !== count) wrong(`${count} sources`, `${sources.length}`);
  if (initial !== null && initial.length !== count) wrong(`${count} initial values`, `${initial.length}`);
  if (valueIndex >= count) wrong(`a value number below ${count}`, `${valueIndex}`);
  for (const list of [sources, initial ?? []]) {
    for (const [position, source] of list.entries()) {
      const result = combiner.results[position];
      if (result !== undefined && typeName(source) !== typeName(result)) wrong(typeName(result), typeName(source));
    }
  }
  const own = combiner.results[valueIndex];
  if (own !== undefined && typeName(own) !== typeName(reduce)) wrong(typeName(own), typeName(reduce));
  if (condition !== null && (condition.dtype !== "bool" || condition.lanes !== 1)) {
    report.add(wrongOperand("condition of Reduce", "a scalar bool", condition, span));
  }
}

function verifyAxis(axis: IterVar, kinds: readonly string[], place: Place): void {
  const { report } = place;
  if (!kinds.includes(axis.iterKind))
    report.add(wrongAxis(axis.name, `an axis of kind ${kinds.join(" or ")}`, axis.iterKind, axis.span));
  const parts: readonly (Expr | Var)[] = [axis.variable, axis.min, axis.extent];
  for (const part of parts) {
    verifyExpr(part, place);
    verifyScalarIndex(part, `axis \`${axis.name}\``, place);
  }
}

function verifyScan(operation: Scan, report: Report): void {
  const { initial, update, states, name, span, axis } = operation;
  const counts = [initial, update, states].map((list) => list.length);
  if (new Set(counts).size !== 1 || counts[0] === 0) {
    report.add(mismatchedLists(name, "as many initial values and updates as states", counts.join(", "), span));
  }
  if (axis.iterKind !== "ordered")
    report.add(wrongAxis(axis.name, "an axis of kind ordered", axis.iterKind, axis.span));
  for (const [position, state] of states.entries()) {
    if (state.operation.kind !== "Placeholder")
      report.add(mismatchedLists(name, "states that are placeholders", state.operation.kind, span));
    for (const other of [initial[position], update[position]]) {
      if (other === undefined || (other.dtype === state.dtype && other.shape.length === state.shape.length)) continue;
      const [expected, actual] = [state, other].map((t) => `${t.dtype} of rank ${t.shape.length}`) as [string, string];
      report.add(mismatchedLists(name, expected, actual, span));
    }
  }
}

function verifyExtern(operation: Extern, report: Report): void {
  const { inputs, inputBuffers, outputBuffers, name, span } = operation;
  if (inputs.length !== inputBuffers.length) {
    report.add(mismatchedLists(name, `${inputs.length} input buffers`, `${inputBuffers.length}`, span));
  }
  for (const [position, tensor] of inputs.entries()) {
    const buffer = inputBuffers[position];
    if (buffer === undefined || (buffer.dtype === tensor.dtype && buffer.shape.length === tensor.shape.length))
      continue;
    const [expected, actual] = [tensor, buffer].map((t) => `${t.dtype} of rank ${t.shape.length}`) as [string, string];
    report.add(mismatchedLists(name, expected, actual, span));
  }
  const place: StatementPlace = {
    report,
    grammar: GRAMMARS.scheduled,
    level: "scheduled",
    scope: new Set(),
    bound: new Set(),
    registers: new Set(),
    threads: new Set(),
    module: null,
  };
  for (const buffer of [...inputBuffers, ...outputBuffers]) bind(buffer, "buffer", place);
  for (const buffer of [...inputBuffers, ...outputBuffers]) verifyBuffer(buffer, place);
  verifyStmt(operation.body, place);
}
