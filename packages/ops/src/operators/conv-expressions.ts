import type { Expr, Tensor } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { extentsOf } from "../expressions.js";
import type { ConvGeometry } from "./conv-geometry.js";

/** `x[N, C, H, W]` with zeros around it; itself when there is nothing to add. */
function padded(x: Tensor, { pads }: ConvGeometry): Tensor {
  const [top, left, bottom, right] = pads;
  if (pads.every((pad) => pad === 0)) return x;
  const [n = 1, c = 1, h = 1, w = 1] = extentsOf(x);
  const body = (i: Expr, j: Expr, y: Expr, z: Expr): Expr => {
    const inside = te.and(te.and(te.ge(y, top), te.lt(y, h + top)), te.and(te.ge(z, left), te.lt(z, w + left)));
    return te.ifThenElse(inside, te.read(x, i, j, te.sub(y, top), te.sub(z, left)), te.constant(0, x.dtype));
  };
  return te.compute([n, c, h + top + bottom, w + left + right], body as (...index: Expr[]) => Expr, { name: "padded" });
}

/** An index that is `outer · stride + inner · dilation`, without factors of 1. */
function windowIndex(outer: Expr, stride: number, inner: Expr, dilation: number): Expr {
  return te.add(stride === 1 ? outer : te.mul(outer, stride), dilation === 1 ? inner : te.mul(inner, dilation));
}

/** y[n, o, p, q] = Σ over c, r, s of w[o, c, r, s] · x[n, first channel of o's group + c, p·stride + r·dilation, …]. */
export function convolution(x: Tensor, w: Tensor, geometry: ConvGeometry): Tensor {
  const { strides, dilations, group, output } = geometry;
  const from = padded(x, geometry);
  const [outputs = 1, channels = 1, kernelHeight = 1, kernelWidth = 1] = extentsOf(w);
  const [batch = 1] = extentsOf(x);
  const c = te.reduceAxis(channels, "c");
  const r = te.reduceAxis(kernelHeight, "r");
  const s = te.reduceAxis(kernelWidth, "s");
  const channel = (o: Expr): Expr =>
    group === 1 ? c.variable : te.add(te.mul(te.floordiv(o, outputs / group), channels), c);
  const body = (n: Expr, o: Expr, p: Expr, q: Expr): Expr => {
    const row = windowIndex(p, strides[0], r.variable, dilations[0]);
    const column = windowIndex(q, strides[1], s.variable, dilations[1]);
    return te.sum(te.mul(te.read(from, n, channel(o), row, column), te.read(w, o, c, r, s)), [c, r, s]);
  };
  return te.compute([batch, outputs, ...output], body as (...index: Expr[]) => Expr, { name: "conv" });
}

/** `y` per channel of axis 1 shifted by `bias[o]`. */
export function biased(y: Tensor, bias: Tensor): Tensor {
  const body = (...index: Expr[]): Expr => te.add(te.read(y, ...index), te.read(bias, index[1] ?? 0));
  return te.compute(extentsOf(y), body, { name: "biased" });
}

/**
 * The gradient of the activations: the output's gradient `g[N, O, P, Q]`, spread by the strides and padded with zeros, convolved with the
 * mirrored weights.
 */
export function inputGradient(g: Tensor, w: Tensor, geometry: ConvGeometry): Tensor {
  const { strides, dilations, pads, group, input } = geometry;
  const [outputs = 1, channels = 1, kernelHeight = 1, kernelWidth = 1] = extentsOf(w);
  const [batch = 1, , height = 1, width = 1] = extentsOf(g);
  const reach = [(kernelHeight - 1) * dilations[0], (kernelWidth - 1) * dilations[1]] as const;
  const spread = (index: Expr, axis: 0 | 1): Expr => te.sub(index, reach[axis] - pads[axis]);
  const place = (index: Expr, axis: 0 | 1): Expr =>
    strides[axis] === 1 ? spread(index, axis) : te.floordiv(spread(index, axis), strides[axis]);
  const hit = (index: Expr, axis: 0 | 1, extent: number): Expr => {
    const inside = te.and(te.ge(spread(index, axis), 0), te.lt(place(index, axis), extent));
    return strides[axis] === 1 ? inside : te.and(inside, te.eq(te.floormod(spread(index, axis), strides[axis]), 0));
  };
  const spreadBody = (n: Expr, o: Expr, y: Expr, x: Expr): Expr =>
    te.ifThenElse(
      te.and(hit(y, 0, height), hit(x, 1, width)),
      te.read(g, n, o, place(y, 0), place(x, 1)),
      te.constant(0, g.dtype),
    );
  const wide = te.compute(
    [batch, outputs, input[0] + reach[0], input[1] + reach[1]],
    spreadBody as (...index: Expr[]) => Expr,
    { name: "spread" },
  );
  const o = te.reduceAxis(outputs / group, "o");
  const r = te.reduceAxis(kernelHeight, "r");
  const s = te.reduceAxis(kernelWidth, "s");
  const body = (n: Expr, c: Expr, y: Expr, x: Expr): Expr => {
    const row = te.sub(te.add(y, reach[0]), dilations[0] === 1 ? r.variable : te.mul(r, dilations[0]));
    const column = te.sub(te.add(x, reach[1]), dilations[1] === 1 ? s.variable : te.mul(s, dilations[1]));
    const from = group === 1 ? o.variable : te.add(te.mul(te.floordiv(c, channels), outputs / group), o);
    const own = group === 1 ? c : te.floormod(c, channels);
    return te.sum(te.mul(te.read(wide, n, from, row, column), te.read(w, from, own, r, s)), [o, r, s]);
  };
  return te.compute([batch, channels * group, ...input], body as (...index: Expr[]) => Expr, { name: "conv_input" });
}

/** The gradient of the weights: Σ over n, p, q of g[n, o, p, q] · x[n, channel, p·stride + r·dilation, q·stride + s·dilation]. */
export function weightGradient(x: Tensor, g: Tensor, geometry: ConvGeometry): Tensor {
  const { strides, dilations, group, kernel } = geometry;
  const from = padded(x, geometry);
  const [batch = 1, outputs = 1, height = 1, width = 1] = extentsOf(g);
  const channels = (extentsOf(x)[1] ?? 1) / group;
  const n = te.reduceAxis(batch, "n");
  const p = te.reduceAxis(height, "p");
  const q = te.reduceAxis(width, "q");
  const body = (o: Expr, c: Expr, r: Expr, s: Expr): Expr => {
    const channel = group === 1 ? c : te.add(te.mul(te.floordiv(o, outputs / group), channels), c);
    const row = windowIndex(p.variable, strides[0], r, dilations[0]);
    const column = windowIndex(q.variable, strides[1], s, dilations[1]);
    return te.sum(te.mul(te.read(from, n, channel, row, column), te.read(g, n, o, p, q)), [n, p, q]);
  };
  return te.compute([outputs, channels, ...kernel], body as (...index: Expr[]) => Expr, { name: "conv_weight" });
}
