import { describe, expect, it } from "vitest";
import { type Device, defineHostDevice, type HostArgument, type ModuleEntry } from "./index.js";

const code = (expected: string) => expect.objectContaining({ code: expected });
const AR108 = code("AR108");

/** A module whose one function adds a scalar to each of four bytes. */
const entry: ModuleEntry = {
  format: "text",
  blob: "module",
  features: [],
  functions: [
    {
      name: "add",
      parameters: [
        { kind: "buffer", name: "x", dtype: "uint8", shape: [4], access: "readwrite" },
        { kind: "scalar", name: "value", dtype: "int32" },
      ],
      workspaceBytes: 0,
    },
  ],
};
const add = (x: HostArgument, value: HostArgument): void => {
  const bytes = x as Uint8Array;
  for (const [k, byte] of bytes.entries()) bytes[k] = byte + Number(value);
};
const driver = defineHostDevice({
  name: "adder",
  accepts: ["text"],
  features: ["fast"],
  load: (_, blob) => new Map([[new TextDecoder().decode(blob), add]]),
});
const text = (name: string) => new TextEncoder().encode(name);

async function withDevice(use: (device: Device) => Promise<void>): Promise<void> {
  const device = await driver.open();
  try {
    await use(device);
  } finally {
    await device.close();
  }
}

describe("a device in host memory", () => {
  it("runs functions on buffers, their parts and scalars", () =>
    withDevice(async (device) => {
      expect([device.name, device.accepts, [...device.features]]).toEqual(["adder", ["text"], ["fast"]]);
      const module = await device.load(entry, text("add"));
      const buffer = device.allocate(6);
      await device.write(buffer, new Uint8Array([1, 2, 3]), 2);
      await module.launch("add", [{ buffer, byteOffset: 1, byteLength: 4 }, 10n]);
      await module.launch("add", [buffer, 1]);
      await device.synchronize();
      expect(await device.read(buffer)).toEqual(new Uint8Array([1, 11, 12, 13, 14, 1]));
      expect(await device.read(buffer, 3, 1)).toEqual(new Uint8Array([13]));
      expect(device.view(buffer)?.length).toBe(6);
      expect(device.allocatedBytes).toBe(6);
      device.free(buffer);
      expect(device.allocatedBytes).toBe(0);
    }));

  it("refuses what was freed or closed", () =>
    withDevice(async (device) => {
      const [buffer, module] = [device.allocate(4), await device.load(entry, text("add"))];
      device.free(buffer);
      expect(() => device.free(buffer)).toThrow(AR108);
      await expect(device.read(buffer)).rejects.toThrow(AR108);
      await expect(module.launch("add", [buffer, 1])).rejects.toThrow(AR108);
      const other = await device.load(entry, text("add"));
      await module.close();
      await expect(module.launch("add", [device.allocate(4), 1])).rejects.toThrow(AR108);
      const kept = device.allocate(4);
      await device.close();
      device.free(kept); // its memory went with the device
      await expect(other.launch("add", [1, 1])).rejects.toThrow(AR108);
      expect(() => device.allocate(4)).toThrow(AR108);
      await expect(device.synchronize()).rejects.toThrow(AR108);
      await expect(device.load(entry, text("add"))).rejects.toThrow(AR108);
      expect(device.allocatedBytes).toBe(0);
    }));

  it("refuses arguments that do not fit", () =>
    withDevice(async (device) => {
      const [buffer, module] = [device.allocate(4), await device.load(entry, text("add"))];
      const wrong = [[buffer], [buffer, buffer], [1, 1], [buffer, 1, 1], [{ buffer, byteOffset: 1, byteLength: 3 }, 1], [{ buffer, byteOffset: 1, byteLength: 4 }, 1], [{ buffer, byteOffset: -1, byteLength: 4 }, 1]]; // biome-ignore format: a list
      for (const args of wrong) await expect(module.launch("add", args)).rejects.toThrow(AR108);
      await expect(module.launch("sub", [buffer, 1])).rejects.toThrow(AR108);
      await expect((await device.load(entry, text("other"))).launch("add", [buffer, 1])).rejects.toThrow(AR108);
      await expect(device.write(buffer, new Uint8Array(5))).rejects.toThrow(AR108);
      await expect(device.read(buffer, 2, 3)).rejects.toThrow(AR108);
      for (const size of [-1, 0.5, Number.NaN, 2 ** 52]) expect(() => device.allocate(size)).toThrow(AR108);
    }));

  it("stops before a launch that was given up, and keeps devices apart", () =>
    withDevice((one) =>
      withDevice(async (two) => {
        const [buffer, module] = [one.allocate(4), await two.load(entry, text("add"))];
        await expect(module.launch("add", [buffer, 1])).rejects.toThrow(AR108);
        const signal = AbortSignal.abort(new Error("enough"));
        await expect(module.launch("add", [two.allocate(4), 1], { signal })).rejects.toThrow("enough");
      }),
    ));
});
