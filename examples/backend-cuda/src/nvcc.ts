import type { Toolchain } from "@tilewright/backend";
import { type ToolOptions, toolchainOf } from "./tool.js";

/** NVIDIA's compiler: CUDA C++ to PTX for compute capability 7.5, which newer GPUs run too. Nothing here loads the PTX. */
export function nvcc(options: ToolOptions = {}): Toolchain {
  return toolchainOf(
    {
      name: "nvcc",
      produces: "ptx",
      commands: ["nvcc", "/usr/local/cuda/bin/nvcc"],
      install: "install the CUDA toolkit",
      features: ["sm_75"],
      version: (output) => /release .*/.exec(output)?.[0] ?? output,
      arguments: (output) => ["-ptx", "-arch=compute_75", "-std=c++17", "-o", output, "module.cu"],
    },
    options,
  );
}
