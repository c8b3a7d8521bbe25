import { testBackend } from "@tilewright/backend-test";
import { lower } from "@tilewright/lower";
import { engineFeatures, wasmDevice } from "@tilewright/runtime";
import { nodeWasmDevice } from "@tilewright/runtime/node";
import { describe, it } from "vitest";
import { wasm } from "./index.js";

const test = { describe, it };

testBackend({ backend: wasm(), device: wasmDevice, lower, test });
testBackend({ backend: wasm({ simd: false }), device: wasmDevice, lower, test, runs: 40 });
if (engineFeatures().has("relaxed-simd")) {
  testBackend({ backend: wasm({ relaxed: true }), device: wasmDevice, lower, test, runs: 60 });
}
const onTwoThreads = { ...nodeWasmDevice, open: () => nodeWasmDevice.open({ threads: 2 }) };
testBackend({ backend: wasm({ threads: 2 }), device: onTwoThreads, lower, test, runs: 20 });
