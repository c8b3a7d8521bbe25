import { autoschedule } from "@tilewright/autoschedule";
import type { Backend } from "@tilewright/backend";
import type { IRModule, Tensor } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import { replay, toPrimFunc } from "@tilewright/schedule";
import { compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { type Measurement, median, medianMilliseconds } from "../measurement.js";
import type { Suite } from "../suite.js";
import { freshMeasurements } from "./fresh.js";

/** How long users wait: for a kernel, for the graph of a training step in a process that has compiled nothing yet, and for the first result. */
export const compileSuite: Suite = {
  name: "compile",
  summary:
    "time to compile a product, and each pass of lowering it; a training graph cold; the first result of an artifact",
  hasPeers: true,
  async run(options) {
    const { targets, sizes, repetitions } = options;
    const [{ found, threads }] = targets;
    const { backend } = found.target;
    const measurements: Measurement[] = [];
    for (const [size] of sizes ?? [[512]]) {
      const times = new Map<string, number[]>();
      const run = (): void => compileOnce(backend, size, times);
      const warmUps = 40;
      const medianMs = await medianMilliseconds(run, { repetitions, warmUps });
      const line = (workload: string, value: number): void =>
        void measurements.push({ suite: "compile", workload, contender: "tilewright", threads, medianMs: value });
      line(`gemm ${size} to ${backend.name}`, medianMs);
      for (const [stage, values] of times) line(`  ${stage}`, median(values.slice(warmUps)));
    }
    return [...measurements, ...(await freshMeasurements(options))];
  },
};

function compileOnce(backend: Backend, size: number, times: Map<string, number[]>): void {
  let last = performance.now();
  const lap = (stage: string): void => {
    const now = performance.now();
    const list = times.get(stage) ?? [];
    list.push(now - last);
    times.set(stage, list);
    last = now;
  };
  const { capabilities, passes = [], rules = [], intrinsics = [] } = backend;
  const outputs = [product(size)];
  const { trace } = autoschedule(outputs, { capabilities, rules });
  const func = toPrimFunc(replay(outputs, trace, { intrinsics }), { name: "gemm" });
  const module: IRModule = { kind: "IRModule", span: func.span, functions: [func], attributes: {} };
  lap("schedule");
  const seen = new Map<string, number>();
  const onPass = (name: string): void => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    lap(count === 1 ? name : `${name} (${count})`);
  };
  const lowered = lower(module, { capabilities, passes, intrinsics, onPass });
  last = performance.now();
  backend.compile(lowered.module);
  lap("backend");
}

/** C[i, j] = Σₖ A[i, k] · B[k, j]. */
function product(size: number): Tensor {
  const A = placeholder([size, size], { name: "A" });
  const B = placeholder([size, size], { name: "B" });
  const k = reduceAxis(size, "k");
  return compute([size, size], (i, j) => sum(mul(read(A, i, k.variable), read(B, k.variable, j)), k), { name: "C" });
}
