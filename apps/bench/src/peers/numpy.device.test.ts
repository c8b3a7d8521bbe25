import { describe } from "vitest";
import { checkPeer } from "../../test/check-peer.js";
import { numpy } from "./numpy.js";

// Debian's torch brings NumPy along.
const tools = (process.env.TILEWRIGHT_TOOLS ?? "").split(",");
describe.runIf(tools.includes("torch"))("a process of Python", () => {
  checkPeer(numpy, ["gemm", "row-operation", "training-step"]);
});
