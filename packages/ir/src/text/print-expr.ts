import type { BufferRegion } from "../buffer.js";
import { typeName } from "../build.js";
import type { Const, Expr, Reduce } from "../expr.js";
import type { IterVar } from "../tensor.js";
import { sharedNodes } from "./labels.js";
import type { Names } from "./names.js";
import { join, type Piece } from "./pieces.js";
import { fastText, INFIX, nameText, PRIMARY_LEVEL, UNARY_LEVEL } from "./syntax.js";

/** What printing carries along: names, and the labels of the shared nodes of the expression at hand. */
export interface PrintContext {
  readonly names: Names;
  readonly labels: Map<Expr, { readonly number: number; printed: boolean }>;
  readonly spans: boolean;
}

/** An expression that stands alone: shared nodes are written once (`$1=(…)`, later `$1`) where writing them out would explode. */
export function rootPieces(expr: Expr, context: PrintContext, level = 0): Piece[] {
  return [
    () => {
      context.labels.clear();
      let number = 0;
      for (const node of sharedNodes(expr)) context.labels.set(node, { number: ++number, printed: false });
      return exprPieces(expr, level, context);
    },
  ];
}

/** `expr` in a place that takes operators of at least `level` without parentheses. */
export function exprPieces(expr: Expr, level: number, context: PrintContext): readonly Piece[] {
  const label = context.labels.size === 0 ? undefined : context.labels.get(expr);
  if (label === undefined) return parenthesized(expr, level, context);
  if (label.printed) return [`$${label.number}`];
  label.printed = true;
  return [`$${label.number}=(`, ...parenthesized(expr, 0, context), ")"];
}

function parenthesized(expr: Expr, level: number, context: PrintContext): readonly Piece[] {
  const inner = operatorPieces(expr, context);
  if (inner === null) return primaryPieces(expr, context);
  return inner.level < level ? ["(", ...inner.pieces, ")"] : inner.pieces;
}

type Leveled = { readonly level: number; readonly pieces: readonly Piece[] } | null;

function operatorPieces(expr: Expr, context: PrintContext): Leveled {
  const child =
    (operand: Expr, level: number): Piece =>
    () =>
      exprPieces(operand, level, context);
  if (expr.kind === "Binary") {
    const infix = INFIX[expr.op];
    if (infix === undefined) return null;
    const symbol = ` ${infix.symbol}${fastText(expr.fast)} `;
    return { level: infix.level, pieces: [child(expr.left, infix.level), symbol, child(expr.right, infix.level + 1)] };
  }
  if (expr.kind === "Unary" && expr.fast === 0) {
    const { op, operand } = expr;
    if (op === "neg" && operand.kind === "Const") return { level: UNARY_LEVEL, pieces: ["-(", child(operand, 0), ")"] };
    const symbol = op === "neg" ? "-" : op === "not" ? "!" : op === "bitnot" ? "~" : undefined;
    if (symbol !== undefined) return { level: UNARY_LEVEL, pieces: [symbol, child(operand, UNARY_LEVEL)] };
  }
  return null;
}

function primaryPieces(expr: Expr, context: PrintContext): readonly Piece[] {
  const list = (exprs: readonly Expr[]): Piece[] => join(exprs.map((e): Piece[] => [() => exprPieces(e, 0, context)]));
  const named = (name: string, exprs: readonly Expr[], after = ""): Piece[] => [
    `${name}(`,
    ...list(exprs),
    `${after})`,
  ];
  switch (expr.kind) {
    case "Const":
      return [constText(expr)];
    case "Var":
      return [context.names.of(expr, expr.name)];
    case "Unary":
      return named(expr.op + fastText(expr.fast), [expr.operand]);
    case "Binary":
      return named(expr.op + fastText(expr.fast), [expr.left, expr.right]);
    case "Select":
      return named("select", [expr.condition, expr.whenTrue, expr.whenFalse]);
    case "IfThenElse":
      return named("if_then_else", [expr.condition, expr.whenTrue, expr.whenFalse]);
    case "Cast":
      return [`cast(${expr.dtype}, `, ...list([expr.operand]), ")"];
    case "Reinterpret":
      return [`reinterpret(${expr.dtype}, `, ...list([expr.operand]), ")"];
    case "Load":
      return accessPieces(context.names.of(expr.buffer, expr.buffer.name), expr.indices, expr.predicate, context);
    case "Ramp":
      return named("ramp", [expr.base, expr.stride], `, ${expr.lanes}`);
    case "Broadcast":
      return named("broadcast", [expr.operand], `, ${expr.lanes}`);
    case "Shuffle":
      return named("shuffle", expr.vectors, `; ${expr.picks.join(", ")}`);
    case "Call":
      return [...named(`@${nameText(expr.intrinsic)}`, expr.args), ` -> ${typeName(expr)}`];
    case "Read":
      return accessPieces(context.names.of(expr.tensor, expr.tensor.name), expr.indices, null, context);
    case "Reduce":
      return reducePieces(expr, context);
    default:
      return [`<${(expr satisfies never as { kind: string }).kind}>`];
  }
}

/** `name[i, j]`, `name[i; predicate]`, inside an expression. */
function accessPieces(name: string, indices: readonly Expr[], predicate: Expr | null, context: PrintContext): Piece[] {
  return indexedPieces(name, indices, predicate, (expr) => [() => exprPieces(expr, 0, context)]);
}

/** As `accessPieces`, with `child` for what is between the brackets. */
export function indexedPieces(
  name: string,
  indices: readonly Expr[],
  predicate: Expr | null,
  child: (expr: Expr) => Piece[],
): Piece[] {
  const guard = predicate === null ? [] : ["; ", ...child(predicate)];
  return [`${name}[`, ...join(indices.map(child)), ...guard, "]"];
}

/** `min..max` from zero, else `min..+extent`. */
export function rangePieces(min: Expr, extent: Expr, context: PrintContext): Piece[] {
  return rangeWith(min, extent, (expr) => rootPieces(expr, context));
}

function rangeWith(min: Expr, extent: Expr, child: (expr: Expr) => Piece[]): Piece[] {
  const zero = min.kind === "Const" && Object.is(min.value, 0);
  return zero ? ["0..", ...child(extent)] : [...child(min), "..+", ...child(extent)];
}

/** `A[0..4, i..+2]`. */
export function regionPieces(region: BufferRegion, context: PrintContext): Piece[] {
  const dimensions = region.mins.map((min, d) => {
    const extent = region.extents[d];
    return extent === undefined ? rootPieces(min, context) : rangePieces(min, extent, context);
  });
  return [`${context.names.of(region.buffer, region.buffer.name)}[`, ...join(dimensions), "]"];
}

/** `i in 0..4`, `k: ordered in 0..4`; the kind `usual` is left out. */
export function axisPieces(axis: IterVar, usual: IterVar["iterKind"], context: PrintContext): Piece[] {
  const name = context.names.of(axis.variable, axis.variable.name);
  const kind = axis.iterKind === usual ? "" : `: ${axis.iterKind}`;
  return [`${name}${kind} in `, ...rangePieces(axis.min, axis.extent, context)];
}

function reducePieces(expr: Reduce, context: PrintContext): Piece[] {
  const { names } = context;
  const list = (exprs: readonly Expr[]): Piece[] => [
    "(",
    ...join(exprs.map((e): Piece[] => [() => exprPieces(e, 0, context)])),
    ")",
  ];
  const axes = expr.axes.map((axis): Piece[] => {
    const kind = axis.iterKind === "reduce" ? "" : `: ${axis.iterKind}`;
    const child = (e: Expr): Piece[] => [() => exprPieces(e, 0, context)];
    return [`${names.of(axis.variable, axis.variable.name)}${kind} in `, ...rangeWith(axis.min, axis.extent, child)];
  });
  const pieces: Piece[] = [
    `reduce${fastText(expr.fast)} ${names.of(expr.combiner, expr.combiner.name)} over (`,
    ...join(axes),
    ") ",
  ];
  pieces.push(...list(expr.sources));
  const { condition, initial } = expr;
  if (condition !== null) pieces.push(" where ", () => exprPieces(condition, PRIMARY_LEVEL, context));
  if (initial !== null) pieces.push(" initial ", ...list(initial));
  if (expr.valueIndex !== 0) pieces.push(` value ${expr.valueIndex}`);
  return pieces;
}

/** A bare integer is `index`, a bare decimal `float32`; the others name their type: `int32(4)`, `float64(0.5)`. */
export function constText(expr: Const): string {
  const { dtype, value } = expr;
  if (dtype === "bool" && typeof value === "boolean") return String(value);
  const text = numberText(value);
  if (dtype === "index" && typeof value === "number" && Number.isInteger(value) && /^-?\d+$/.test(text)) return text;
  if (dtype === "float32" && typeof value === "number" && Number.isFinite(value))
    return /[.e]/.test(text) ? text : `${text}.0`;
  return `${dtype}(${text})`;
}

/** The shortest decimal that reads back as the same value; −0 keeps its sign. */
export function numberText(value: number | bigint | boolean): string {
  if (typeof value !== "number") return String(value);
  if (Object.is(value, -0)) return "-0";
  if (Number.isNaN(value)) return "nan";
  return value === Number.POSITIVE_INFINITY ? "inf" : value === Number.NEGATIVE_INFINITY ? "-inf" : String(value);
}
