import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { PeerMissing } from "../contender.js";
import { gemm } from "../problems/gemm.js";
import { checkResult, factsOf } from "../problems/problem.js";
import { trainingStep } from "../problems/training-step.js";
import { inProcess } from "./peer-process.js";

const echo = fileURLToPath(new URL("../../test/echo-peer.ts", import.meta.url));
const fromSource = ["--import", import.meta.resolve("tsx"), "--conditions=@tilewright/source"];
const peer = (name: string) =>
  inProcess({ name, open: () => Promise.reject(new Error("elsewhere")) }, echo, fromSource);

it("solves what the peer solves, in its own process", async () => {
  const contender = await peer("adder").open(1);
  expect(await contender.prepare(trainingStep(2))).toBeNull();
  const problem = gemm(1, 1, 1);
  const prepared = await contender.prepare(problem);
  expect(await prepared?.run(3)).toBe(3);
  const facts = factsOf(problem);
  expect(() => checkResult(facts, "adder", new Float32Array([7]))).toThrow("is 7 at 0");
  expect(await prepared?.result()).toEqual(new Float32Array([7]));
  await prepared?.close();
  await contender.close();
});

it("tells that it is missing, fails or ends", async () => {
  await expect(peer("missing").open(1)).rejects.toThrow(PeerMissing);
  await expect(peer("ending").open(1)).rejects.toThrow(/ended with code 3: the end/);
  const failing = await peer("failing").open(1);
  await expect(failing.prepare(gemm(1, 1, 1))).rejects.toThrow("cannot");
  await failing.close();
});
