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
export function windowIndex(outer: Expr, stride: number, inner: Expr, dilation: number): Expr {
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
