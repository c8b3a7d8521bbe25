import { findTarget } from "tilewright";
import { checkPeer } from "../../test/check-peer.js";
import { tilewright } from "./tilewright.js";

const found = await findTarget("wasm");
checkPeer({ name: "tilewright", open: async () => tilewright({ found, threads: 1 }) }, [
  "gemm",
  "convolution",
  "row-operation",
  "inference",
  "training-step",
]);
