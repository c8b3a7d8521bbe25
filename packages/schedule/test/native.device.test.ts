import type { Device, DeviceDriver } from "@tilewright/artifact";
import type { Backend, Toolchain } from "@tilewright/backend";
import { c } from "@tilewright/codegen-c";
import { wasmDevice } from "@tilewright/runtime";
import { nativeDevice } from "@tilewright/runtime-native";
import { emcc, sharedLibrary } from "@tilewright/toolchain-c";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryDraws, batchOf, type Case, type Draw, expectCase } from "./batch.js";

interface Road {
  readonly name: string;
  readonly backend: Backend;
  readonly toolchain: Toolchain;
  readonly device: DeviceDriver;
  /** Schedules that are run, at least. */
  readonly cases: number;
}

const roads: readonly Road[] = [
  {
    name: "GNU C with vectors and a shared library",
    backend: c({ vectorBytes: 32 }),
    toolchain: sharedLibrary({ cache: false, optimization: 1 }),
    device: nativeDevice,
    cases: 1_000,
  },
  {
    name: "C99 and a shared library",
    backend: c({ dialect: "c99" }),
    toolchain: sharedLibrary({ cache: false, optimization: 1 }),
    device: nativeDevice,
    cases: 250,
  },
  {
    name: "GNU C and emcc",
    backend: c({ vectorBytes: 16 }),
    toolchain: emcc({ cache: false }),
    device: wasmDevice,
    cases: 150,
  },
];

async function outputsOf(
  device: Device,
  launch: (args: readonly unknown[]) => Promise<void>,
  { inputs, expected }: Case,
): Promise<readonly Float32Array[]> {
  const bytes = (array: Float32Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const buffers = [...inputs, ...expected].map((array) => device.allocate(Math.max(4, array.byteLength)));
  for (const [k, array] of inputs.entries()) await device.write(buffers[k] as (typeof buffers)[number], bytes(array));
  await launch(buffers);
  const results = [];
  for (const [k, array] of expected.entries()) {
    const data = await device.read(buffers[inputs.length + k] as (typeof buffers)[number]);
    results.push(new Float32Array(data.slice().buffer, 0, array.length));
  }
  for (const buffer of buffers) device.free(buffer);
  return results;
}

describe.each(roads)(
  "what a random schedule computes is the same through $name",
  ({ backend, toolchain, device: driver, cases: wanted }) => {
    it("in batches", async () => {
      let cases = 0;
      const holds = async (draws: readonly Draw[]): Promise<void> => {
        if (cases >= wanted) return;
        const batch = batchOf(draws, backend);
        if (batch === null) return;
        const built = await toolchain.build(batch.compiled);
        const device = await driver.open();
        const entry = { format: built.format, blob: "module", features: built.features, functions: built.functions };
        const module = await device.load(entry, built.bytes);
        for (const each of batch.cases) {
          const actual = await outputsOf(device, (args) => module.launch(each.name, args as never), each);
          expectCase(actual, each, batch.scheduled, backend);
          cases++;
        }
        await module.close();
        expect(device.allocatedBytes).toBe(0);
        await device.close();
      };
      await fc.assert(fc.asyncProperty(arbitraryDraws(80), holds), { numRuns: 150 });
      expect(cases).toBeGreaterThanOrEqual(wanted);
    });
  },
);
