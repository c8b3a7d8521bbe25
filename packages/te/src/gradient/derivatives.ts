import { type Binary, type BinaryOp, type Expr, isConst, type Unary, type UnaryOp } from "@tilewright/ir";
import * as te from "../math.js";

/** What the operand of y = f(x) gets of the output's gradient g. */
type OfOne = (g: Expr, x: Expr, y: Expr) => Expr;
/** What one operand of y = f(a, b) gets. */
type OfTwo = (g: Expr, a: Expr, b: Expr, y: Expr) => Expr;

/** Null: constant but at steps, or not of floats. A function that is missing here does not compile. */
const UNARY: { readonly [Op in UnaryOp]: OfOne | null } = {
  neg: (g) => te.neg(g),
  abs: (g, x) => te.select(te.gt(x, 0), g, te.select(te.lt(x, 0), te.neg(g), 0)),
  sqrt: (g, _x, y) => te.div(te.mul(g, 0.5), y),
  exp: (g, _x, y) => te.mul(g, y),
  log: (g, x) => te.div(g, x),
  sin: (g, x) => te.mul(g, te.cos(x)),
  cos: (g, x) => te.neg(te.mul(g, te.sin(x))),
  tanh: (g, _x, y) => te.mul(g, te.sub(1, te.mul(y, y))),
  erf: (g, x) => te.mul(te.mul(g, 2 / Math.sqrt(Math.PI)), te.exp(te.neg(te.mul(x, x)))),
  sigmoid: (g, _x, y) => te.mul(g, te.sub(y, te.mul(y, y))),
  ...{ floor: null, ceil: null, round: null, trunc: null, not: null, bitnot: null },
};

/** e · baseᵉ⁻¹, and 0 where e is 0, at a base of 0 as well. */
function ofBase(g: Expr, base: Expr, exponent: Expr): Expr {
  if (isConst(exponent, 1)) return g;
  if (isConst(exponent, 2)) return te.mul(g, te.mul(base, 2));
  const power = te.mul(te.mul(g, exponent), te.pow(base, te.sub(exponent, 1)));
  return te.select(te.eq(exponent, 0), 0, power);
}

/** log(base) · y; 0 where the base is not positive, since the logarithm is not real there. */
function ofExponent(g: Expr, base: Expr, _exponent: Expr, y: Expr): Expr {
  return te.select(te.gt(base, 0), te.mul(g, te.mul(y, te.log(base))), 0);
}

/** Null: not of floats, or not smooth; minimum and maximum are choices, and not treated here. */
const BINARY: { readonly [Op in BinaryOp]: readonly [left: OfTwo, right: OfTwo] | null } = {
  add: [(g) => g, (g) => g],
  sub: [(g) => g, (g) => te.neg(g)],
  mul: [(g, _a, b) => te.mul(g, b), (g, a) => te.mul(g, a)],
  div: [(g, _a, b) => te.div(g, b), (g, _a, b, y) => te.neg(te.div(te.mul(g, y), b))],
  pow: [ofBase, ofExponent],
  ...{ min: null, max: null, floordiv: null, floormod: null, truncdiv: null, truncmod: null },
  ...{ and: null, or: null, bitand: null, bitor: null, bitxor: null, shl: null, shr: null },
  ...{ eq: null, ne: null, lt: null, le: null, gt: null, ge: null },
};

/**
 * The gradients of the operands of a float operator, in their order, given that of its value, `g`, and the value itself, `y`; none where they
 * are 0.
 */
export function derivatives(node: Unary | Binary, g: Expr, y: Expr): readonly Expr[] {
  if (node.kind === "Binary") return (BINARY[node.op] ?? []).map((of) => of(g, node.left, node.right, y));
  const of = UNARY[node.op];
  return of === null ? [] : [of(g, node.operand, y)];
}
