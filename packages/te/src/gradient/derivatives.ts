import { type Binary, type BinaryOp, type Expr, isConst, type Unary, type UnaryOp } from "@tilewright/ir";
import * as te from "../math.js";

/** What the operand of y = f(x) gets of the output's gradient g. */
type OfOne = (g: Expr, x: Expr, y: Expr) => Expr;
/** What one operand of y = f(a, b) gets; `alone`: the other one does not vary. */
type OfTwo = (g: Expr, a: Expr, b: Expr, y: Expr, alone: boolean) => Expr;

const half = (g: Expr): Expr => te.mul(g, 0.5);

/** Functions that are constant but at steps have no row: their gradient is 0. */
const UNARY: { readonly [Op in UnaryOp]?: OfOne } = {
  neg: (g) => te.neg(g),
  abs: (g, x) => te.select(te.gt(x, 0), g, te.select(te.lt(x, 0), te.neg(g), 0)),
  sqrt: (g, _x, y) => te.div(half(g), y),
  exp: (g, _x, y) => te.mul(g, y),
  log: (g, x) => te.div(g, x),
  sin: (g, x) => te.mul(g, te.cos(x)),
  cos: (g, x) => te.neg(te.mul(g, te.sin(x))),
  tanh: (g, _x, y) => te.mul(g, te.sub(1, te.mul(y, y))),
  erf: (g, x) => te.mul(te.mul(g, 2 / Math.sqrt(Math.PI)), te.exp(te.neg(te.mul(x, x)))),
  sigmoid: (g, _x, y) => te.mul(g, te.sub(y, te.mul(y, y))),
};

/** g goes to the operand that is chosen. Of equal ones that is the right one, and never the one beside a constant. */
function extremum(isChosen: (own: Expr, other: Expr) => Expr): readonly [left: OfTwo, right: OfTwo] {
  return [
    (g, a, b) => te.select(isChosen(a, b), g, 0),
    (g, a, b, _y, alone) => (alone ? te.select(isChosen(b, a), g, 0) : te.select(isChosen(a, b), 0, g)),
  ];
}

/** e · baseᵉ⁻¹, and 0 where e is 0, at a base of 0 as well. */
function ofBase(g: Expr, base: Expr, exponent: Expr): Expr {
  if (isConst(exponent, 1)) return g;
  if (isConst(exponent, 2)) return te.mul(g, te.mul(base, 2));
  const constant = te.eq(exponent, 0);
  // The exponent −1 of a base of 0 would give an infinity, and 0 · ∞ is NaN, in the gradient of this as well.
  const less = te.sub(te.select(constant, 1, exponent), 1);
  return te.select(constant, 0, te.mul(te.mul(g, exponent), te.pow(base, less)));
}

/** log(base) · y; 0 where the base is not positive, since the logarithm is not real there. */
function ofExponent(g: Expr, base: Expr, _exponent: Expr, y: Expr): Expr {
  const positive = te.gt(base, 0);
  return te.mul(g, te.mul(y, te.select(positive, te.log(te.select(positive, base, 1)), 0)));
}

const BINARY: { readonly [Op in BinaryOp]?: readonly [left: OfTwo, right: OfTwo] } = {
  add: [(g) => g, (g) => g],
  sub: [(g) => g, (g) => te.neg(g)],
  mul: [(g, _a, b) => te.mul(g, b), (g, a) => te.mul(g, a)],
  div: [(g, _a, b) => te.div(g, b), (g, _a, b, y) => te.neg(te.div(te.mul(g, y), b))],
  pow: [ofBase, ofExponent],
  min: extremum(te.lt),
  max: extremum(te.gt),
};

/** The gradient of the operand of a float function; `undefined`: it is 0. `y` is the value of the node. */
export function ofUnary(node: Unary, g: Expr, y: Expr): Expr | undefined {
  return UNARY[node.op]?.(g, node.operand, y);
}

/** The gradients of those operands of a float operator that vary. */
export function ofBinary(
  node: Binary,
  g: Expr,
  y: Expr,
  [leftVaries, rightVaries]: readonly [boolean, boolean],
): readonly [left: Expr | undefined, right: Expr | undefined] {
  const row = BINARY[node.op];
  if (row === undefined) return [undefined, undefined];
  const { left, right } = node;
  return [
    leftVaries ? row[0](g, left, right, y, !rightVaries) : undefined,
    rightVaries ? row[1](g, left, right, y, !leftVaries) : undefined,
  ];
}
