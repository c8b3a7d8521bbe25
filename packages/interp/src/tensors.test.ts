import { NO_SPAN } from "@tilewright/diagnostics";
import {
  build as b,
  buffer,
  constant,
  type Expr,
  type IterVar,
  int,
  limitsOf,
  type Operation,
  type Reduce,
  type Tensor,
  variable,
} from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { errorOf } from "../test/programs.js";
import { evaluateTensors, type TypedArray } from "./index.js";

const node = { span: NO_SPAN } as const;
const tensor = (name: string, shape: number[], operation: Operation, outputIndex = 0): Tensor => ({
  ...node, kind: "Tensor", name, dtype: "float32", shape: shape.map((extent) => int(extent)), operation, outputIndex,
}); // biome-ignore format: short
const placeholder = (name: string, ...shape: number[]): Tensor =>
  tensor(name, shape, { ...node, kind: "Placeholder", name });
const axis = (name: string, extent: number, iterKind: IterVar["iterKind"] = "data"): IterVar => ({
  ...node, kind: "IterVar", name, variable: variable(name), min: int(0), extent: int(extent), iterKind,
}); // biome-ignore format: short
const read = (from: Tensor, ...indices: Expr[]): Expr => ({
  ...node,
  kind: "Read",
  dtype: from.dtype,
  lanes: 1,
  tensor: from,
  indices,
});
const compute = (name: string, axes: IterVar[], body: Expr): Tensor =>
  tensor(
    name,
    axes.map((each) => Number((each.extent as { value?: unknown }).value)),
    { ...node, kind: "Compute", name, axes, bodies: [body], attributes: {} },
  );
const f = (value: number): Expr => constant(value, "float32");
const evaluateOne = (output: Tensor, inputs: Record<string, TypedArray>): number[] => [
  ...(evaluateTensors([output], inputs)[0] as Float32Array),
];

function sum(source: Expr, axes: IterVar[], changes: Partial<Reduce> = {}): Expr {
  const [x, y] = [variable("x", "float32"), variable("y", "float32")];
  const combiner = {
    ...node,
    kind: "Combiner" as const,
    name: "sum",
    lhs: [x],
    rhs: [y],
    results: [b.add(x, y)],
    identities: [f(0)],
  };
  const rest = { condition: null, initial: null, valueIndex: 0, fast: 0 };
  return {
    ...node,
    kind: "Reduce",
    dtype: "float32",
    lanes: 1,
    combiner,
    sources: [source],
    axes,
    ...rest,
    ...changes,
  };
}

describe("evaluateTensors", () => {
  const P = placeholder("P", 4);
  const [i, k] = [axis("i", 4), axis("k", 4, "reduce")];

  it("computes elements, reading neighbours and clamping what lies outside", () => {
    const stencil = compute("S", [i], b.add(read(P, b.sub(i.variable, int(1))), read(P, b.add(i.variable, int(1)))));
    expect(evaluateOne(stencil, { P: Float32Array.of(1, 2, 4, 8) })).toEqual([3, 5, 10, 12]);
  });

  it("computes chains with several consumers once each, in their order", () => {
    const twice = compute("T", [i], b.mul(read(P, i.variable), f(2)));
    const j = axis("j", 4);
    const both = compute("B", [j], b.add(read(twice, j.variable), read(P, j.variable)));
    const results = evaluateTensors([both, twice], new Map([[P, Float32Array.of(1, 2, 3, 4)]]));
    expect(results.map((array) => [...(array as Float32Array)])).toEqual([[3, 6, 9, 12], [2, 4, 6, 8]]); // biome-ignore format: short
  });

  it("folds in the order of the axes, rounding every step, from an initial value where a condition holds", () => {
    const big = Float32Array.of(2 ** 24, 1, 1, -(2 ** 24));
    expect(evaluateOne(compute("R", [], sum(read(P, k.variable), [k])), { P: big })).toEqual([0]);
    const doubles = evaluateTensors([compute("R", [], sum(read(P, k.variable), [k]))], { P: big }, { float64: true });
    expect([...(doubles[0] as Float64Array)]).toEqual([2]);
    const odd = b.binary("eq", b.binary("floormod", k.variable, int(2)), int(1));
    const conditional = compute("R", [], sum(read(P, k.variable), [k], { condition: odd, initial: [f(100)] }));
    expect(evaluateOne(conditional, { P: Float32Array.of(1, 2, 3, 4) })).toEqual([106]);
  });

  it("folds tuples: the index of the greatest", () => {
    const [x, xi, y, yi] = [
      variable("x", "float32"),
      variable("xi", "int32"),
      variable("y", "float32"),
      variable("yi", "int32"),
    ];
    const less = b.binary("lt", x, y);
    const identities = [limitsOf("float32").min, constant(-1, "int32")];
    const combiner = {
      ...node,
      kind: "Combiner" as const,
      name: "argmax",
      lhs: [x, xi],
      rhs: [y, yi],
      results: [b.select(less, y, x), b.select(less, yi, xi)],
      identities,
    };
    const sources = [read(P, k.variable), b.cast(k.variable, "int32")];
    const body = { ...(sum(f(0), [k]) as Reduce), combiner, sources, valueIndex: 1, dtype: "int32" as const };
    const result = { ...compute("M", [], body), dtype: "int32" as const };
    expect([...(evaluateTensors([result], { P: Float32Array.of(3, 9, 9, 1) })[0] as Int32Array)]).toEqual([1]);
  });

  it("keeps all float32 in double precision on request, for differences", () => {
    const tiny = compute("D", [i], b.sub(b.add(read(P, i.variable), f(2 ** -30)), read(P, i.variable)));
    const inputs = { P: Float32Array.of(1, 1, 1, 1) };
    expect(evaluateOne(tiny, inputs)).toEqual([0, 0, 0, 0]);
    expect([...(evaluateTensors([tiny], inputs, { float64: true })[0] as Float64Array)]).toEqual(
      new Array(4).fill(2 ** -30),
    );
  });

  it("runs a scan: sums of prefixes", () => {
    const [rows, time] = [5, axis("t", 5, "ordered")];
    const x = placeholder("x", rows, 2);
    const state = placeholder("state", rows, 2);
    const [first, j0] = [axis("first", 1), axis("j", 2)];
    const initial = compute("initial", [first, j0], read(x, first.variable, j0.variable));
    const [t, j] = [axis("t", rows), axis("j", 2)];
    const update = compute(
      "update",
      [t, j],
      b.add(read(state, b.sub(t.variable, int(1)), j.variable), read(x, t.variable, j.variable)),
    );
    const operation: Operation = {
      ...node,
      kind: "Scan",
      name: "prefix",
      axis: time,
      initial: [initial],
      update: [update],
      states: [state],
    };
    const data = Float32Array.from({ length: 10 }, (_, e) => e);
    expect(evaluateOne(tensor("prefix", [rows, 2], operation), { x: data })).toEqual([
      0, 1, 2, 4, 6, 9, 12, 16, 20, 25,
    ]);
  });

  it("runs an extern over whole buffers", () => {
    const [from, to] = [
      buffer("from", { dtype: "float32", shape: [4] }),
      buffer("to", { dtype: "float32", shape: [4] }),
    ];
    const v = variable("v");
    const body = b.loop(v, int(0), int(4), b.store(to, [b.sub(int(3), v)], b.load(from, [v])));
    const operation: Operation = {
      ...node,
      kind: "Extern",
      name: "reverse",
      inputs: [P],
      inputBuffers: [from],
      outputBuffers: [to],
      body,
    };
    expect(evaluateOne(tensor("reversed", [4], operation), { P: Float32Array.of(1, 2, 3, 4) })).toEqual([4, 3, 2, 1]);
  });

  it("refuses inputs that are missing, of another type or length, and reads of another rank", () => {
    const copy = compute("C", [i], read(P, i.variable));
    const code = (output: Tensor, inputs: Record<string, TypedArray>) =>
      errorOf(() => evaluateTensors([output], inputs))?.code;
    expect(code(copy, {})).toBe("IP101");
    expect(code(copy, { P: new Int32Array(4) })).toBe("IP102");
    expect(code(copy, { P: new Float32Array(3) })).toBe("IP103");
    expect(code(compute("C", [i], read(P, i.variable, i.variable)), { P: new Float32Array(4) })).toBe("IP202");
    expect(code(compute("C", [i], read(P, variable("stranger"))), { P: new Float32Array(4) })).toBe("IP201");
  });

  it("computes a chain of some thousand tensors", () => {
    let last = P;
    for (let step = 0; step < 5000; step++) {
      const own = axis("i", 4);
      last = compute(`c${step}`, [own], b.add(read(last, own.variable), f(1)));
    }
    expect(evaluateOne(last, { P: new Float32Array(4) })).toEqual([5000, 5000, 5000, 5000]);
  });
});
