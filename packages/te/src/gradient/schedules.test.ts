import { inputsForTensors, zeros } from "@tilewright/backend-test";
import { wasm } from "@tilewright/codegen-wasm";
import { NO_SPAN } from "@tilewright/diagnostics";
import { evaluateTensors, interpret } from "@tilewright/interp";
import { type Expr, type IRModule, operationsOf, type PrimFunc, type Tensor } from "@tilewright/ir";
import { verify } from "@tilewright/ir/verify";
import { lower } from "@tilewright/lower";
import { computeInline, createSchedule, type Schedule, split, toPrimFunc, vectorize } from "@tilewright/schedule";
import { describe, expect, it } from "vitest";
import { sizeOf } from "../../test/differences.js";
import * as te from "../index.js";

const { add, compute, mul, placeholder, read, reduceAxis, sum } = te;

/** As scheduled and as lowered for codegen-wasm, small whole numbers give what the tensors say. */
function expectSame(schedule: Schedule): void {
  const { outputs } = schedule;
  const { operations, tensors } = operationsOf(outputs);
  const placeholders = operations
    .filter(({ kind }) => kind === "Placeholder")
    .flatMap((each) => tensors.get(each) ?? []);
  const inputs = inputsForTensors(placeholders);
  const expected = evaluateTensors(outputs, inputs);
  const func = toPrimFunc(schedule);
  expect(verify(func, "scheduled")).toEqual([]);
  const { capabilities, passes = [] } = wasm({ simd: true });
  const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
  const lowered = lower(module, { capabilities, passes, verify: true }).module;
  const run = (subject: PrimFunc | IRModule, entry?: string): void => {
    const memory = new Map([...inputs].map(([tensor, data]) => [tensor.name, data]));
    for (const tensor of outputs)
      memory.set(tensor.name, zeros(tensor.dtype, sizeOf(tensor)).fill(Number.NaN as never));
    interpret(subject, Object.fromEntries(memory), { seed: 7, ...(entry === undefined ? {} : { entry }) });
    outputs.forEach((tensor, k) => {
      expect(memory.get(tensor.name)).toEqual(expected[k]);
    });
  };
  run(func);
  run(lowered, func.name);
}

describe("gradients schedule and lower like any tensors, to the bit", () => {
  const [A, B, G] = [placeholder([6, 5], { name: "A" }), placeholder([5, 7], { name: "B" }), placeholder([6, 7], { name: "G" })]; // biome-ignore format: one line
  const k = reduceAxis(5, "k");
  const C = compute([6, 7], (i, j) => sum(mul(read(A, i, k), read(B, k, j)), k), { name: "C" });

  it("a matrix product, split and vectorized", () => {
    const [dA, dB] = te.gradient(C, [A, B], { head: G }) as [Tensor, Tensor];
    const schedule = createSchedule([dA, dB]);
    expectSame(schedule);
    const [, lanes] = split(schedule, dB, "j", { factor: 4 });
    vectorize(schedule, dB, lanes);
    expectSame(schedule);
  });

  it("a padded convolution with stride, its padding inlined", () => {
    const [X, W] = [placeholder([2, 3, 7], { name: "X" }), placeholder([2, 3, 3], { name: "W" })];
    const padded = compute([2, 3, 9], (n, c, y) => te.ifThenElse(te.and(te.ge(y, 1), te.lt(y, 8)), read(X, n, c, te.sub(y, 1)), 0), { name: "padded" }); // biome-ignore format: one call
    const [c, r] = [reduceAxis(3, "c"), reduceAxis(3, "r")];
    const Y = compute([2, 2, 4], (n, o, p) => sum(mul(read(padded, n, c, add(mul(p, 2), r)), read(W, o, c, r)), [c, r]), { name: "Y" }); // biome-ignore format: one call
    const gradients = te.gradient(Y, [X, W], { head: placeholder([2, 2, 4], { name: "H" }) });
    expectSame(createSchedule(gradients));
    const inlined = createSchedule(gradients);
    computeInline(inlined, padded);
    expectSame(inlined);
  });

  it("pooling, products, gathers, slices and jacobians", () => {
    const X = placeholder([3, 8], { name: "X" });
    const [r, all] = [reduceAxis(3, "r"), reduceAxis(4, "all")];
    const ids = placeholder([5], { name: "ids", dtype: "int32" });
    const outputs = [
      compute([3, 4], (i, p) => sum(read(X, i, add(mul(p, 2), te.minimum(r, 1))), r), { name: "average" }),
      compute([3], (i) => te.prod(read(X, i, all), all), { name: "product" }),
      compute([5, 8], (i, j) => read(X, te.floormod(read(ids, i), 3), j), { name: "gathered" }),
      compute([24], (i) => te.maximum(read(X, te.floordiv(i, 8), te.floormod(i, 8)), 1), { name: "flat" }),
    ];
    for (const output of outputs) {
      const head = placeholder(output.shape, { name: "H" });
      expectSame(createSchedule(te.gradient(output, [X], { head })));
    }
    expectSame(createSchedule(te.jacobian(outputs[0] as Tensor, X)));
    const argmax = te.commReducer({
      name: "argmax",
      identities: () => [Number.NEGATIVE_INFINITY, 0],
      combine: ([a, p], [b, q]) => {
        const later = te.gt(b as Expr, a as Expr);
        return [te.select(later, b as Expr, a as Expr), te.select(later, q as Expr, p as Expr)];
      },
    });
    const eight = reduceAxis(8, "eight");
    const P = placeholder([8], { name: "P" });
    const [, payload] = compute([3], (i) => argmax([read(X, i, eight), read(P, eight)], eight), { name: "argmax" });
    expectSame(createSchedule(te.gradient(payload as Tensor, [P])));
  });
});
