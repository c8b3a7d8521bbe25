import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { autoschedule } from "@tilewright/autoschedule";
import { compareMemory } from "@tilewright/backend-test";
import type { DType, Tensor } from "@tilewright/ir";
import { createSchedule, replay, toPrimFunc } from "@tilewright/schedule";
import { add, compute, exp, max, maximum, mul, placeholder, read, reduceAxis, sub, sum } from "@tilewright/te";
import { cuda } from "../index.js";
import { compile, emulate, expected, textOf } from "./run.js";

const { capabilities, rules = [] } = cuda();

interface Case {
  readonly name: string;
  readonly rule: string;
  readonly output: Tensor;
}

/** relu(X + bias) */
function biased(rows: number, columns: number, dtype: DType = "float32"): Tensor {
  const X = placeholder([rows, columns], { name: "X", dtype });
  const bias = placeholder([columns], { name: "bias", dtype });
  const sums = compute([rows, columns], (i, j) => add(read(X, i, j), read(bias, j)), { name: "sums" });
  return compute([rows, columns], (i, j) => maximum(read(sums, i, j), 0), { name: "out" });
}

/** X + X, wholly pointwise */
function doubled(...shape: number[]): Tensor {
  const X = placeholder(shape, { name: "X" });
  return compute(shape, (...at) => add(read(X, ...at), read(X, ...at)), { name: "out" });
}

function rowSums(rows: number, length: number): Tensor {
  const X = placeholder([rows, length], { name: "X" });
  const k = reduceAxis(length, "k");
  return compute([rows], (i) => sum(read(X, i, k), [k]), { name: "out" });
}

function total(rows: number, columns: number): Tensor {
  const X = placeholder([rows, columns], { name: "X" });
  const [k, l] = [reduceAxis(rows, "k"), reduceAxis(columns, "l")];
  return compute([], () => sum(read(X, k, l), [k, l]), { name: "out" });
}

/** Rows without their maxima, then the sums of their squares: stages that read each other. */
function centred(rows: number, columns: number): Tensor {
  const X = placeholder([rows, columns], { name: "X" });
  const [k, l] = [reduceAxis(columns, "k"), reduceAxis(columns, "l")];
  const most = compute([rows], (i) => max(read(X, i, k), [k]), { name: "most" });
  const rest = compute([rows, columns], (i, j) => sub(read(X, i, j), read(most, i)), { name: "rest" });
  return compute([rows], (i) => sum(mul(read(rest, i, l), read(rest, i, l)), [l]), { name: "out" });
}

function product(
  m: number,
  n: number,
  k: number,
  { transposed = false, relu = false, scaled = false, dtype = "float32" as DType } = {},
): Tensor {
  const given = placeholder([m, k], { name: "A", dtype });
  const A = scaled ? compute([m, k], (i, j) => mul(read(given, i, j), 2), { name: "scaled" }) : given;
  const B = placeholder(transposed ? [n, k] : [k, n], { name: "B", dtype });
  const r = reduceAxis(k, "r");
  const C = compute([m, n], (i, j) => sum(mul(read(A, i, r), transposed ? read(B, j, r) : read(B, r, j)), [r]), {
    name: "C",
  });
  return relu ? compute([m, n], (i, j) => maximum(read(C, i, j), 0), { name: "out" }) : C;
}

function batched(batch: number, m: number, n: number, k: number): Tensor {
  const [A, B] = [placeholder([batch, m, k], { name: "A" }), placeholder([batch, k, n], { name: "B" })];
  const r = reduceAxis(k, "r");
  return compute([batch, m, n], (b, i, j) => sum(mul(read(A, b, i, r), read(B, b, r, j)), [r]), { name: "C" });
}

const cases: readonly Case[] = [
  { name: "one_element", rule: "cuda-elementwise", output: doubled(1) },
  { name: "ragged", rule: "cuda-elementwise", output: doubled(1003) },
  { name: "vectors", rule: "cuda-elementwise", output: doubled(31, 36) },
  { name: "vectors_across_rows", rule: "cuda-elementwise", output: doubled(8, 35) },
  { name: "bias", rule: "cuda-elementwise", output: biased(37, 44) },
  { name: "bias_ragged", rule: "cuda-elementwise", output: biased(37, 43) },
  { name: "bias_int8", rule: "cuda-elementwise", output: biased(9, 48, "int8") },
  { name: "bias_float64", rule: "cuda-elementwise", output: biased(9, 6, "float64") },
  { name: "short_rows", rule: "cuda-reduction", output: rowSums(301, 7) },
  { name: "long_rows", rule: "cuda-reduction", output: rowSums(5, 1001) },
  { name: "total", rule: "cuda-reduction", output: total(33, 47) },
  { name: "few_elements", rule: "cuda-reduction", output: total(2, 3) },
  { name: "centred_short", rule: "cuda-reduction", output: centred(70, 6) },
  { name: "centred_long", rule: "cuda-reduction", output: centred(3, 600) },
  { name: "product", rule: "cuda-matmul", output: product(128, 64, 32) },
  { name: "product_ragged", rule: "cuda-matmul", output: product(67, 45, 29) },
  { name: "product_small", rule: "cuda-matmul", output: product(2, 3, 1) },
  { name: "product_transposed", rule: "cuda-matmul", output: product(20, 68, 16, { transposed: true }) },
  { name: "product_relu", rule: "cuda-matmul", output: product(40, 24, 20, { relu: true }) },
  { name: "product_of_scaled", rule: "cuda-matmul", output: product(24, 20, 12, { scaled: true, relu: true }) },
  { name: "product_float64", rule: "cuda-matmul", output: product(20, 12, 10, { dtype: "float64" }) },
  { name: "product_int32", rule: "cuda-matmul", output: product(20, 12, 10, { dtype: "int32" }) },
  { name: "product_batched", rule: "cuda-matmul", output: batched(3, 18, 20, 9) },
];

describe("schedule rules", () => {
  it("choose by structure, give schedules that replay, and kernels that compute what is meant", async () => {
    const scheduled = cases.map(({ name, rule, output }) => {
      const chosen = autoschedule([output], { capabilities, rules });
      assert.equal(chosen.rule, rule, name);
      return toPrimFunc(replay([output], chosen.trace), { name });
    });
    const compiled = compile(scheduled);
    const results = await emulate(compiled, scheduled);
    for (const [k, { name, output }] of cases.entries()) {
      const plain = toPrimFunc(createSchedule([output]), { name });
      assert.equal(compareMemory(expected(plain), results[k] ?? {}), null, name);
    }
  });

  it("take nothing that a target without launches could not run", () => {
    for (const { match } of rules) assert.equal(match([doubled(64)], { ...capabilities, launch: null }), null);
  });

  it("move four floats at once where rows divide, and guard ragged ends", () => {
    const textFor = (output: Tensor): string =>
      textOf(compile([toPrimFunc(replay([output], autoschedule([output], { capabilities, rules }).trace))]));
    assert.match(textFor(biased(37, 44)), /\*\(float4 \*\)&out\[/);
    assert.doesNotMatch(textFor(biased(37, 43)), /float4/);
    assert.match(textFor(biased(37, 43)), /if \(.* < 1591\)/);
    assert.match(textFor(product(128, 64, 32)), /__shared__ __align__\(16\) float A_shared\[512\]/);
    assert.match(textFor(exponentials()), /expf\(/);
  });
});

function exponentials(): Tensor {
  const X = placeholder([10], { name: "X" });
  return compute([10], (i) => exp(read(X, i)), { name: "out" });
}
