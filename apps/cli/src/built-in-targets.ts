import {
  type Backend,
  defineTarget,
  TARGET_SPEC_VERSION,
  type TargetOptions,
  type TargetPlugin,
} from "@tilewright/backend";
import { c } from "@tilewright/codegen-c";
import { wasm } from "@tilewright/codegen-wasm";
import { engineFeatures } from "@tilewright/runtime";
import { nodeWasmDevice } from "@tilewright/runtime/node";
import { clangWasm, emcc, hostCpu, sharedLibrary, yowasp } from "@tilewright/toolchain-c";
import type { TargetName } from "./target-names.js";

/** The driver with its options fixed. */
const onWasm = async ({ threads }: TargetOptions) => ({
  ...nodeWasmDevice,
  open: (options?: object) => nodeWasmDevice.open({ threads, ...options }),
});

/** The targets of this package, plugins like all others. `c` is text alone, for a compiler of one's own. */
export const BUILT_IN_TARGETS: Readonly<Record<TargetName | "c", TargetPlugin>> = {
  wasm: defineTarget({
    specVersion: TARGET_SPEC_VERSION,
    name: "wasm",
    summary: "WebAssembly of our own encoder",
    backend({ threads }) {
      const features = engineFeatures();
      const registers = features.has("registers-32") ? 32 : 16;
      return wasm({ threads, simd: features.has("simd"), relaxed: features.has("relaxed-simd"), registers });
    },
    device: onWasm,
    async status() {
      const features = [...engineFeatures()].join(", ") || "plain WebAssembly";
      return { usable: true, detail: `this process: Node ${process.versions.node} with ${features}` };
    },
  }),
  native: defineTarget({
    specVersion: TARGET_SPEC_VERSION,
    name: "native",
    summary: "C in a shared library for this machine",
    backend: ({ threads }) => c({ threads, cpu: hostCpu() }),
    toolchains: () => [sharedLibrary()],
    async device({ threads }) {
      // Loaded when it is needed: the foreign-function interface below it exists for some platforms only.
      const { nativeDevice } = await import("@tilewright/runtime-native");
      return { ...nativeDevice, open: (options) => nativeDevice.open({ threads, ...options }) };
    },
  }),
  "c-wasm": defineTarget({
    specVersion: TARGET_SPEC_VERSION,
    name: "c-wasm",
    summary: "C through a compiler to WebAssembly",
    backend: ({ threads }) => c({ threads, cpu: "wasm" }),
    toolchains({ threads }) {
      const shared = { threads: threads > 1 };
      return [emcc(shared), clangWasm(shared), yowasp(shared)];
    },
    device: onWasm,
  }),
  c: defineTarget({
    specVersion: TARGET_SPEC_VERSION,
    name: "c",
    summary: "C text, for a compiler of your own",
    backend: ({ threads }) => c({ threads }),
  }),
};

/** Backends for engines and processors other than this one: an artifact for elsewhere holds their code too. */
export function variantsOf(plugin: TargetPlugin, { threads }: TargetOptions): readonly Backend[] {
  if (plugin !== BUILT_IN_TARGETS.wasm) return [];
  const features = engineFeatures();
  const relaxed = features.has("relaxed-simd");
  const registers = features.has("registers-32") ? 16 : 32;
  return [wasm({ threads, relaxed, registers }), ...(relaxed ? [wasm({ threads })] : [])];
}

/** The built-in target whose device runs modules of a format. */
export const TARGET_OF_FORMAT: Readonly<Record<string, TargetName>> = { wasm: "wasm", "shared-library": "native" };
