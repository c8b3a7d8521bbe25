import { defineTarget, TARGET_SPEC_VERSION } from "@tilewright/backend";
import { cuda } from "./backend.js";
import { cudaEmulation } from "./emulation.js";
import { nvcc } from "./nvcc.js";

/** All of this package, as programs find it by name: `tilewright lower kernel.ts --target tilewright-backend-cuda-example`. */
export const target = defineTarget({
  specVersion: TARGET_SPEC_VERSION,
  name: "cuda",
  summary: "CUDA C++ for NVIDIA GPUs; without one, an emulation on the CPU",
  backend: () => cuda(),
  toolchains: () => [cudaEmulation(), nvcc()],
  device: async () => (await import("@tilewright/runtime-native")).nativeDevice,
  async status() {
    const [emulation, compiler] = await Promise.all([cudaEmulation().status(), nvcc().status()]);
    const parts = [
      "this example drives no GPU",
      emulation.usable
        ? `kernels run in an emulation on the CPU, built by ${emulation.detail}`
        : `no emulation: ${emulation.detail}`,
      compiler.usable ? `nvcc compiles them to PTX: ${compiler.detail}` : `no PTX: ${compiler.detail}`,
    ];
    return { usable: emulation.usable, detail: parts.join("; ") };
  },
});
