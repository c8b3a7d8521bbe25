import type { Device } from "@tilewright/artifact";
import type { Backend, Target, Toolchain } from "@tilewright/backend";
import { c } from "@tilewright/codegen-c";
import { wasm } from "@tilewright/codegen-wasm";
import { engineFeatures } from "@tilewright/runtime";
import { nodeWasmDevice } from "@tilewright/runtime/node";
import { clangWasm, emcc, sharedLibrary, yowasp } from "@tilewright/toolchain-c";
import { unusableTarget } from "./errors.js";
import type { TargetName } from "./target-names.js";

export interface TargetOptions {
  /** Threads that run parallel loops. Default 1. */
  readonly threads?: number;
}

/** A target with the device that runs what it compiles. */
export interface FoundTarget {
  readonly name: TargetName;
  readonly target: Target;
  /** Targets for engines that lack what this one has, the preferred one first: an artifact for elsewhere holds them too. */
  readonly fallbacks: readonly Target[];
  /** What was found: versions and places, for people. */
  readonly detail: string;
  /** The caller closes it. */
  open(): Promise<Device>;
}

/** What is known of a target on this machine; `found` is there exactly when it can be used. */
export interface TargetReport {
  readonly name: TargetName;
  readonly found: FoundTarget | null;
  /** What there is, or for each way to build what is missing and how to install it. */
  readonly details: readonly string[];
}

/** @throws CompileError CLI104 when nothing that it needs is installed */
export async function findTarget(name: TargetName, options: TargetOptions = {}): Promise<FoundTarget> {
  const { found, details } = await describeTarget(name, options);
  if (found === null) throw unusableTarget(name, details);
  return found;
}

/** Looks for what a target needs; throws nothing because of what is missing. */
export async function describeTarget(name: TargetName, { threads = 1 }: TargetOptions = {}): Promise<TargetReport> {
  const openWasm = (): Promise<Device> => nodeWasmDevice.open({ threads });
  if (name === "wasm") {
    const features = engineFeatures();
    const backend = wasm({ threads, simd: features.has("simd"), relaxed: features.has("relaxed-simd") });
    const detail = `this process: Node ${process.versions.node} with ${[...features].join(", ") || "plain WebAssembly"}`;
    const target = { backend, toolchain: null };
    const fallbacks = features.has("relaxed-simd") ? [{ backend: wasm({ threads }), toolchain: null }] : [];
    return { name, details: [detail], found: { name, target, fallbacks, detail, open: openWasm } };
  }
  if (name === "native") {
    const backend = c({ threads, cpu: process.arch === "arm64" ? "aarch64" : "x86-64-v3" });
    return firstUsable(name, [{ toolchain: sharedLibrary(), backend }], () => openNative(threads));
  }
  const shared = threads > 1;
  const backend = c({ threads, cpu: "wasm" });
  const choices = [emcc({ threads: shared }), clangWasm({ threads: shared }), yowasp({ threads: shared })];
  return firstUsable(
    name,
    choices.map((toolchain) => ({ toolchain, backend })),
    openWasm,
  );
}

/** Loaded when it is needed: the foreign-function interface below it exists for some platforms only. */
export async function openNative(threads: number): Promise<Device> {
  const { nativeDevice } = await import("@tilewright/runtime-native");
  return nativeDevice.open({ threads });
}

interface Choice {
  readonly toolchain: Toolchain;
  readonly backend: Backend;
}

async function firstUsable(
  name: TargetName,
  choices: readonly Choice[],
  open: () => Promise<Device>,
): Promise<TargetReport> {
  const details: string[] = [];
  for (const choice of choices) {
    const status = await choice.toolchain.status();
    const detail = `${status.name}: ${status.detail}`;
    if (status.usable) return { name, details: [detail], found: { name, target: choice, fallbacks: [], detail, open } };
    details.push(detail);
  }
  return { name, details, found: null };
}
