import { expect, it } from "vitest";
import { checkPeer } from "../../test/check-peer.js";
import { PeerMissing } from "../contender.js";
import { jaxJs } from "./jax-js.js";

checkPeer(jaxJs, ["gemm", "row-operation", "training-step"]);

it("has one thread", async () => {
  await expect(jaxJs.open(2)).rejects.toThrow(PeerMissing);
});
