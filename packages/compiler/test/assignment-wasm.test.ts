import { wasm } from "@tilewright/codegen-wasm";
import { engineFeatures } from "@tilewright/runtime";
import { nodeWasmDevice } from "@tilewright/runtime/node";
import { describe, expect, it } from "vitest";
import { runAssignment } from "./run-assignment.js";

describe("the assignment's operators in WebAssembly, full shapes", () => {
  it.each([1, 2])("are inside their tolerances with %d threads", async (threads) => {
    const features = engineFeatures();
    const device = await nodeWasmDevice.open({ threads });
    const backend = wasm({ threads, simd: features.has("simd"), relaxed: features.has("relaxed-simd") });
    try {
      expect(await runAssignment(backend, device, "auto")).toEqual([]);
    } finally {
      await device.close();
    }
  });
});
