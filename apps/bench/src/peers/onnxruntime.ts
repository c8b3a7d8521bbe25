import { cpus } from "node:os";
import type { InferenceSession, InferenceSessionFactory, Tensor, TensorConstructor } from "onnxruntime-common";
import { type Contender, type Peer, PeerMissing, type Prepared, timeCalls } from "../contender.js";
import type { Facts } from "../problems/facts.js";
import { factsOf, type Problem } from "../problems/problem.js";
import { onnxModel } from "./onnx-model.js";

/** What the packages for Node and for the web have in common. */
interface Runtime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

/** ONNX Runtime in WebAssembly. It copies inputs into its memory and results out of it in each run. */
export const onnxruntimeWeb: Peer = {
  name: "onnxruntime-web",
  async open(threads) {
    const runtime = await import("onnxruntime-web/wasm").catch(missing("onnxruntime-web"));
    runtime.env.wasm.numThreads = threads;
    runtime.env.logLevel = "error";
    return contender("onnxruntime-web", threads, runtime, {});
  },
};

/** ONNX Runtime's native library. */
export const onnxruntimeNode: Peer = {
  name: "onnxruntime-node",
  async open(threads) {
    const runtime = await import("onnxruntime-node").catch(missing("onnxruntime-node"));
    return contender("onnxruntime-node", threads, runtime, { intraOpNumThreads: Math.min(threads, cpus().length) });
  },
};

function missing(name: string): (reason: unknown) => never {
  return (reason) => {
    throw new PeerMissing(`${name}: ${reason instanceof Error ? reason.message : reason}`);
  };
}

function contender(
  name: string,
  threads: number,
  runtime: Runtime,
  options: InferenceSession.SessionOptions,
): Contender {
  return {
    name,
    threads,
    async prepare(problem: Problem) {
      const facts = factsOf(problem);
      const model = onnxModel(problem, facts);
      if (model === null) return null;
      const session = await runtime.InferenceSession.create(model, { ...options, logSeverityLevel: 3 });
      return prepared(runtime, session, facts);
    },
    async close() {},
  };
}

function prepared({ Tensor }: Runtime, session: InferenceSession, { inputs }: Facts): Prepared {
  const given = inputs.filter(({ constant }) => !constant);
  const feeds = Object.fromEntries(
    given.map(({ name, values, shape }) => [name, new Tensor("float32", values, [...shape])]),
  );
  let last: Tensor | undefined;
  const run = async (): Promise<void> => {
    last = (await session.run(feeds)).out;
  };
  return {
    run: (times) => timeCalls(run, times),
    result: async () => (last?.data ?? new Float32Array()) as Float32Array,
    close: () => session.release(),
  };
}
