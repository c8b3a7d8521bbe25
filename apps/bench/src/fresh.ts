#!/usr/bin/env node
// What `compile` times in a process of its own. All that counts is imported after the first line, so that imports are part of the time.
import type { FreshTimes } from "./fresh-process.js";
import { images } from "./problems/network.js";

const firstLine = performance.now();
const PIXELS = images(1).values;
const [what = "", file = "", target = "wasm"] = process.argv.slice(2);

const JOBS: Readonly<Record<string, () => Promise<Omit<FreshTimes, "fromFirstLine" | "fromStart">>>> = {
  compile: compileTraining,
  tilewright: firstResult,
  "onnxruntime-web": async () => onnxResult((await import("onnxruntime-web/wasm")) as unknown as Onnx),
  "onnxruntime-node": async () => onnxResult((await import("onnxruntime-node")) as unknown as Onnx),
};

const found = await JOBS[what]?.();
const now = performance.now();
process.stdout.write(`${JSON.stringify({ fromFirstLine: now - firstLine, fromStart: now, ...found })}\n`, () =>
  process.exit(),
);

/** The training graph of the network to an artifact. */
async function compileTraining() {
  const { compile } = await import("@tilewright/compiler");
  const { findTarget } = await import("tilewright");
  const { modelOf } = await import("./peers/tilewright.js");
  const { trainingStep, trainingStepFacts } = await import("./problems/training-step.js");
  const { target: chosen } = await findTarget(target);
  const problem = trainingStep(500);
  const model = modelOf(problem, trainingStepFacts(problem).inputs);
  const started = performance.now();
  await compile(model, { target: chosen });
  return { compile: performance.now() - started };
}

/** An artifact from a file, loaded and run once. */
async function firstResult() {
  const { readFile } = await import("node:fs/promises");
  const reading = readFile(file);
  const { loadModel, ndarray, wasmDevice } = await import("@tilewright/runtime");
  const device = await (target === "native"
    ? (await import("@tilewright/runtime-native")).nativeDevice.open()
    : wasmDevice.open());
  const session = await loadModel(new Uint8Array(await reading), { device });
  const [input] = session.inputs;
  const pixels = ndarray(PIXELS, { shape: input?.shape ?? [] });
  const outputs = await session.run({ [input?.name ?? ""]: pixels });
  const [output] = Object.values(outputs);
  return { result: [...((output?.data ?? []) as Float32Array)] };
}

interface Onnx {
  readonly env: { readonly wasm?: { numThreads?: number }; logLevel?: string };
  readonly Tensor: new (type: string, values: Float32Array, shape: readonly number[]) => object;
  readonly InferenceSession: {
    create(
      file: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: object): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
    }>;
  };
}

/** The same of an ONNX file. */
async function onnxResult({ env, Tensor, InferenceSession }: Onnx) {
  const { readFile } = await import("node:fs/promises");
  if (env.wasm !== undefined) env.wasm.numThreads = 1;
  env.logLevel = "error";
  const options = { intraOpNumThreads: 1, logSeverityLevel: 3 };
  const session = await InferenceSession.create(await readFile(file), options);
  const { out } = await session.run({ pixels: new Tensor("float32", PIXELS, [1, PIXELS.length]) });
  return { result: [...(out?.data ?? [])] };
}
