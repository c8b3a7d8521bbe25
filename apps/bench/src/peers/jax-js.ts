import type { Array as JaxArray } from "@jax-js/jax";
import { type Contender, type Peer, PeerMissing, type Prepared, timeCalls } from "../contender.js";
import type { Given } from "../problems/facts.js";
import { factsOf, type Problem } from "../problems/problem.js";
import { EPSILON, type RowOperation } from "../problems/row-operation.js";
import { isSingleStep, RATE } from "../problems/training-step.js";

type Jax = typeof import("@jax-js/jax");

/** jax-js in WebAssembly, with `jit`. In Node it runs on one thread. */
export const jaxJs: Peer = {
  name: "jax-js",
  async open(threads) {
    if (threads > 1) throw new PeerMissing("jax-js: in Node it runs on one thread");
    const jax = await import("@jax-js/jax").catch((reason) => {
      throw new PeerMissing(`jax-js: ${reason}`);
    });
    if (!(await jax.init("wasm")).includes("wasm")) throw new PeerMissing("jax-js: it has no WebAssembly here");
    jax.defaultDevice("wasm");
    return contender(jax);
  },
};

function contender(jax: Jax): Contender {
  return {
    name: "jax-js",
    threads: 1,
    async prepare(problem) {
      const arrays = factsOf(problem).inputs.map((given) => arrayOf(jax, given));
      if (problem.kind === "training-step") return isSingleStep(problem) ? prepareTraining(jax, arrays) : null;
      const compute = functionOf(jax, problem);
      return compute === null ? null : prepareFunction(jax, compute, arrays);
    },
    async close() {},
  };
}

function arrayOf(jax: Jax, { values, shape }: Given): JaxArray {
  return jax.numpy.array(values.slice(), { shape: [...shape] });
}

type Compute = (x: JaxArray, y: JaxArray) => JaxArray;

function functionOf(jax: Jax, problem: Problem): Compute | null {
  const { numpy: np } = jax;
  if (problem.kind === "row-operation") return rowFunction(jax, problem);
  if (problem.kind !== "gemm") return null; // a convolution with padding takes seconds
  const { transA, transB } = problem;
  return (a, b) => np.matmul(transA ? np.transpose(a) : a, transB ? np.transpose(b) : b);
}

function rowFunction({ numpy: np, nn }: Jax, { operation }: RowOperation): Compute {
  switch (operation) {
    case "add":
      return (x, y) => x.add(y);
    case "chain":
      return (x, y) => nn.relu(x.ref.mul(y.ref).add(y.ref)).mul(x).sub(y);
    case "softmax":
      return (x) => nn.softmax(x, -1);
    case "layer-normalization":
      return (x) => nn.standardize(x, -1, { epsilon: EPSILON });
    case "mean":
      return (x) => np.mean(x, 1);
    case "transpose":
      return (x) => np.transpose(x);
  }
}

function prepareFunction(jax: Jax, compute: Compute, arrays: readonly JaxArray[]): Prepared {
  const [x, y] = arrays;
  const one = jax.jit((a: JaxArray) => compute(a, a));
  const two = jax.jit(compute);
  let last: JaxArray | undefined;
  const run = async (): Promise<void> => {
    if (x === undefined) return;
    last?.dispose();
    last = y === undefined ? one(x.ref) : two(x.ref, y.ref);
    await last.blockUntilReady();
  };
  return {
    run: (times) => timeCalls(run, times),
    result: async () => (await (last as JaxArray).ref.data()) as Float32Array,
    async close() {
      for (const array of [...arrays, last]) array?.dispose();
    },
  };
}

function prepareTraining(jax: Jax, arrays: readonly JaxArray[]): Prepared {
  const { jit, valueAndGrad, numpy: np, nn } = jax;
  const [pixels, labels, ...initial] = arrays as [JaxArray, JaxArray, ...JaxArray[]];
  const lossOf = (parameters: JaxArray[], x: JaxArray, y: JaxArray): JaxArray => {
    const [w0, b0, w1, b1, w2, b2] = parameters as [JaxArray, JaxArray, JaxArray, JaxArray, JaxArray, JaxArray];
    const h0 = nn.relu(np.matmul(x, w0).add(b0));
    const h1 = nn.relu(np.matmul(h0, w1).add(b1));
    return nn.logSoftmax(np.matmul(h1, w2).add(b2), -1).mul(y).sum().mul(-1);
  };
  const step = jit((parameters: JaxArray[], x: JaxArray, y: JaxArray) => {
    const [loss, gradients] = valueAndGrad(lossOf)(
      parameters.map((parameter) => parameter.ref),
      x,
      y,
    );
    const next = parameters.map((parameter, k) =>
      parameter.sub((gradients as unknown as JaxArray[])[k]?.mul(RATE) as JaxArray),
    );
    return [loss as JaxArray, next] as [JaxArray, JaxArray[]];
  });
  let parameters: JaxArray[] = initial;
  let loss = new Float32Array(1);
  const run = async (): Promise<void> => {
    const [value, next] = step(parameters, pixels.ref, labels.ref);
    parameters = next;
    loss = (await value.data()) as Float32Array<ArrayBuffer>;
  };
  return {
    run: (times) => timeCalls(run, times),
    result: async () => loss,
    async close() {
      for (const array of [pixels, labels, ...parameters]) array.dispose();
    },
  };
}
