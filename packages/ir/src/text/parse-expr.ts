import type { Buffer, BufferRegion } from "../buffer.js";
import { int } from "../build.js";
import { type DType, isFloat, isWide } from "../dtype.js";
import { badConstantText } from "../errors-format.js";
import {
  ARITHMETIC_OPS,
  type BinaryOp,
  COMPARE_OPS,
  type Const,
  type Expr,
  type FastMath,
  UNARY_OPS,
  type UnaryOp,
  type Var,
} from "../expr.js";
import type { IterVar } from "../tensor.js";
import { fits } from "../verify/operators.js";
import { type Cursor, dtypeWord, listUntil, parenthesizedList, typeWord, wholeNumber } from "./cursor.js";
import type { Token } from "./lexer.js";
import { divisionOf, fastBit, OPERATORS, typeFromName } from "./syntax.js";

/** Reads expressions: the shared nodes (`$1`) of the one at hand, and the axes that reductions have bound. */
export interface ExprReader {
  /** A whole expression; labels are its own. */
  readonly expr: () => Expr;
  readonly region: () => BufferRegion;
  /** `0..extent`, `min..+extent`. */
  readonly range: () => { readonly min: Expr; readonly extent: Expr };
  readonly axis: (usual: IterVar["iterKind"]) => IterVar;
  /** `[i, j]`, `[i; predicate]`, the bracket already taken. */
  readonly indices: () => { readonly indices: readonly Expr[]; readonly predicate: Expr | null };
}

const COMPARISONS: ReadonlySet<string> = new Set(COMPARE_OPS);
const UNARY: ReadonlySet<string> = new Set(UNARY_OPS);
const BINARY: ReadonlySet<string> = new Set(ARITHMETIC_OPS);
const AXIS_KINDS = ["data", "reduce", "ordered", "opaque"] as const;

/** What reading carries along. */
interface Reading {
  readonly cursor: Cursor;
  /** Shared nodes of the expression at hand. */
  readonly labels: Map<string, Expr>;
  /** Axes of reductions, by their variables. */
  readonly axes: Map<Var, IterVar>;
}

export function createExprReader(cursor: Cursor): ExprReader {
  const r: Reading = { cursor, labels: new Map(), axes: new Map() };
  const root = (): Expr => {
    r.labels.clear();
    return binary(r, 1);
  };
  const { peek, expect } = cursor;
  return {
    expr: root,
    range: () => range(r, root),
    axis: (usual) => axis(r, usual, root),
    indices: () => indexList(r, root),
    region: () => {
      const span = cursor.span();
      const at = peek();
      const buffer = cursor.lookup(cursor.name("the name of a buffer"), ["Buffer"], at) as Buffer;
      expect("[");
      const ranges = listUntil(cursor, "]", () => range(r, root));
      return {
        kind: "BufferRegion",
        span,
        buffer,
        mins: ranges.map((r) => r.min),
        extents: ranges.map((r) => r.extent),
      };
    },
  };
}

function binary(r: Reading, level: number): Expr {
  return r.cursor.nested(() => {
    const start = r.cursor.span();
    let left = unary(r);
    for (;;) {
      const infix = r.cursor.peek().type === "symbol" ? OPERATORS.get(r.cursor.peek().text) : undefined;
      if (infix === undefined || infix.level < level) return left;
      r.cursor.next();
      const fast = fastFlags(r);
      const right = binary(r, infix.level + 1);
      const op = infix.op === "div" || infix.op === "floordiv" ? divisionOf(left.dtype) : infix.op;
      left = binaryNode(op, left, right, fast, start);
    }
  });
}

function binaryNode(op: BinaryOp, left: Expr, right: Expr, fast: FastMath, span: Expr["span"]): Expr {
  const dtype = COMPARISONS.has(op) ? "bool" : left.dtype;
  return { kind: "Binary", span, dtype, lanes: left.lanes, op, left, right, fast };
}

function unaryNode(op: UnaryOp, operand: Expr, fast: FastMath, span: Expr["span"]): Expr {
  return { kind: "Unary", span, dtype: operand.dtype, lanes: operand.lanes, op, operand, fast };
}

function unary(r: Reading): Expr {
  const span = r.cursor.span();
  if (r.cursor.peek().text === "-" && r.cursor.peek(1).type === "number") {
    r.cursor.next();
    return literal(r, -1);
  }
  const op =
    r.cursor.peek().type !== "symbol"
      ? undefined
      : ({ "-": "neg", "!": "not", "~": "bitnot" } as const)[r.cursor.peek().text as "-"];
  if (op === undefined) return primary(r);
  r.cursor.next();
  return unaryNode(
    op,
    r.cursor.nested(() => unary(r)),
    0,
    span,
  );
}

function primary(r: Reading): Expr {
  const token = r.cursor.peek();
  if (token.type === "number") return literal(r, 1);
  if (r.cursor.accept("(")) {
    const inner = binary(r, 1);
    r.cursor.expect(")");
    return inner;
  }
  if (token.type === "symbol" && token.text === "$") return label(r);
  if (token.type === "symbol" && token.text === "@") return call(r);
  if (token.type === "quoted" || token.type === "name")
    return token.type === "name" ? word(r, token.text) : reference(r);
  return r.cursor.fail("an expression");
}

function label(r: Reading): Expr {
  r.cursor.expect("$");
  const number = String(wholeNumber(r.cursor));
  if (r.cursor.accept("=")) {
    r.cursor.expect("(");
    const inner = binary(r, 1);
    r.cursor.expect(")");
    r.labels.set(number, inner);
    return inner;
  }
  return r.labels.get(number) ?? r.cursor.fail(`a label that is defined before it is used, not $${number}`);
}

function call(r: Reading): Expr {
  const span = r.cursor.span();
  r.cursor.expect("@");
  const intrinsic = r.cursor.name("the name of an intrinsic");
  const args = parenthesizedList(r.cursor, () => binary(r, 1));
  r.cursor.expect("->");
  return { kind: "Call", span, ...typeWord(r.cursor), intrinsic, args };
}

function reference(r: Reading): Expr {
  const span = r.cursor.span();
  const at = r.cursor.peek();
  const name = r.cursor.name("a name");
  if (!r.cursor.accept("[")) return r.cursor.lookup(name, ["Var"], at);
  const target = r.cursor.lookup(name, ["Buffer", "Tensor"], at);
  const { indices, predicate } = indexList(r, () => binary(r, 1));
  if (target.kind === "Tensor") {
    if (predicate !== null) r.cursor.fail("a read of a tensor without a predicate");
    return { kind: "Read", span, dtype: target.dtype, lanes: 1, tensor: target, indices };
  }
  return {
    kind: "Load",
    span,
    dtype: target.dtype,
    lanes: indices.at(-1)?.lanes ?? 1,
    buffer: target,
    indices,
    predicate,
  };
}

function indexList(
  r: Reading,
  item: () => Expr,
): { readonly indices: readonly Expr[]; readonly predicate: Expr | null } {
  const indices: Expr[] = [];
  if (r.cursor.peek().text !== "]" && r.cursor.peek().text !== ";") {
    do indices.push(item());
    while (r.cursor.accept(","));
  }
  const predicate = r.cursor.accept(";") ? item() : null;
  r.cursor.expect("]");
  return { indices, predicate };
}

function word(r: Reading, name: string): Expr {
  const span = r.cursor.span();
  if (name === "true" || name === "false") {
    r.cursor.next();
    return { kind: "Const", span, dtype: "bool", lanes: 1, value: name === "true" };
  }
  const type = typeFromName(name);
  if (type?.lanes === 1) return typedLiteral(r, type.dtype);
  if (name === "reduce") return reduction(r);
  if (UNARY.has(name) || BINARY.has(name)) return operatorCall(r, name);
  const special = Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : undefined;
  if (special === undefined) return reference(r);
  r.cursor.next();
  r.cursor.expect("(");
  const made = special(r, span);
  r.cursor.expect(")");
  return made;
}

function operatorCall(r: Reading, name: string): Expr {
  const span = r.cursor.span();
  r.cursor.next();
  const fast = fastFlags(r);
  r.cursor.expect("(");
  const first = binary(r, 1);
  if (UNARY.has(name)) {
    r.cursor.expect(")");
    return unaryNode(name as UnaryOp, first, fast, span);
  }
  r.cursor.expect(",");
  const second = binary(r, 1);
  r.cursor.expect(")");
  return binaryNode(name as BinaryOp, first, second, fast, span);
}

const choice =
  (kind: "Select" | "IfThenElse") =>
  (r: Reading, span: Expr["span"]): Expr => {
    const [condition, whenTrue, whenFalse] = [argument(r), argument(r), binary(r, 1)];
    return { kind, span, dtype: whenTrue.dtype, lanes: whenTrue.lanes, condition, whenTrue, whenFalse };
  };
const conversion =
  (kind: "Cast" | "Reinterpret") =>
  (r: Reading, span: Expr["span"]): Expr => {
    const dtype = dtypeWord(r.cursor);
    r.cursor.expect(",");
    const operand = binary(r, 1);
    return { kind, span, dtype, lanes: operand.lanes, operand };
  };
/** An argument that another one follows. */
const argument = (r: Reading): Expr => {
  const value = binary(r, 1);
  r.cursor.expect(",");
  return value;
};
const SPECIAL: { readonly [name: string]: (r: Reading, span: Expr["span"]) => Expr } = {
  select: choice("Select"),
  if_then_else: choice("IfThenElse"),
  cast: conversion("Cast"),
  reinterpret: conversion("Reinterpret"),
  ramp: (r, span) => {
    const [base, stride] = [argument(r), argument(r)];
    return { kind: "Ramp", span, dtype: base.dtype, lanes: wholeNumber(r.cursor), base, stride };
  },
  broadcast: (r, span) => {
    const operand = argument(r);
    return { kind: "Broadcast", span, dtype: operand.dtype, lanes: wholeNumber(r.cursor), operand };
  },
  shuffle: (r, span) => {
    const vectors: Expr[] = [];
    if (r.cursor.peek().text !== ";") {
      do vectors.push(binary(r, 1));
      while (r.cursor.accept(","));
    }
    r.cursor.expect(";");
    const picks: number[] = [];
    if (r.cursor.peek().text !== ")") {
      do picks.push(wholeNumber(r.cursor));
      while (r.cursor.accept(","));
    }
    return { kind: "Shuffle", span, dtype: vectors[0]?.dtype ?? "index", lanes: picks.length, vectors, picks };
  },
};

function fastFlags(r: Reading): FastMath {
  if (r.cursor.peek().text !== "[" || r.cursor.peek(1).type !== "name" || r.cursor.peek(2).text !== "]") return 0;
  r.cursor.next();
  let fast = 0;
  for (const letter of r.cursor.peek().text)
    fast |= fastBit(letter) ?? r.cursor.fail("fast-math flags out of c, r and a");
  r.cursor.next();
  r.cursor.expect("]");
  return fast;
}

function literal(r: Reading, sign: number): Const {
  const token = r.cursor.next();
  const decimal = /[.eE]/.test(token.text);
  return constant(r, decimal ? "float32" : "index", sign * Number(token.text), token);
}

function constant(r: Reading, dtype: DType, value: Const["value"], token: Token): Const {
  if (!fits(value, dtype)) r.cursor.failWith((span) => badConstantText(token.text, dtype, span), token);
  return { kind: "Const", span: r.cursor.span(), dtype, lanes: 1, value };
}

function typedLiteral(r: Reading, dtype: DType): Const {
  r.cursor.next();
  r.cursor.expect("(");
  const negative = r.cursor.accept("-");
  const token = r.cursor.next();
  const { text, type } = token;
  r.cursor.expect(")");
  const whole = type === "number" && /^\d+$/.test(text);
  if (isFloat(dtype) && (type === "number" || text === "inf" || text === "nan")) {
    const value = text === "inf" ? Number.POSITIVE_INFINITY : text === "nan" ? Number.NaN : Number(text);
    return constant(r, dtype, negative ? -value : value, token);
  }
  if (!whole || dtype === "bool") return r.cursor.failWith((span) => badConstantText(text, dtype, span), token);
  if (isWide(dtype)) return constant(r, dtype, negative ? -BigInt(text) : BigInt(text), token);
  return constant(r, dtype, negative ? -Number(text) : Number(text), token);
}

function reduction(r: Reading): Expr {
  const span = r.cursor.span();
  r.cursor.next();
  const fast = fastFlags(r);
  const at = r.cursor.peek();
  const combiner = r.cursor.lookup(r.cursor.name("the name of a combiner"), ["Combiner"], at);
  r.cursor.expect("over");
  const axes = parenthesizedList(r.cursor, () => axis(r, "reduce", () => binary(r, 1)));
  const sources = parenthesizedList(r.cursor, () => binary(r, 1));
  const condition = r.cursor.accept("where") ? unary(r) : null;
  const initial = r.cursor.accept("initial") ? parenthesizedList(r.cursor, () => binary(r, 1)) : null;
  const valueIndex = r.cursor.accept("value") ? wholeNumber(r.cursor) : 0;
  const source = sources[valueIndex] ?? r.cursor.fail(`at least ${valueIndex + 1} values in parentheses`);
  const { dtype, lanes } = source;
  return { kind: "Reduce", span, dtype, lanes, combiner, sources, axes, condition, initial, valueIndex, fast };
}

function range(r: Reading, item: () => Expr): { readonly min: Expr; readonly extent: Expr } {
  const min = item();
  if (r.cursor.accept("..+")) return { min, extent: item() };
  r.cursor.expect("..");
  const end = item();
  if (min.kind === "Const") {
    if (Object.is(min.value, 0)) return { min, extent: end };
    if (end.kind === "Const") return { min, extent: int(Number(end.value) - Number(min.value)) };
  }
  return r.cursor.fail("a range `0..extent` or `min..+extent`");
}

function axis(r: Reading, usual: IterVar["iterKind"], item: () => Expr): IterVar {
  const span = r.cursor.span();
  const name = r.cursor.name("the name of an axis");
  const kind = r.cursor.accept(":") ? r.cursor.name("a kind of axis") : usual;
  const iterKind =
    AXIS_KINDS.find((each) => each === kind) ?? r.cursor.fail(`a kind of axis: ${AXIS_KINDS.join(", ")}`);
  r.cursor.expect("in");
  // Bodies of one reduction share its axes, and repeat them in the text.
  const known = r.axes.get(r.cursor.find(name) as Var);
  if (known !== undefined && usual === "reduce") {
    range(r, item);
    return known;
  }
  const { min, extent } = range(r, item);
  const variable = r.cursor.define(name, { kind: "Var", span, dtype: "index", lanes: 1, name } as const);
  const made: IterVar = { kind: "IterVar", span, name, variable, min, extent, iterKind };
  if (usual === "reduce") r.axes.set(variable, made);
  return made;
}
