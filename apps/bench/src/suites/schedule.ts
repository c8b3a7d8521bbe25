import type { Backend } from "@tilewright/backend";
import { lower } from "@tilewright/lower";
import {
  axesOf, cacheWrite, computeAt, createSchedule, parallel, reorder, type Schedule, split, type TailStrategy, toPrimFunc, unroll, vectorize,
} from "@tilewright/schedule"; // biome-ignore format: a list
import { add, and, compute, ge, ifThenElse, lt, mul, placeholder, read, reduceAxis, sub, sum } from "@tilewright/te";
import { type Measurement, median, medianMilliseconds } from "../measurement.js";
import type { Suite } from "../suite.js";

/** How long scheduling takes: a primitive with its checks, and what becomes of a scheduled convolution until code is made of it. */
export const scheduleSuite: Suite = {
  name: "schedule",
  summary: "time of a primitive with its checks on ten stages, and of lowering a convolution of size x size pixels",
  hasPeers: false,
  async run({ targets: [{ found, threads }], sizes, repetitions }) {
    const { backend } = found.target;
    const line = (workload: string, medianMs: number): Measurement => ({
      suite: "schedule", workload, contender: "tilewright", threads, medianMs,
    }); // biome-ignore format: one glance
    const measurements: Measurement[] = [];
    for (const tail of ["guard", "shift"] as const) {
      const runs = Array.from({ length: 20 + repetitions }, () => primitiveTimes(tail)).slice(20);
      measurements.push(line(`primitive, ten stages, tail ${tail}: median`, median(runs.flat())));
      measurements.push(
        line(`primitive, ten stages, tail ${tail}: slowest`, median(runs.map((run) => Math.max(...run)))),
      );
    }
    for (const [size] of sizes ?? [[56]]) {
      const run = (): void => lowerConvolution(backend, size);
      const medianMs = await medianMilliseconds(run, { repetitions, warmUps: 20 });
      measurements.push(line(`conv2d 64 x ${size} x ${size}, 3 x 3, schedule and lower`, medianMs));
    }
    return measurements;
  },
};

/** Milliseconds of each primitive of a schedule of ten stages in a tile of the last. */
function primitiveTimes(tail: TailStrategy): readonly number[] {
  const A = placeholder([1024, 1024], { name: "A" });
  const chain = [A];
  for (let stage = 0; stage < 10; stage++) {
    const from = chain.at(-1) ?? A;
    chain.push(compute([1024, 1024], (i, j) => add(read(from, i, j), 1), { name: `T${stage}` }));
  }
  const last = chain.at(-1) ?? A;
  const times: number[] = [];
  const timed = <R>(primitive: () => R): R => {
    const start = performance.now();
    const result = primitive();
    times.push(performance.now() - start);
    return result;
  };
  const s = createSchedule(last);
  const [outer] = timed(() => split(s, last, "i", { factor: 7, tail }));
  for (const stage of chain.slice(1, -1).reverse()) timed(() => computeAt(s, stage, last, outer));
  for (const stage of chain.slice(1)) timed(() => split(s, stage, "j", { factor: 8, tail }));
  for (const stage of chain.slice(1)) timed(() => vectorize(s, stage, "j.inner"));
  return times;
}

function lowerConvolution(backend: Backend, size: number): void {
  const { capabilities, passes = [] } = backend;
  const func = toPrimFunc(scheduledConvolution(size), { name: "conv2d" });
  lower({ kind: "IRModule", span: func.span, functions: [func], attributes: {} }, { capabilities, passes });
}

/** 64 filters of 3 × 3 over 64 channels with a border of zeros: tiles of 8 filters and 8 pixels in registers, rows on threads. */
function scheduledConvolution(size: number): Schedule {
  const [channels, filters] = [64, 64];
  const X = placeholder([channels, size, size], { name: "X" });
  const W = placeholder([channels, 3, 3, filters], { name: "W" });
  const padded = compute(
    [channels, size + 2, size + 2],
    (c, y, x) => {
      const inside = and(and(ge(y, 1), lt(y, size + 1)), and(ge(x, 1), lt(x, size + 1)));
      return ifThenElse(inside, read(X, c, sub(y, 1), sub(x, 1)), 0);
    },
    { name: "padded" },
  );
  const [c, dy, dx] = [reduceAxis(channels, "c"), reduceAxis(3, "dy"), reduceAxis(3, "dx")];
  const conv = compute(
    [size, size, filters],
    (y, x, f) => sum(mul(read(padded, c, add(y, dy), add(x, dx)), read(W, c, dy, dx, f)), [c, dy, dx]),
    { name: "conv" },
  );
  const s = createSchedule(conv);
  const sums = cacheWrite(s, conv, "local");
  const [y = "", x = "", f = ""] = axesOf(s, conv);
  const [xTiles, xs] = split(s, conv, x, { factor: 8 });
  const [fTiles, fs] = split(s, conv, f, { factor: 8 });
  reorder(s, conv, [y, fTiles, xTiles, xs, fs]);
  computeAt(s, sums, conv, xTiles);
  const [sumY = "", sumX = "", sumF = ""] = axesOf(s, sums);
  reorder(s, sums, ["c", "dy", "dx", sumY, sumX, sumF]);
  unroll(s, sums, sumX);
  vectorize(s, sums, sumF);
  unroll(s, conv, xs);
  vectorize(s, conv, fs);
  parallel(s, conv, y);
  return s;
}
