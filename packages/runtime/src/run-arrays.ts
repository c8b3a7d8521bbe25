import type { Device } from "@tilewright/artifact";
import { overlap } from "./aliasing.js";
import type { LoadedModel } from "./loaded-model.js";
import { inputRegion, outputRegion } from "./model-calls.js";
import type { ModelMemory } from "./model-memory.js";
import type { NDArray } from "./ndarray.js";
import { bitOf, deviceIn, type Memory } from "./plan-copies.js";
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
  readonly #inputs: readonly Bound[];
  readonly #outputs: readonly Bound[];

  constructor(
    { devices, model }: LoadedModel,
    own: ModelMemory,
    inputs: readonly NDArray[],
    outputs: readonly NDArray[],
  ) {
    const there = ({ storage, isDisposed }: NDArray, region: number): number => {
      if (storage.kind === "host" || isDisposed) return -1;
      return devices.findIndex((device, d) => device === storage.device && own.slice(region, d) !== undefined);
    };
    this.#devices = devices;
    this.#inputs = inputs.map((array, position) => {
      const region = inputRegion(position);
      return { array, region, lent: there(array, region) };
    });
    this.#outputs = outputs.map((array, position) => {
      const region = outputRegion(model, position);
      const lent = there(array, region);
      // An output over an input would change it while it is read: it is computed apart and copied at the end.
      return { array, region, lent: lent >= 0 && inputs.some((input) => overlap(input, array)) ? -1 : lent };
    });
    this.memory = [...this.#inputs, ...this.#outputs].reduce((memory, { array, region, lent }) => {
      const device = devices[lent];
      return device === undefined ? memory : memory.lend(region, lent, sliceOn(device, array));
    }, own);
  }

  /** Brings inputs to each device that reads them. */
  async upload(): Promise<void> {
    for (const { array, region, lent } of this.#inputs)
      for (let d = 0; d < this.#devices.length; d++) {
        const [device, slice] = [this.#devices[d], this.memory.slice(region, d)];
        if (device !== undefined && slice !== undefined && d !== lent) await upload(device, array, slice);
      }
  }

  /** Fetches outputs from who holds them in the end. */
  async download(after: Memory): Promise<void> {
    for (const { array, region, lent } of this.#outputs)
      for (const piece of after.get(region)?.pieces ?? []) {
        const from = deviceIn(piece.holders);
        const device = this.#devices[from];
        if (device === undefined || (lent >= 0 && (piece.holders & bitOf(lent)) !== 0)) continue;
        await download(device, this.memory.part(region, from, piece), array, piece.begin);
      }
  }
}
