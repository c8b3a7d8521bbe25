import { fileURLToPath } from "node:url";
import type { Toolchain } from "@tilewright/backend";
import { type ToolOptions, toolchainOf } from "./tool.js";

const HEADERS = fileURLToPath(new URL("../emulation", import.meta.url));

export interface EmulationOptions extends ToolOptions {
  /** How hard the compiler tries, from 0 to 3. Default 1. */
  readonly optimization?: 0 | 1 | 2 | 3;
}

/**
 * The same text as a shared library for this machine's processor: a header stands for CUDA, and runs blocks and threads one by one. It
 * shows whether a kernel is right, barriers included, and nothing of its speed.
 */
export function cudaEmulation({ optimization = 1, ...options }: EmulationOptions = {}): Toolchain {
  const flags = [
    ...["-std=c++17", `-O${optimization}`, "-shared", "-fPIC", "-x", "c++"],
    ...["-ffp-contract=off", "-fno-math-errno", "-fno-strict-aliasing", "-w"],
    ...["-I", HEADERS],
  ];
  return toolchainOf(
    {
      name: "cuda-emulation",
      produces: "shared-library",
      commands: process.platform === "linux" ? ["g++", "clang++"] : [],
      install: "install g++ on Linux (apt-get install g++)",
      features: [`${process.platform}-${process.arch}`],
      version: (output) => output.split("\n")[0] ?? "",
      arguments: (output) => [...flags, "module.cu", "-o", output],
    },
    options,
  );
}
