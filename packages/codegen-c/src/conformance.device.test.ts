import { testBackend } from "@tilewright/backend-test";
import { lower } from "@tilewright/lower";
import { wasmDevice } from "@tilewright/runtime";
import { nativeDevice } from "@tilewright/runtime-native";
import { clangWasm, emcc, sharedLibrary } from "@tilewright/toolchain-c";
import { describe, it } from "vitest";
import { c } from "./index.js";

const tools = (process.env.TILEWRIGHT_TOOLS ?? "").split(",");
const test = { describe, it };

describe.runIf(tools.includes("clang"))("clang, vectors of 32 bytes", () => {
  testBackend({
    backend: c(),
    toolchain: sharedLibrary({ compiler: "clang", cache: false }),
    device: nativeDevice,
    lower,
    test,
  });
});

describe.runIf(tools.includes("gcc"))("gcc, vectors of 16 bytes", () => {
  const backend = c({ cpu: "x86-64", threads: 2 });
  testBackend({
    backend,
    toolchain: sharedLibrary({ compiler: "gcc", cache: false, optimization: 1 }),
    device: nativeDevice,
    lower,
    test,
  });
});

describe.runIf(tools.includes("gcc"))("gcc, C99", () => {
  const backend = c({ dialect: "c99" });
  testBackend({
    backend,
    toolchain: sharedLibrary({ compiler: "gcc", cache: false, optimization: 1 }),
    device: nativeDevice,
    lower,
    test,
  });
});

describe.runIf(tools.includes("wasm-ld"))("clang to WebAssembly", () => {
  testBackend({ backend: c({ cpu: "wasm" }), toolchain: clangWasm({ cache: false }), device: wasmDevice, lower, test });
});

describe.runIf(tools.includes("emcc"))("emcc", () => {
  testBackend({
    backend: c({ cpu: "wasm" }),
    toolchain: emcc({ cache: false, optimization: 1 }),
    device: wasmDevice,
    lower,
    test,
    runs: 50,
  });
});
