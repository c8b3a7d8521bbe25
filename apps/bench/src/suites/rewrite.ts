import {
  buffer,
  build,
  type Expr,
  int,
  type Node,
  rewrite,
  type Stmt,
  sequence,
  variable,
  visit,
} from "@tilewright/ir";
import { medianMilliseconds } from "../measurement.js";
import { type Suite, WrongResult } from "../suite.js";

const PASSES = 10;

/** Passes that change nothing, over the statements of an unrolled convolution: the speed of the rewriter alone. */
export const rewriteSuite: Suite = {
  name: "rewrite",
  summary: "ten passes that change nothing, over an unrolled convolution of some 20,000 nodes",
  hasPeers: false,
  async run({ sizes, repetitions, targets: [{ threads }] }) {
    return Promise.all(
      (sizes ?? [[20_000]]).map(async ([size]) => {
        const root = unrolledConvolution(size);
        const nodes = countNodes(root);
        const run = (): void => {
          for (let pass = 0; pass < PASSES; pass++) {
            const after = rewrite(root, { Binary: () => undefined, Load: () => undefined, Store: () => undefined });
            if (after !== root) throw new WrongResult("a pass that changes nothing gave another tree");
          }
        };
        const medianMs = await medianMilliseconds(run, { repetitions, warmUps: 10 });
        const nodesPerSecond = (PASSES * nodes) / (medianMs / 1000);
        const workload = `${PASSES} passes over ${nodes} nodes`;
        return { suite: "rewrite", workload, contender: "tilewright", threads, medianMs, nodesPerSecond };
      }),
    );
  },
};

const TAPS = 9;

/** Stores of sums of nine products each, in a loop, until there are about `size` nodes. */
export function unrolledConvolution(size: number): Stmt {
  const input = buffer("input", { dtype: "float32", shape: [8192] });
  const weights = buffer("weights", { dtype: "float32", shape: [TAPS] });
  const output = buffer("output", { dtype: "float32", shape: [8192] });
  const x = variable("x", "index");
  const stores: Stmt[] = [];
  for (let nodes = 0; nodes < size; ) {
    const row = stores.length;
    const products = Array.from({ length: TAPS }, (_, tap): Expr => {
      const place = build.add(build.mul(x, int(2)), int(row + tap));
      return build.mul(build.load(input, [place]), build.load(weights, [int(tap)]));
    });
    const sum = products.reduce((left, right): Expr => build.add(left, right));
    const store = build.store(output, [build.add(x, int(row))], sum);
    stores.push(store);
    nodes += countNodes(store);
  }
  return build.loop(x, int(0), int(8), sequence(stores));
}

function countNodes(root: Node): number {
  let nodes = 0;
  visit(root, { enter: () => void nodes++ });
  return nodes;
}
