import { expect, it } from "vitest";
import type { Peer } from "../src/contender.js";
import { convolution } from "../src/problems/convolution.js";
import { gemm } from "../src/problems/gemm.js";
import { inference } from "../src/problems/inference.js";
import { checkResult, factsOf, type Problem } from "../src/problems/problem.js";
import { rowOperation } from "../src/problems/row-operation.js";
import { trainingStep } from "../src/problems/training-step.js";

/** One of each kind, with sizes that nothing divides. */
export const PROBLEMS: readonly Problem[] = [
  gemm(5, 7, 9),
  gemm(5, 7, 9, { transA: true }),
  gemm(5, 7, 9, { transB: true }),
  gemm(5, 7, 9, { transA: true, transB: true }),
  convolution(4, 6, 9, 3),
  convolution(4, 6, 9, 3, { stride: 2 }),
  convolution(4, 8, 5, 1),
  convolution(6, 6, 9, 3, { group: 6 }),
  ...(["add", "chain", "softmax", "layer-normalization", "mean", "transpose"] as const).map((each) =>
    rowOperation(each, 5, 12),
  ),
  inference(3),
  trainingStep(6),
];

/** Tests that a peer solves these problems, and no others of `PROBLEMS`. */
export function checkPeer(peer: Peer, kinds: readonly Problem["kind"][]): void {
  it.each(PROBLEMS.map((problem) => [factsOf(problem).workload, problem] as const))(
    `${peer.name}: %s`,
    async (_, problem) => {
      const contender = await peer.open(1);
      const prepared = await contender.prepare(problem);
      expect(prepared !== null).toBe(kinds.includes(problem.kind));
      if (prepared !== null) {
        expect(await prepared.run(1)).toBeGreaterThan(0);
        checkResult(factsOf(problem), peer.name, await prepared.result());
        await prepared.close();
      }
      await contender.close();
    },
  );
}
