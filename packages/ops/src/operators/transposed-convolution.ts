import type { Expr, Tensor } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { extentsOf } from "../expressions.js";
import { windowIndex } from "./conv-expressions.js";
import type { ConvGeometry } from "./conv-geometry.js";

/** Along one axis: which window of `g` an element is a sum over, and with which weights. */
interface Phases {
  readonly stride: number;
  /** What is added to an index before it is divided by the stride. */
  readonly shift: number;
  /** Of a window, in elements of `g`, and from one to the next. */
  readonly taps: number;
  readonly step: number;
  /** Zeros before the first element of `g`; elements that are left out where it is negative. */
  readonly lead: number;
  /** Elements of `g` with zeros around it. */
  readonly extent: number;
  /** From one weight to the next, with zeros between them, and all of them. */
  readonly dilation: number;
  readonly weights: number;
}

/**
 * An element meets the weights of its phase alone, at `stride · tap + phase`. Without a stride all are of one phase, and a dilation is a step in `g`;
 * with one a dilation is zeros between the weights.
 */
function phasesOf(axis: 0 | 1, { strides, dilations, pads, kernel, input }: ConvGeometry): Phases {
  const [stride, dilation, count, pad, size] = [strides[axis], dilations[axis], kernel[axis], pads[axis], input[axis]];
  const reach = (count - 1) * dilation + 1;
  const [taps, step] = stride === 1 ? [count, dilation] : [Math.ceil(reach / stride), 1];
  const [shift, lead] = [pad % stride, (taps - 1) * step - Math.floor(pad / stride)];
  const extent = Math.floor((size - 1 + shift) / stride) + (taps - 1) * step + 1;
  const own = stride === 1 ? { dilation: 1, weights: count } : { dilation, weights: reach };
  return { stride, shift, taps, step, lead, extent, ...own };
}

/** `value` where all conditions hold, else 0. */
function whereAll([first, ...others]: readonly Expr[], value: Expr): Expr {
  if (first === undefined) return value;
  return te.ifThenElse(others.reduce(te.and, first), value, te.constant(0, value.dtype));
}

/** `g[N, O, P, Q]` with zeros around it, or without its edges. */
function surrounded(g: Tensor, y: Phases, x: Phases): Tensor {
  const [n = 1, o = 1, height = 1, width = 1] = extentsOf(g);
  const inside = (index: Expr, { lead, extent }: Phases, size: number): readonly Expr[] => [
    ...(lead > 0 ? [te.ge(index, lead)] : []),
    ...(extent > lead + size ? [te.lt(index, lead + size)] : []),
  ];
  if (y.lead === 0 && x.lead === 0 && y.extent === height && x.extent === width) return g;
  const body = (i: Expr, j: Expr, p: Expr, q: Expr): Expr =>
    whereAll([...inside(p, y, height), ...inside(q, x, width)], te.read(g, i, j, te.sub(p, y.lead), te.sub(q, x.lead)));
  return te.compute([n, o, y.extent, x.extent], body as (...index: Expr[]) => Expr, { name: "surrounded" });
}

/** The weights with zeros between them. */
function spread(w: Tensor, y: Phases, x: Phases): Tensor {
  const [o = 1, c = 1] = extentsOf(w);
  const hits = (index: Expr, { dilation }: Phases): readonly Expr[] =>
    dilation === 1 ? [] : [te.eq(te.floormod(index, dilation), 0)];
  const at = (index: Expr, { dilation }: Phases): Expr => (dilation === 1 ? index : te.floordiv(index, dilation));
  if (y.dilation === 1 && x.dilation === 1) return w;
  const body = (i: Expr, j: Expr, r: Expr, s: Expr): Expr =>
    whereAll([...hits(r, y), ...hits(s, x)], te.read(w, i, j, at(r, y), at(s, x)));
  return te.compute([o, c, y.weights, x.weights], body as (...index: Expr[]) => Expr, { name: "spread" });
}

/** Where the window of an element has its tap, in `g`. */
function placeOf(index: Expr, tap: Expr, { stride, shift, step }: Phases): Expr {
  return windowIndex(stride === 1 ? index : te.floordiv(te.add(index, shift), stride), 1, tap, step);
}

/** Which weight an element's tap has: mirrored. */
function weightOf(index: Expr, tap: Expr, { stride, shift, taps }: Phases): Expr {
  const mirrored = te.sub(taps - 1, tap);
  return stride === 1 ? mirrored : te.add(te.mul(mirrored, stride), te.floormod(te.add(index, shift), stride));
}

/** That there is such a weight: phases have a tap less where the stride does not divide the weights. */
function exists(weight: Expr, { stride, taps, weights }: Phases): readonly Expr[] {
  return stride === 1 || stride * taps === weights ? [] : [te.lt(weight, weights)];
}

/**
 * A transposed convolution, the gradient of the activations: of the output's gradient `g[N, O, P, Q]` with zeros around it, for each phase of rows and
 * columns, `stride` of either, an ordinary convolution with the weights of that phase. None is multiplied by a zero that a stride would put in between.
 */
export function inputGradient(g: Tensor, w: Tensor, geometry: ConvGeometry): Tensor {
  const { group, input } = geometry;
  const [outputs = 1, channels = 1] = extentsOf(w);
  const [batch = 1] = extentsOf(g);
  const [y, x] = [phasesOf(0, geometry), phasesOf(1, geometry)];
  const [from, weights] = [surrounded(g, y, x), spread(w, y, x)];
  const r = te.reduceAxis(y.taps, "r");
  const s = te.reduceAxis(x.taps, "s");
  const o = te.reduceAxis(outputs / group, "o");
  const body = (n: Expr, c: Expr, p: Expr, q: Expr): Expr => {
    const channel = group === 1 ? o.variable : te.add(te.mul(te.floordiv(c, channels), outputs / group), o);
    const own = group === 1 ? c : te.floormod(c, channels);
    const [row, column] = [weightOf(p, r.variable, y), weightOf(q, s.variable, x)];
    const value = te.read(from, n, channel, placeOf(p, r.variable, y), placeOf(q, s.variable, x));
    const term = te.mul(value, te.read(weights, channel, own, row, column));
    const [first, ...others] = [...exists(row, y), ...exists(column, x)];
    return te.sum(term, [r, s, o], first === undefined ? {} : { where: others.reduce(te.and, first) });
  };
  return te.compute([batch, channels * group, ...input], body as (...index: Expr[]) => Expr, { name: "conv_input" });
}
