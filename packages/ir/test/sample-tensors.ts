import { NO_SPAN } from "@tilewright/diagnostics";
import {
  build as b,
  buffer,
  type Combiner,
  type Compute,
  constant,
  type Expr,
  type Extern,
  type IterVar,
  int,
  type Placeholder,
  REASSOCIATE,
  type Scan,
  type Tensor,
  variable,
} from "@tilewright/ir";

const span = NO_SPAN;

export const axis = (name: string, extent: number, iterKind: IterVar["iterKind"] = "data"): IterVar => ({
  kind: "IterVar",
  span,
  name,
  variable: variable(name),
  min: int(0),
  extent: int(extent),
  iterKind,
});
export const placeholder = (name: string, shape: readonly number[], dtype: Tensor["dtype"] = "float32"): Tensor => {
  const operation: Placeholder = { kind: "Placeholder", span, name };
  return { kind: "Tensor", span, name, dtype, shape: shape.map((extent) => int(extent)), operation, outputIndex: 0 };
};
export const read = (tensor: Tensor, ...indices: readonly Expr[]): Expr => ({
  kind: "Read",
  span,
  dtype: tensor.dtype,
  lanes: 1,
  tensor,
  indices,
});
export const tensorOf = (
  operation: Tensor["operation"],
  dtype: Tensor["dtype"],
  shape: readonly Expr[],
  outputIndex = 0,
  name = operation.name,
): Tensor => ({
  kind: "Tensor",
  span,
  name,
  dtype,
  shape,
  operation,
  outputIndex,
});

/** A matrix product, an arg-max of two values over shared axes, a running sum, and an extern. */
export function everyOperation(): readonly Tensor[] {
  const [A, B] = [placeholder("A", [8, 4]), placeholder("B", [4, 8])];
  const [i, j, k] = [axis("i", 8), axis("j", 8), axis("k", 4, "reduce")];
  const [x, y] = [variable("x", "float32"), variable("y", "float32")];
  const sum: Combiner = {
    kind: "Combiner",
    span,
    name: "sum",
    lhs: [x],
    rhs: [y],
    results: [b.add(x, y)],
    identities: [constant(0, "float32")],
  };
  const product = b.mul(read(A, i.variable, k.variable), read(B, k.variable, j.variable));
  const reduce: Expr = {
    kind: "Reduce", span, dtype: "float32", lanes: 1, combiner: sum, sources: [product], axes: [k], condition: null, initial: null, valueIndex: 0, fast: REASSOCIATE,
  }; // biome-ignore format: a record
  const matmul: Compute = {
    kind: "Compute",
    span,
    name: "C",
    axes: [i, j],
    bodies: [reduce],
    attributes: { "tool.tag": "matmul" },
  };
  const C = tensorOf(matmul, "float32", [int(8), int(8)]);
  const best = argMax(C);
  const scan = runningSum(C);
  const inputBuffer = buffer("scanned", { dtype: "float32", shape: [8, 8] });
  const outputBuffer = buffer("copied", { dtype: "float32", shape: [8, 8] });
  const [r, c] = [variable("r"), variable("c")];
  const extern: Extern = {
    kind: "Extern",
    span,
    name: "copy",
    inputs: [scan],
    inputBuffers: [inputBuffer],
    outputBuffers: [outputBuffer],
    body: b.loop(
      r,
      int(0),
      int(8),
      b.loop(c, int(0), int(8), b.store(outputBuffer, [r, c], b.load(inputBuffer, [r, c]))),
    ),
  };
  return [...best, tensorOf(extern, "float32", [int(8), int(8)])];
}

function argMax(C: Tensor): Tensor[] {
  const [i, k] = [axis("i", 8), axis("k", 8, "reduce")];
  const [li, lv, ri, rv] = [
    variable("li", "int32"),
    variable("lv", "float32"),
    variable("ri", "int32"),
    variable("rv", "float32"),
  ];
  const left = b.binary("ge", lv, rv);
  const combiner: Combiner = {
    kind: "Combiner",
    span,
    name: "sum",
    lhs: [li, lv],
    rhs: [ri, rv],
    results: [b.select(left, li, ri), b.select(left, lv, rv)],
    identities: [constant(-1, "int32"), constant(Number.NEGATIVE_INFINITY, "float32")],
  };
  const sources = [b.cast(k.variable, "int32"), read(C, i.variable, k.variable)];
  const condition = b.binary("lt", k.variable, int(7));
  const initial = [constant(0, "int32"), constant(0, "float32")];
  const body = (dtype: "int32" | "float32", valueIndex: number): Expr => ({
    kind: "Reduce", span, dtype, lanes: 1, combiner, sources, axes: [k], condition, initial, valueIndex, fast: 0,
  }); // biome-ignore format: a record
  const operation: Compute = {
    kind: "Compute",
    span,
    name: "best",
    axes: [i],
    bodies: [body("int32", 0), body("float32", 1)],
    attributes: {},
  };
  return [
    tensorOf(operation, "int32", [int(8)], 0, "best.index"),
    tensorOf(operation, "float32", [int(8)], 1, "best.value"),
  ];
}

function runningSum(C: Tensor): Tensor {
  const state = placeholder("state", [8, 8]);
  const [t, j, first] = [axis("t", 8), axis("j", 8), axis("j0", 8)];
  const zero = axis("z", 1);
  const initial: Compute = {
    kind: "Compute",
    span,
    name: "first",
    axes: [zero, first],
    bodies: [read(C, int(0), first.variable)],
    attributes: {},
  };
  const next = b.add(read(state, b.sub(t.variable, int(1)), j.variable), read(C, t.variable, j.variable));
  const update: Compute = { kind: "Compute", span, name: "next", axes: [t, j], bodies: [next], attributes: {} };
  const shape = [int(8), int(8)];
  const scan: Scan = {
    kind: "Scan",
    span,
    name: "running",
    axis: axis("time", 8, "ordered"),
    initial: [tensorOf(initial, "float32", [int(1), int(8)])],
    update: [tensorOf(update, "float32", shape)],
    states: [state],
  };
  return tensorOf(scan, "float32", shape);
}
