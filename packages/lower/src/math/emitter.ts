// Writes a math function as straight-line loop IR: IEEE arithmetic, reinterpretation and integer shifts. All is strict but `multiplyAdd`, which
// rounds once where the target has such an instruction; errors are stated for both.
import type { Span } from "@tilewright/diagnostics";
import { at, type BinaryOp, type Builder, CONTRACT, constant, type DType, type Expr } from "@tilewright/ir";

export type FloatType = "float32" | "float64";

/** The layout of a float type: the integers of its width, and where its exponent lies. */
export interface Layout {
  readonly int: "int32" | "int64";
  readonly mantissaBits: number;
  readonly bias: number;
  /** 1.5 · 2^mantissaBits: adding it rounds to an integer, whose value then stands in the low bits. */
  readonly magic: number;
  readonly magicBits: bigint;
  readonly signMask: bigint;
}

const LAYOUTS: { readonly [T in FloatType]: Layout } = {
  float32: { int: "int32", mantissaBits: 23, bias: 127, magic: 1.5 * 2 ** 23, magicBits: 0x4b400000n, signMask: 0x80000000n },
  float64: {
    int: "int64", mantissaBits: 52, bias: 1023, magic: 1.5 * 2 ** 52, magicBits: 0x4338000000000000n, signMask: 0x8000000000000000n,
  },
}; // biome-ignore format: a table

/** Operands may be numbers: constants of the other operand's type, in every lane. */
export type Operand = Expr | number;

/** Builders for one element type and number of lanes. `bind` gives a value a name, so that it is computed once. */
export interface Emitter {
  readonly type: FloatType;
  readonly layout: Layout;
  readonly lanes: number;
  float(value: number): Expr;
  int(value: bigint | number): Expr;
  add(left: Operand, right: Operand): Expr;
  sub(left: Operand, right: Operand): Expr;
  mul(left: Operand, right: Operand): Expr;
  div(left: Operand, right: Operand): Expr;
  /** `left · right + addend`. */
  multiplyAdd(left: Operand, right: Operand, addend: Operand): Expr;
  min(left: Operand, right: Operand): Expr;
  max(left: Operand, right: Operand): Expr;
  compare(op: "eq" | "ne" | "lt" | "le" | "gt" | "ge", left: Operand, right: Operand): Expr;
  both(left: Expr, right: Expr): Expr;
  select(condition: Expr, whenTrue: Operand, whenFalse: Operand): Expr;
  negate(value: Expr): Expr;
  magnitude(value: Expr): Expr;
  floor(value: Expr): Expr;
  /** Σ coefficients[i] · x^i by multiply-adds that wait little for each other (Estrin's scheme). */
  polynomial(x: Expr, coefficients: readonly number[]): Expr;
  bits(value: Expr): Expr;
  fromBits(value: Expr): Expr;
  /** Operators on integers of the float's width. */
  integer(
    op: "add" | "sub" | "bitand" | "bitor" | "bitxor" | "shl" | "shr",
    left: Expr,
    right: Expr | bigint | number,
  ): Expr;
  bind(name: string, value: Expr): Expr;
}

/** An emitter whose `bind` is `let`. */
export function createEmitter(like: Expr, span: Span, letIn: (name: string, value: Expr) => Expr): Emitter {
  const type: FloatType = like.dtype === "float64" ? "float64" : "float32";
  const layout = LAYOUTS[type];
  const { lanes } = like;
  const b: Builder = at(span);
  const splat = (value: number | bigint, dtype: DType): Expr => b.broadcast(constant(value, dtype, span), lanes);
  const float = (value: number): Expr => splat(type === "float32" ? Math.fround(value) : value, type);
  const asFloat = (value: Operand): Expr => (typeof value === "number" ? float(value) : value);
  const int = (value: bigint | number): Expr => {
    const wrapped = layout.int === "int32" ? BigInt.asIntN(32, BigInt(value)) : BigInt.asIntN(64, BigInt(value));
    return splat(layout.int === "int32" ? Number(wrapped) : wrapped, layout.int);
  };
  const binary =
    (op: BinaryOp) =>
    (left: Operand, right: Operand): Expr =>
      b.binary(op, asFloat(left), asFloat(right));
  const multiplyAdd = (left: Operand, right: Operand, addend: Operand): Expr =>
    b.binary("add", b.binary("mul", asFloat(left), asFloat(right), CONTRACT), asFloat(addend), CONTRACT);
  const square = (x: Expr): Expr => letIn("square", b.mul(x, x));
  return {
    type, layout, lanes, float, int, multiplyAdd,
    add: binary("add"),
    mul: binary("mul"),
    sub: binary("sub"),
    div: binary("div"),
    min: binary("min"),
    max: binary("max"),
    compare: (op, left, right) => binary(op)(left, right),
    both: (left, right) => b.binary("and", left, right),
    select: (condition, whenTrue, whenFalse) => b.select(condition, asFloat(whenTrue), asFloat(whenFalse)),
    negate: (value) => b.unary("neg", value),
    magnitude: (value) => b.unary("abs", value),
    floor: (value) => b.unary("floor", value),
    polynomial: (x, coefficients) => estrin(coefficients.map(float), x, multiplyAdd, square),
    bits: (value) => b.reinterpret(value, layout.int),
    fromBits: (value) => b.reinterpret(value, type),
    integer: (op, left, right) => b.binary(op, left, typeof right === "object" ? right : int(right)),
    bind: letIn,
  }; // biome-ignore format: one glance
}

/** c0 + c1·x + c2·x² + c3·x³ + … = (c0 + c1·x) + (c2 + c3·x)·x² + …, a polynomial of half the length in x²; one of three terms by Horner's rule. */
function estrin(
  coefficients: readonly Expr[],
  x: Expr,
  multiplyAdd: (left: Expr, right: Expr, addend: Expr) => Expr,
  square: (x: Expr) => Expr,
): Expr {
  if (coefficients.length <= 3) return coefficients.reduceRight((sum, next) => multiplyAdd(sum, x, next));
  const halves = Array.from({ length: Math.ceil(coefficients.length / 2) }, (_, k) => {
    const [even, odd] = [coefficients[2 * k] as Expr, coefficients[2 * k + 1]];
    return odd === undefined ? even : multiplyAdd(odd, x, even);
  });
  return estrin(halves, square(x), multiplyAdd, square);
}

/** `|result|` with the sign of `like`, for results ≥ 0. */
export function withSignOf(e: Emitter, result: Expr, like: Expr): Expr {
  const sign = e.integer("bitand", e.bits(like), e.layout.signMask);
  return e.fromBits(e.integer("bitor", e.bits(result), sign));
}

/** The nearest integer to `value`, as a float, as an integer, and as an integer in the low half of `bits`; |value| < 2^21. Ties to even. */
export function nearest(
  e: Emitter,
  value: Expr,
): { readonly float: Expr; readonly bits: Expr; readonly int: () => Expr } {
  const shifted = e.bind("shifted", e.add(value, e.layout.magic));
  const bits = e.bits(shifted);
  return {
    float: e.bind("n", e.sub(shifted, e.layout.magic)),
    bits,
    int: () => e.bind("ni", e.integer("sub", bits, e.layout.magicBits)),
  };
}

/** An integer of small magnitude as a float. */
export function toFloat(e: Emitter, value: Expr): Expr {
  return e.sub(e.fromBits(e.integer("add", value, e.layout.magicBits)), e.layout.magic);
}

/**
 * `value · 2^power` for powers down to the smallest subnormal and up to infinity; in two steps, each exact but for the last rounding. `power` may
 * be the bits of `nearest`: what stands above the integer is shifted out.
 */
export function scale(e: Emitter, value: Expr, power: Expr): Expr {
  const { mantissaBits, bias } = e.layout;
  const half = e.bind("half", e.integer("shr", power, 1));
  const factor = (exponent: Expr): Expr => e.fromBits(e.integer("shl", e.integer("add", exponent, bias), mantissaBits));
  return e.mul(e.mul(value, factor(half)), factor(e.integer("sub", power, half)));
}

export type MathFunction = (e: Emitter, x: Expr) => Expr;
