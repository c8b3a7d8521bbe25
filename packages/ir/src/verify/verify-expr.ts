import type { Buffer } from "../buffer.js";
import { typeName } from "../build.js";
import { childrenOf } from "../children.js";
import { bitsOf, DTYPES, isInteger } from "../dtype.js";
import {
  badConstant, badLanes, kindNotAtLevel, mismatchedOperands, notInScope, unknownWord, vectorNotLegal, wrongIndexCount, wrongOperand, wrongResult,
} from "../errors.js"; // biome-ignore format: a list
import type { Expr, Load, Ramp, Read, Shuffle } from "../expr.js";
import type { Node } from "../fields.js";
import type { Grammar } from "./grammar.js";
import { BINARY_OPERANDS, fits, isComparison, UNARY_OPERANDS } from "./operators.js";
import type { Report } from "./report.js";

/** What checking an expression needs to know of the place it stands in. */
export interface Place {
  readonly report: Report;
  readonly grammar: Grammar;
  readonly level: string;
  /** Variables and buffers that may be used here. */
  readonly scope: { has(node: Node): boolean };
}

type Typed = Pick<Expr, "dtype" | "lanes">;

/** Checks every distinct node under `root`. Iterative; linear in distinct nodes. */
export function verifyExpr(root: Expr, place: Place) {
  const seen = new Set<Node>();
  const stack: Expr[] = [root];
  for (let expr = stack.pop(); expr !== undefined; expr = stack.pop()) {
    if (seen.has(expr)) continue;
    seen.add(expr);
    verifyNode(expr, place);
    for (const child of childrenOf(expr)) stack.push(child as Expr);
  }
}

function sameType(a: Typed, b: Typed): boolean {
  return a.dtype === b.dtype && a.lanes === b.lanes;
}

/** The kind, element type and lanes of a node. */
function verifyHead(expr: Expr, { report, grammar, level }: Place) {
  const { span } = expr;
  if (grammar.without.includes(expr.kind)) report.add(kindNotAtLevel(expr.kind, level, span));
  if (!DTYPES.includes(expr.dtype))
    report.add(unknownWord("element type", DTYPES.join(", "), String(expr.dtype), span));
  if (!Number.isInteger(expr.lanes) || expr.lanes < 1) {
    report.add(badLanes(expr.kind, "a positive integer", String(expr.lanes), span));
  } else if (grammar.contiguous && (expr.lanes & (expr.lanes - 1)) !== 0) {
    report.add(vectorNotLegal(expr.kind, "lanes that are a power of two", String(expr.lanes), span));
  }
}

function verifyNode(expr: Expr, place: Place) {
  const { report, scope } = place;
  const { span } = expr;
  verifyHead(expr, place);
  const result = (type: Typed): void => {
    if (!sameType(type, expr)) report.add(wrongResult(expr.kind, type, expr, span));
  };
  switch (expr.kind) {
    case "Const":
      if (expr.lanes !== 1 || !fits(expr.value, expr.dtype))
        report.add(badConstant(String(expr.value), typeName(expr), span));
      return;
    case "Var":
      if (!scope.has(expr)) report.add(notInScope("variable", expr.name, span));
      return;
    case "Unary":
    case "Binary":
      return verifyOperator(expr, result, place);
    case "Select":
    case "IfThenElse":
      return verifyChoice(expr, result, place);
    case "Cast":
      return result({ dtype: expr.dtype, lanes: expr.operand.lanes });
    case "Reinterpret":
      if (
        expr.dtype === "index" ||
        expr.operand.dtype === "index" ||
        bitsOf(expr.dtype) !== bitsOf(expr.operand.dtype)
      ) {
        report.add(
          wrongOperand("operand of Reinterpret", `a type of ${bitsOf(expr.dtype)} bits, not index`, expr.operand, span),
        );
      }
      return result({ dtype: expr.dtype, lanes: expr.operand.lanes });
    case "Load":
      return verifyLoad(expr, result, place);
    case "Ramp":
      return verifyRamp(expr, result, place);
    case "Broadcast":
      if (expr.operand.lanes !== 1) report.add(wrongOperand("operand of Broadcast", "a scalar", expr.operand, span));
      if (expr.lanes < 2) report.add(badLanes("Broadcast", "at least 2", String(expr.lanes), span));
      return result({ dtype: expr.operand.dtype, lanes: expr.lanes });
    case "Shuffle":
      return verifyShuffle(expr, result, place);
    case "Call":
      if (expr.intrinsic === "") report.add(unknownWord("intrinsic", "a name", '""', span));
      return;
    case "Read":
      verifyRead(expr, place);
      return result({ dtype: expr.tensor.dtype, lanes: 1 });
    case "Reduce":
      return; // at the top of a compute body only, where `verifyTensors` checks it
    default:
      report.add(
        unknownWord("kind of expression", "a kind of Expr", String((expr satisfies never as Node).kind), span),
      );
  }
}

function verifyRamp(expr: Ramp, result: (type: Typed) => void, { report }: Place) {
  const { span } = expr;
  if (!sameType(expr.base, expr.stride)) report.add(mismatchedOperands("Ramp", expr.base, expr.stride, span));
  if (expr.base.lanes !== 1 || !(expr.base.dtype === "index" || isInteger(expr.base.dtype))) {
    report.add(wrongOperand("base of Ramp", "a scalar index or integer", expr.base, span));
  }
  if (expr.lanes < 2) report.add(badLanes("Ramp", "at least 2", String(expr.lanes), span));
  result({ dtype: expr.base.dtype, lanes: expr.lanes });
}

function verifyOperator(
  expr: Extract<Expr, { kind: "Unary" | "Binary" }>,
  result: (type: Typed) => void,
  { report }: Place,
) {
  const { op, span } = expr;
  const first = expr.kind === "Unary" ? expr.operand : expr.left;
  const family = expr.kind === "Unary" ? own(UNARY_OPERANDS, expr.op) : own(BINARY_OPERANDS, expr.op);
  if (family === undefined)
    return report.add(unknownWord(`operator \`${op}\``, "a unary or binary operator", op, span));
  if (expr.kind === "Binary" && !sameType(expr.left, expr.right))
    return report.add(mismatchedOperands(op, expr.left, expr.right, span));
  if (!family.has(first.dtype)) report.add(wrongOperand(`operand of \`${op}\``, family.words, first, span));
  if (!Number.isInteger(expr.fast) || expr.fast < 0 || expr.fast > 7)
    report.add(unknownWord("fast-math licence", "a set of 1, 2, 4", String(expr.fast), span));
  result({ dtype: expr.kind === "Binary" && isComparison(expr.op) ? "bool" : first.dtype, lanes: first.lanes });
}

function own<T>(table: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function verifyChoice(
  expr: Extract<Expr, { kind: "Select" | "IfThenElse" }>,
  result: (type: Typed) => void,
  place: Place,
) {
  const { condition, whenTrue, whenFalse, span, kind } = expr;
  const masked = kind === "Select" || place.grammar.maskedChoice;
  const lanesFit = condition.lanes === 1 || (masked && condition.lanes === whenTrue.lanes);
  if (condition.dtype !== "bool" || !lanesFit) {
    place.report.add(
      wrongOperand(
        `condition of ${kind}`,
        masked ? `bool, scalar or of ${whenTrue.lanes} lanes` : "a scalar bool",
        condition,
        span,
      ),
    );
  }
  if (!sameType(whenTrue, whenFalse)) return place.report.add(mismatchedOperands(kind, whenTrue, whenFalse, span));
  result(whenTrue);
}

function verifyLoad(expr: Load, result: (type: Typed) => void, place: Place) {
  const lanes = verifyAccess(expr.buffer, expr.indices, expr, place);
  verifyPredicate(expr.predicate, lanes, expr, place);
  result({ dtype: expr.buffer.dtype, lanes });
}

function verifyRead({ tensor, indices, span }: Read, place: Place) {
  for (const index of indices) verifyIndex(index, true, place);
  if (indices.length === tensor.shape.length) return;
  place.report.add(wrongIndexCount(tensor.name, tensor.shape.length, indices.length, span));
}

/** Checks buffer and indices of a load, store or atomic; returns the lanes that the access has. */
export function verifyAccess(buffer: Buffer, indices: readonly Expr[], node: Node, place: Place): number {
  const { report, scope, grammar } = place;
  if (!scope.has(buffer)) report.add(notInScope("buffer", buffer.name, node.span));
  const rank = grammar.flat ? 1 : buffer.shape.length;
  if (indices.length !== rank) report.add(wrongIndexCount(buffer.name, rank, indices.length, node.span));
  for (const [position, index] of indices.entries()) verifyIndex(index, position < indices.length - 1, place);
  const last = indices.at(-1);
  if (last === undefined || last.lanes === 1) return 1;
  const contiguous = last.kind === "Ramp" && last.stride.kind === "Const" && Number(last.stride.value) === 1;
  if (grammar.contiguous && !contiguous) {
    report.add(vectorNotLegal(`access of \`${buffer.name}\``, "the index ramp(base, 1, lanes)", last.kind, node.span));
  }
  return last.lanes;
}

function verifyIndex(index: Expr, scalar: boolean, { report }: Place) {
  if (index.dtype !== "index" || (scalar && index.lanes !== 1)) {
    report.add(wrongOperand("an index", scalar ? "a scalar of type index" : "type index", index, index.span));
  }
}

/** A predicate is bool, with the access's lanes. */
export function verifyPredicate(predicate: Expr | null, lanes: number, node: Node, { report }: Place) {
  if (predicate !== null && (predicate.dtype !== "bool" || predicate.lanes !== lanes)) {
    report.add(wrongOperand("predicate", lanes === 1 ? "bool" : `boolx${lanes}`, predicate, node.span));
  }
}

function verifyShuffle(expr: Shuffle, result: (type: Typed) => void, { report }: Place) {
  const { vectors, picks, span } = expr;
  const [first] = vectors;
  if (first === undefined) return report.add(badLanes("Shuffle", "at least one vector", "none", span));
  for (const vector of vectors)
    if (vector.dtype !== first.dtype) report.add(mismatchedOperands("Shuffle", first, vector, span));
  const total = vectors.reduce((sum, vector) => sum + vector.lanes, 0);
  const wrong = picks.find((pick) => !Number.isInteger(pick) || pick < 0 || pick >= total);
  if (wrong !== undefined || picks.length === 0)
    report.add(badLanes("Shuffle", `picks from 0 to ${total - 1}`, String(wrong ?? "none"), span));
  result({ dtype: first.dtype, lanes: picks.length });
}
