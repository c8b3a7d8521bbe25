import type { Device, DeviceSlice } from "@tilewright/artifact";
import { overlap } from "./aliasing.js";
import { inputRegion, outputRegion } from "./model-calls.js";
import { type ByRegion, ModelMemory } from "./model-memory.js";
import type { NDArray } from "./ndarray.js";
import { devicesIn, type Memory } from "./plan-copies.js";
import type { SharedModel } from "./shared-model.js";
import { download, sliceOn, upload } from "./transfer.js";

/** An array of the caller for a region. */
interface Bound {
  readonly array: NDArray;
  readonly region: number;
  /** The device that works on the array where it lies; −1: none, each on a buffer of the session. */
  readonly lent: number;
}

/** The arrays of one run: those in a device that works on them are used where they lie, others are copied to and fro. */
export class RunArrays {
  /** The session's memory, but for what is lent. */
  readonly memory: ModelMemory;
  readonly #devices: readonly Device[];
  readonly #slices: ByRegion<DeviceSlice>;
  readonly #inputs: readonly Bound[];
  readonly #outputs: readonly Bound[];

  constructor(
    shared: SharedModel,
    own: ByRegion<DeviceSlice>,
    inputs: readonly NDArray[],
    outputs: readonly NDArray[],
  ) {
    const { devices, footprints, model } = shared;
    const lent = (array: NDArray, region: number): number =>
      devices.findIndex((device, d) => own[region]?.[d] !== undefined && sliceOn(device, array) !== undefined);
    this.#inputs = inputs.map((array, position) => {
      const region = inputRegion(position);
      return { array, region, lent: lent(array, region) };
    });
    // An output over an input would change it while it is read: it is computed apart and copied at the end.
    this.#outputs = outputs.map((array, position) => {
      const region = outputRegion(model, position);
      return { array, region, lent: inputs.some((input) => overlap(input, array)) ? -1 : lent(array, region) };
    });
    const slices = own.map((byDevice) => [...byDevice]);
    for (const { array, region, lent: d } of [...this.#inputs, ...this.#outputs]) {
      const [device, byDevice] = [devices[d], slices[region]];
      if (device !== undefined && byDevice !== undefined) byDevice[d] = sliceOn(device, array);
    }
    this.#devices = devices;
    this.#slices = slices;
    this.memory = new ModelMemory(devices, footprints, slices);
  }

  /** Brings inputs to each device that reads them. */
  async upload(): Promise<void> {
    for (const { array, region, lent } of this.#inputs)
      for (const [d, device] of this.#devices.entries()) {
        const slice = this.#slices[region]?.[d];
        if (slice !== undefined && d !== lent) await upload(device, array, slice);
      }
  }

  /** Fetches outputs from who holds them in the end. */
  async download(after: Memory): Promise<void> {
    for (const { array, region, lent } of this.#outputs)
      for (const { begin, end, holders } of after.get(region)?.within(0, array.byteLength) ?? []) {
        const held = devicesIn(holders);
        const [from = 0] = held;
        const device = this.#devices[from];
        if (device === undefined || held.includes(lent)) continue;
        await download(device, this.memory.part(region, from, { begin, end }), array, begin);
      }
  }
}
