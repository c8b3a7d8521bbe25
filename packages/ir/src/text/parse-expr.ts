import type { Buffer, BufferRegion } from "../buffer.js";
import { int } from "../build.js";
import { type DType, isFloat, isWide } from "../dtype.js";
import { badConstantText } from "../errors.js";
import {
  ARITHMETIC_OPS,
  type BinaryOp,
  COMPARE_OPS,
  type Const,
  type Expr,
  type FastMath,
  type UnaryOp,
  UNARY_OPS,
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

export function createExprReader(cursor: Cursor): ExprReader {
  const labels = new Map<string, Expr>();
  const { peek, accept, expect, fail, nested } = cursor;
  const root = (): Expr => {
    labels.clear();
    return binary(1);
  };

  function binary(level: number): Expr {
    return nested(() => {
      const start = cursor.span();
      let left = unary();
      for (;;) {
        const infix = peek().type === "symbol" ? OPERATORS.get(peek().text) : undefined;
        if (infix === undefined || infix.level < level) return left;
        cursor.next();
        const fast = fastFlags();
        const right = binary(infix.level + 1);
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

  function unary(): Expr {
    const span = cursor.span();
    if (peek().text === "-" && peek(1).type === "number") {
      cursor.next();
      return literal(-1);
    }
    const op =
      peek().type !== "symbol" ? undefined : ({ "-": "neg", "!": "not", "~": "bitnot" } as const)[peek().text as "-"];
    if (op === undefined) return primary();
    cursor.next();
    return unaryNode(op, nested(unary), 0, span);
  }

  function primary(): Expr {
    const token = peek();
    if (token.type === "number") return literal(1);
    if (accept("(")) {
      const inner = binary(1);
      expect(")");
      return inner;
    }
    if (token.type === "symbol" && token.text === "$") return label();
    if (token.type === "symbol" && token.text === "@") return call();
    if (token.type === "quoted" || token.type === "name") return token.type === "name" ? word(token.text) : reference();
    return fail("an expression");
  }

  function label(): Expr {
    expect("$");
    const number = String(wholeNumber(cursor));
    if (accept("=")) {
      expect("(");
      const inner = binary(1);
      expect(")");
      labels.set(number, inner);
      return inner;
    }
    return labels.get(number) ?? fail(`a label that is defined before it is used, not $${number}`);
  }

  function call(): Expr {
    const span = cursor.span();
    expect("@");
    const intrinsic = cursor.name("the name of an intrinsic");
    const args = parenthesizedList(cursor, () => binary(1));
    expect("->");
    return { kind: "Call", span, ...typeWord(cursor), intrinsic, args };
  }

  function reference(): Expr {
    const span = cursor.span();
    const at = peek();
    const name = cursor.name("a name");
    if (!accept("[")) return cursor.lookup(name, ["Var"], at);
    const target = cursor.lookup(name, ["Buffer", "Tensor"], at);
    const { indices, predicate } = indexList(() => binary(1));
    if (target.kind === "Tensor") {
      if (predicate !== null) fail("a read of a tensor without a predicate");
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

  function indexList(item: () => Expr): { readonly indices: readonly Expr[]; readonly predicate: Expr | null } {
    const indices: Expr[] = [];
    if (peek().text !== "]" && peek().text !== ";") {
      do indices.push(item());
      while (accept(","));
    }
    const predicate = accept(";") ? item() : null;
    expect("]");
    return { indices, predicate };
  }

  function word(name: string): Expr {
    const span = cursor.span();
    if (name === "true" || name === "false") {
      cursor.next();
      return { kind: "Const", span, dtype: "bool", lanes: 1, value: name === "true" };
    }
    const type = typeFromName(name);
    if (type?.lanes === 1) return typedLiteral(type.dtype);
    if (name === "reduce") return reduction();
    if (UNARY.has(name) || BINARY.has(name)) return operatorCall(name);
    const special = Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : undefined;
    if (special === undefined) return reference();
    cursor.next();
    expect("(");
    const made = special(span);
    expect(")");
    return made;
  }

  function operatorCall(name: string): Expr {
    const span = cursor.span();
    cursor.next();
    const fast = fastFlags();
    expect("(");
    const first = binary(1);
    if (UNARY.has(name)) {
      expect(")");
      return unaryNode(name as UnaryOp, first, fast, span);
    }
    expect(",");
    const second = binary(1);
    expect(")");
    return binaryNode(name as BinaryOp, first, second, fast, span);
  }

  const choice =
    (kind: "Select" | "IfThenElse") =>
    (span: Expr["span"]): Expr => {
      const [condition, whenTrue, whenFalse] = [argument(), argument(), binary(1)];
      return { kind, span, dtype: whenTrue.dtype, lanes: whenTrue.lanes, condition, whenTrue, whenFalse };
    };
  const conversion =
    (kind: "Cast" | "Reinterpret") =>
    (span: Expr["span"]): Expr => {
      const dtype = dtypeWord(cursor);
      expect(",");
      const operand = binary(1);
      return { kind, span, dtype, lanes: operand.lanes, operand };
    };
  /** An argument that another one follows. */
  const argument = (): Expr => {
    const value = binary(1);
    expect(",");
    return value;
  };
  const SPECIAL: { readonly [name: string]: (span: Expr["span"]) => Expr } = {
    select: choice("Select"),
    if_then_else: choice("IfThenElse"),
    cast: conversion("Cast"),
    reinterpret: conversion("Reinterpret"),
    ramp: (span) => {
      const [base, stride] = [argument(), argument()];
      return { kind: "Ramp", span, dtype: base.dtype, lanes: wholeNumber(cursor), base, stride };
    },
    broadcast: (span) => {
      const operand = argument();
      return { kind: "Broadcast", span, dtype: operand.dtype, lanes: wholeNumber(cursor), operand };
    },
    shuffle: (span) => {
      const vectors: Expr[] = [];
      if (peek().text !== ";") {
        do vectors.push(binary(1));
        while (accept(","));
      }
      expect(";");
      const picks: number[] = [];
      if (peek().text !== ")") {
        do picks.push(wholeNumber(cursor));
        while (accept(","));
      }
      return { kind: "Shuffle", span, dtype: vectors[0]?.dtype ?? "index", lanes: picks.length, vectors, picks };
    },
  };

  function fastFlags(): FastMath {
    if (peek().text !== "[" || peek(1).type !== "name" || peek(2).text !== "]") return 0;
    cursor.next();
    let fast = 0;
    for (const letter of peek().text) fast |= fastBit(letter) ?? fail("fast-math flags out of c, r and a");
    cursor.next();
    expect("]");
    return fast;
  }

  function literal(sign: number): Const {
    const token = cursor.next();
    const decimal = /[.eE]/.test(token.text);
    return constant(decimal ? "float32" : "index", sign * Number(token.text), token);
  }

  function constant(dtype: DType, value: Const["value"], token: Token): Const {
    if (!fits(value, dtype)) cursor.failWith((span) => badConstantText(token.text, dtype, span), token);
    return { kind: "Const", span: cursor.span(), dtype, lanes: 1, value };
  }

  function typedLiteral(dtype: DType): Const {
    cursor.next();
    expect("(");
    const negative = accept("-");
    const token = cursor.next();
    const { text, type } = token;
    expect(")");
    const whole = type === "number" && /^\d+$/.test(text);
    if (isFloat(dtype) && (type === "number" || text === "inf" || text === "nan")) {
      const value = text === "inf" ? Number.POSITIVE_INFINITY : text === "nan" ? Number.NaN : Number(text);
      return constant(dtype, negative ? -value : value, token);
    }
    if (!whole || dtype === "bool") return cursor.failWith((span) => badConstantText(text, dtype, span), token);
    if (isWide(dtype)) return constant(dtype, negative ? -BigInt(text) : BigInt(text), token);
    return constant(dtype, negative ? -Number(text) : Number(text), token);
  }

  function reduction(): Expr {
    const span = cursor.span();
    cursor.next();
    const fast = fastFlags();
    const at = peek();
    const combiner = cursor.lookup(cursor.name("the name of a combiner"), ["Combiner"], at);
    expect("over");
    const axes = parenthesizedList(cursor, () => axis("reduce", () => binary(1)));
    const sources = parenthesizedList(cursor, () => binary(1));
    const condition = accept("where") ? unary() : null;
    const initial = accept("initial") ? parenthesizedList(cursor, () => binary(1)) : null;
    const valueIndex = accept("value") ? wholeNumber(cursor) : 0;
    const source = sources[valueIndex] ?? fail(`at least ${valueIndex + 1} values in parentheses`);
    const { dtype, lanes } = source;
    return { kind: "Reduce", span, dtype, lanes, combiner, sources, axes, condition, initial, valueIndex, fast };
  }

  function range(item: () => Expr): { readonly min: Expr; readonly extent: Expr } {
    const min = item();
    if (accept("..+")) return { min, extent: item() };
    expect("..");
    const end = item();
    if (min.kind === "Const") {
      if (Object.is(min.value, 0)) return { min, extent: end };
      if (end.kind === "Const") return { min, extent: int(Number(end.value) - Number(min.value)) };
    }
    return fail("a range `0..extent` or `min..+extent`");
  }

  function axis(usual: IterVar["iterKind"], item: () => Expr): IterVar {
    const span = cursor.span();
    const name = cursor.name("the name of an axis");
    const kind = accept(":") ? cursor.name("a kind of axis") : usual;
    const iterKind = AXIS_KINDS.find((each) => each === kind) ?? fail(`a kind of axis: ${AXIS_KINDS.join(", ")}`);
    expect("in");
    // Bodies of one reduction share its axes, and repeat them in the text.
    const known = axes.get(cursor.find(name) as Var);
    if (known !== undefined && usual === "reduce") {
      range(item);
      return known;
    }
    const { min, extent } = range(item);
    const variable = cursor.define(name, { kind: "Var", span, dtype: "index", lanes: 1, name } as const);
    const made: IterVar = { kind: "IterVar", span, name, variable, min, extent, iterKind };
    if (usual === "reduce") axes.set(variable, made);
    return made;
  }
  const axes = new Map<Var, IterVar>();

  return {
    expr: root,
    range: () => range(root),
    axis: (usual) => axis(usual, root),
    indices: () => indexList(root),
    region: () => {
      const span = cursor.span();
      const at = peek();
      const buffer = cursor.lookup(cursor.name("the name of a buffer"), ["Buffer"], at) as Buffer;
      expect("[");
      const ranges = listUntil(cursor, "]", () => range(root));
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
