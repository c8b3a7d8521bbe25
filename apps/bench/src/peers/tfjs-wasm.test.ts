import { expect, it } from "vitest";
import { checkPeer } from "../../test/check-peer.js";
import { PeerMissing } from "../contender.js";
import { tfjsWasm } from "./tfjs-wasm.js";

checkPeer(tfjsWasm, ["gemm", "convolution"]);

it("has one thread", async () => {
  await expect(tfjsWasm.open(2)).rejects.toThrow(PeerMissing);
});
