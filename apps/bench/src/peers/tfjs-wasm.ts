import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import type * as Tf from "@tensorflow/tfjs-core";
import { type Contender, type Peer, PeerMissing, timeCalls } from "../contender.js";
import type { Given } from "../problems/facts.js";
import { factsOf, type Problem } from "../problems/problem.js";

/** TensorFlow.js in WebAssembly. In Node it runs on one thread; its images are NHWC, and its result is copied out. */
export const tfjsWasm: Peer = {
  name: "tfjs-wasm",
  async open(threads) {
    if (threads > 1) throw new PeerMissing("tfjs-wasm: in Node it runs on one thread");
    const require = createRequire(import.meta.url);
    try {
      const tf = require("@tensorflow/tfjs-core") as typeof Tf;
      const wasm = require("@tensorflow/tfjs-backend-wasm") as { setWasmPaths(folder: string): void };
      wasm.setWasmPaths(dirname(require.resolve("@tensorflow/tfjs-backend-wasm")) + sep);
      if (!(await tf.setBackend("wasm"))) throw new Error("its backend does not start");
      return contender(tf);
    } catch (reason) {
      throw new PeerMissing(`tfjs-wasm: ${reason instanceof Error ? reason.message : reason}`);
    }
  },
};

type Compute = (...tensors: readonly Tf.Tensor[]) => Tf.Tensor;

function contender(tf: typeof Tf): Contender {
  return {
    name: "tfjs-wasm",
    threads: 1,
    async prepare(problem) {
      const compute = functionOf(tf, problem);
      if (compute === null) return null;
      const tensors = factsOf(problem).inputs.map((given) => tensorOf(tf, problem, given));
      let last = new Float32Array();
      const run = (): void => {
        const output = tf.tidy(() => compute(...tensors));
        last = output.dataSync() as Float32Array<ArrayBuffer>;
        output.dispose();
      };
      return {
        run: (times) => timeCalls(run, times),
        result: async () => (problem.kind === "convolution" ? toPlanes(last, problem.filters) : last),
        async close() {
          tf.dispose(tensors as Tf.Tensor[]);
        },
      };
    },
    async close() {},
  };
}

/** The tensor of an input; of a convolution in its own order of axes. */
function tensorOf(tf: typeof Tf, { kind }: Problem, { name, shape, values }: Given): Tf.Tensor {
  const tensor = tf.tensor(values, [...shape]);
  if (kind !== "convolution" || name === "bias") return tensor;
  return tf.transpose(tensor, name === "X" ? [0, 2, 3, 1] : [2, 3, 1, 0]);
}

function functionOf(tf: typeof Tf, problem: Problem): Compute | null {
  switch (problem.kind) {
    case "gemm":
      return (a, b) => tf.matMul(a as Tf.Tensor2D, b as Tf.Tensor2D, problem.transA, problem.transB);
    case "convolution": {
      const { stride: strides, pad, group, channels, kernel, transposed } = problem;
      if (transposed) return null;
      if (group === 1)
        return (x, w, bias) =>
          tf.fused.conv2d({ x: x as Tf.Tensor4D, filter: w as Tf.Tensor4D, strides, pad, bias: bias as Tf.Tensor1D });
      if (group !== channels) return null;
      return (x, w, bias) => {
        const filter = tf.reshape(w as Tf.Tensor, [kernel, kernel, channels, 1]) as Tf.Tensor4D;
        return tf.fused.depthwiseConv2d({ x: x as Tf.Tensor4D, filter, strides, pad, bias: bias as Tf.Tensor1D });
      };
    }
    case "row-operation":
    case "inference":
    case "training-step":
      return null;
  }
}

/** From `[rows, columns, filters]` to `[filters, rows, columns]`. */
function toPlanes(values: Float32Array, filters: number): Float32Array {
  const points = values.length / filters;
  return Float32Array.from(values, (_, at) => values[(at % points) * filters + Math.floor(at / points)] ?? 0);
}
