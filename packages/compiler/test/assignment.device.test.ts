import type { Device } from "@tilewright/artifact";
import type { Target } from "@tilewright/backend";
import { c } from "@tilewright/codegen-c";
import { nodeWasmDevice } from "@tilewright/runtime/node";
import { nativeDevice } from "@tilewright/runtime-native";
import { emcc, hostCpu, sharedLibrary } from "@tilewright/toolchain-c";
import { describe, expect, it } from "vitest";
import { runAssignment } from "./run-assignment.js";

const tools = new Set((process.env.TILEWRIGHT_TOOLS ?? "").split(","));

async function outside(target: Target, open: Promise<Device>): Promise<readonly string[]> {
  const device = await open;
  try {
    return await runAssignment(target, device, "auto");
  } finally {
    await device.close();
  }
}

describe("the assignment's operators through C, full shapes", () => {
  it.skipIf(!tools.has("gcc") && !tools.has("clang"))("are inside their tolerances as a shared library", async () => {
    const target = { backend: c({ threads: 2, cpu: hostCpu() }), toolchain: sharedLibrary({ cache: false }) };
    expect(await outside(target, nativeDevice.open({ threads: 2 }))).toEqual([]);
  });

  it.skipIf(!tools.has("emcc"))("are inside their tolerances through emcc", async () => {
    const target = { backend: c({ cpu: "wasm" }), toolchain: emcc({ cache: false }) };
    expect(await outside(target, nodeWasmDevice.open({ threads: 1 }))).toEqual([]);
  });
});
