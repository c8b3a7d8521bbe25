// Schedules for which Apache TVM computed something else without a word, or gave up with an internal error, as its users reported them. Each is
// right here to the bit (interpreted, lowered, and run as WebAssembly), or refused with a code. Sizes are smaller; what went wrong is kept.
import { wasm } from "@tilewright/codegen-wasm";
import { compileSchedule } from "@tilewright/compiler";
import { evaluateTensors } from "@tilewright/interp";
import type { Tensor } from "@tilewright/ir";
import { deviceArray, loadFunctions, wasmDevice } from "@tilewright/runtime";
import * as S from "@tilewright/schedule";
import {
  add, and, compute, eq, floor, floordiv, floormod, ge, ifThenElse, lt, mul, placeholder, read, reduceAxis, sub, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";
import { inputFor, placeholdersOf } from "./programs.js";

const input = (shape: readonly number[], name: string): Tensor => placeholder(shape, { name });

/** Interpreted, lowered and interpreted, compiled and run: what the outputs say. */
async function expectRight(schedule: S.Schedule): Promise<void> {
  expectSame(schedule);
  const { outputs } = schedule;
  const inputs = placeholdersOf(outputs);
  const given = new Map(inputs.map((tensor) => [tensor.name, Float32Array.from(inputFor(tensor, 3))]));
  const expected = evaluateTensors(outputs, given);
  const parameters = [...inputs, ...outputs];
  const { artifact } = await compileSchedule(schedule, { target: wasm(), name: "kernel", parameters });
  const device = await wasmDevice.open();
  try {
    const functions = await loadFunctions(artifact, device);
    const arrays = parameters.map(({ shape }) => deviceArray(device, sizes(shape)));
    for (const [k, array] of arrays.entries())
      (array.data as Float32Array).set(
        given.get(parameters[k]?.name ?? "") ?? new Float32Array(array.data.length).fill(Number.NaN),
      );
    await functions.call("kernel", ...arrays);
    for (const [k, tensor] of expected.entries()) expect(arrays[inputs.length + k]?.data).toEqual(tensor);
  } finally {
    await device.close();
  }
}

const sizes = (shape: Tensor["shape"]): readonly number[] =>
  shape.map((extent) => Number((extent as { value?: number }).value));

/** C = A + B, D = C + C, E = D + A. */
function chain(n: number) {
  const [A, B] = [input([n], "A"), input([n], "B")];
  const C = compute([n], (i) => add(read(A, i), read(B, i)), { name: "C" });
  const D = compute([n], (i) => add(read(C, i), read(C, i)), { name: "D" });
  const E = compute([n], (i) => add(read(D, i), read(A, i)), { name: "E" });
  return { A, B, C, D, E, s: S.createSchedule(E) };
}

/** Sums of the rows of an n × m matrix. */
function rowSums(n: number, m: number) {
  const A = input([n, m], "A");
  const k = reduceAxis(m, "k");
  const B = compute([n], (i) => sum(read(A, i, k), k), { name: "B" });
  return { A, B };
}

describe("silent wrong code, as reported to Apache TVM", () => {
  it("#9598: a reduction computed in a guarded loop initialised elements past its end", async () => {
    const { B } = rowSums(101, 101);
    const C = compute([101], (i) => read(B, i), { name: "C" });
    for (const at of ["i.inner", "i.outer"]) {
      const s = S.createSchedule(C);
      S.split(s, C, "i", { factor: 100 });
      S.computeAt(s, B, C, at);
      await expectRight(s);
    }
    const both = S.createSchedule([B, C]); // the report gave the caller B as well, of which each iteration would have written one element
    S.split(both, C, "i", { factor: 100 });
    expect(refusal(both, () => S.computeAt(both, B, C, "i.inner"))).toBe("SCH110");
  });

  it("#1795, #670: lanes over a reduction kept one of its elements", async () => {
    const V = input([128], "V");
    const k = reduceAxis(128, "k");
    const O = compute([1], () => sum(read(V, k), k), { name: "O" });
    const s = S.createSchedule(O);
    expect(refusal(s, () => S.vectorize(s, O, "k"))).toBe("SCH108");
    const [, inner] = S.split(s, O, "k", { factor: 8 });
    expect(refusal(s, () => S.vectorize(s, O, inner))).toBe("SCH108");
    const partial = S.rfactor(s, O, inner); // what the user meant: a partial sum in each lane
    const [lanes] = S.axesOf(s, partial);
    S.reorder(s, partial, ["k.outer", lanes ?? ""]);
    S.vectorize(s, partial, lanes ?? "");
    await expectRight(s);
  });

  it("#7420: threads over a reduction added to one element at once", async () => {
    const [A, B] = [input([2, 4], "A"), input([4, 2], "B")];
    const k = reduceAxis(4, "k");
    const C = compute([2, 2], (i, j) => sum(mul(read(A, i, k), read(B, k, j)), k), { name: "C" });
    const s = S.createSchedule(C);
    S.reorder(s, C, ["k", "i", "j"]);
    expect(refusal(s, () => S.parallel(s, C, "k"))).toBe("SCH108");
    S.parallel(s, C, "i");
    await expectRight(s);
  });

  it("#15201: the union of two demands on one dimension, [0, 2] and [i, i], broke the prover of bounds", async () => {
    const { dilated, padded, kernel, weights, output } = transposedConvolution();
    const s = S.createSchedule(output);
    S.computeInline(s, dilated);
    S.parallel(s, padded, S.fuse(s, padded, ...S.axesOf(s, padded)));
    S.computeAt(s, kernel, weights, "i0"); // reads kernel[k, ..] for all k, and kernel[o, ..]
    await expectRight(s);

    const tiled = S.createSchedule(output);
    const [co, wo] = S.tile(tiled, output, "i", "j", { factors: [4, 16] });
    S.computeAt(tiled, weights, output, co);
    S.computeAt(tiled, kernel, weights, "i0");
    S.computeAt(tiled, padded, output, wo);
    S.reorder(tiled, output, ["dc", "dw", "i.inner", "j.inner"]);
    S.vectorize(tiled, output, "j.inner");
    await expectRight(tiled);
  });

  it.each([
    [12, 6],
    [5, 7],
    [6, 4],
  ])("#16855: %i × %i elements, fused and split again, were thought to lie inside one row", async (n, m) => {
    for (const factor of [1, 2, 3, 5, 6, 9, 10, 12, n * m - 1, n * m]) {
      const A = input([n, m], "A");
      const B = compute([n, m], (i, j) => mul(read(A, i, j), 2), { name: "B" });
      const C = compute([n, m], (i, j) => add(read(B, i, j), 3), { name: "C" });
      const s = S.createSchedule(C);
      const [outer] = S.split(s, C, S.fuse(s, C, "i", "j"), { factor });
      S.computeAt(s, B, C, outer);
      await expectRight(s);
    }
  });

  it("#15911: a consumer moved into a split loop of its producer left elements out", async () => {
    for (const [n, factor] of [
      [1024, 32],
      [100, 32],
      [7, 3],
    ] as const) {
      const { C, D, E, s } = chain(n);
      const [outer, inner] = S.split(s, D, "i", { factor });
      S.computeAt(s, C, D, inner);
      S.reverseComputeAt(s, E, D, outer);
      await expectRight(s);
    }
  });
});

describe("internal errors in place of a word to the user, as reported to Apache TVM", () => {
  it("#15877: a stage inside a vectorized loop", async () => {
    const { C, D, s } = chain(40);
    const [outer, inner] = S.split(s, D, "i", { factor: 8 });
    S.vectorize(s, D, inner);
    expect(refusal(s, () => S.computeAt(s, C, D, inner))).toBe("SCH118");
    S.computeAt(s, C, D, outer);
    await expectRight(s);

    const { C: early, D: late, s: other } = chain(40); // the other way round: first the stage, then the lanes
    const [, lanes] = S.split(other, late, "i", { factor: 8 });
    S.computeAt(other, early, late, lanes);
    expect(refusal(other, () => S.vectorize(other, late, lanes))).toBe("SCH118");
  });

  it("#15200: a tensor read only where a condition holds, outside its bounds elsewhere, corrupted memory", async () => {
    const A = input([4, 10, 10], "A");
    const [y, x] = [reduceAxis(2, "y"), reduceAxis(2, "x")];
    const pooled = compute(
      [4, 4, 4],
      (c, i, j) => sum(read(A, c, add(mul(i, 2), y.variable), add(mul(j, 2), x.variable)), [y, x]),
      { name: "pooled" },
    );
    const wide = compute([4, 8, 8], (c, i, j) => ifThenElse(and(lt(i, 4), lt(j, 4)), read(pooled, c, i, j), 0), {
      name: "wide",
    });
    for (const at of ["i0", "i1", "i2"]) {
      const s = S.createSchedule(wide);
      S.computeAt(s, pooled, wide, at);
      await expectRight(s);
    }
  });
});

describe("further wrong code of split, fuse and computeAt, as reported to Apache TVM", () => {
  it("#2495: more parts than elements initialised the only one again and again", async () => {
    const { B } = rowSums(1, 10);
    const s = S.createSchedule(B);
    S.split(s, B, "i", { parts: 20 });
    await expectRight(s);
  });

  it("#3381: partial sums of partial sums, where nothing divides, read past the end", async () => {
    const { B } = rowSums(1, 129);
    const s = S.createSchedule(B);
    const [, inner] = S.split(s, B, "k", { factor: 8 });
    const partial = S.rfactor(s, B, inner);
    const [, again] = S.split(s, partial, "k.outer", { factor: 2 });
    const second = S.rfactor(s, partial, again);
    S.computeAt(s, partial, B, "i");
    S.computeAt(s, second, partial, "i");
    await expectRight(s);
  });

  it("#2898: the parts of a split inside another, neither dividing the other, lost their guards to loop partition", async () => {
    const A = input([48], "A");
    const C = compute([48], (i) => add(read(A, i), 1), { name: "C" });
    const D = compute([48], (i) => mul(read(C, i), 2), { name: "D" });
    const s = S.createSchedule(D);
    S.split(s, C, "i", { factor: 10 });
    const [outer] = S.split(s, D, "i", { factor: 32 });
    S.computeAt(s, C, D, outer);
    await expectRight(s);
  });

  it("#1316: what a strided read needs, axes of one name", async () => {
    const A = input([15], "A");
    const B = compute([15], (i) => add(read(A, i), 1), { name: "B" });
    const C = compute([5, 3], (i, j) => mul(read(B, add(i, mul(j, 5))), 2), { name: "C" });
    const s = S.createSchedule(C);
    S.computeAt(s, B, C, "i");
    await expectRight(s);
  });
});

/** A transposed convolution in one dimension: rows with zeros between and around, and weights that are read twice at one dimension. */
function transposedConvolution() {
  const A = input([3, 12], "A");
  const W = input([3, 8, 5], "W");
  const dilated = compute([3, 23], (c, x) => ifThenElse(eq(floormod(x, 2), 0), read(A, c, floordiv(x, 2)), 0), { name: "dilated" }); // biome-ignore format: a formula
  const padded = compute([3, 30], (c, x) => ifThenElse(and(ge(x, 3), lt(x, 26)), read(dilated, c, sub(x, 3)), 0), { name: "padded" }); // biome-ignore format: a formula
  const kernel = compute([8, 3, 5], (o, c, w) => read(W, c, o, sub(4, w)), { name: "kernel" });
  const k = reduceAxis(3, "k");
  const weights = compute([8, 3, 5], (o, c, w) => sum(add(floor(read(kernel, k, c, w)), read(kernel, o, c, w)), k), { name: "weights" }); // biome-ignore format: a formula
  const [dc, dw] = [reduceAxis(3, "dc"), reduceAxis(5, "dw")];
  const output = compute([8, 26], (c, w) => sum(mul(read(padded, dc, add(w, dw.variable)), read(weights, c, dc, dw)), [dc, dw]), { name: "output" }); // biome-ignore format: a formula
  return { dilated, padded, kernel, weights, output };
}
