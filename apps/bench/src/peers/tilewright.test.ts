import { findTarget } from "tilewright";
import { checkPeer } from "../../test/check-peer.js";
import { tilewright } from "./tilewright.js";

const found = await findTarget("wasm");
checkPeer({ name: "tilewright", open: async () => tilewright(found) }, [
  "gemm",
  "convolution",
  "row-operation",
  "training-step",
]);
