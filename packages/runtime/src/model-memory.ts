/** The memory of a model in its devices: of each region a device holds the parts that its calls work on. */
import {
  type Device,
  type DeviceSlice,
  ELEMENT_BYTES,
  type LaunchArgument,
  type ModelEntry,
  type TensorEntry,
} from "@tilewright/artifact";
import { Footprint, type Range } from "./footprint.js";
import { type Call, regionBytes, STATE } from "./model-calls.js";
import { sizeOf } from "./ndarray.js";
import type { Copy } from "./plan-copies.js";
import { move } from "./transfer.js";

/** By region, then by the position of the device: what it holds, undefined where it has no part. */
export type ByRegion<T> = readonly (readonly (T | undefined)[])[];

/**
 * What each device must hold for the calls. A state lies whole wherever a part of it does, and one that no call knows in the first device. An entry
 * is one call on everything: what it works on are the regions as they are.
 */
export function footprintsOf(model: ModelEntry, calls: readonly Call[], devices: number): ByRegion<Footprint> {
  const states = model.states.map(rangeOfState);
  return regionBytes(model).map((_, region) => {
    const inRegion = ({ arguments: args }: Call): readonly Range[] => args.filter((each) => each.region === region);
    const known = calls.flatMap(inRegion);
    return Array.from({ length: devices }, (_, device) => {
      const own = calls.filter((call) => call.device === device).flatMap(inRegion);
      const needed = (state: Range): boolean => meets(own, state) || (device === 0 && !meets(known, state));
      const ranges = region === STATE ? [...own, ...states.filter(needed)] : own;
      return ranges.length === 0 ? undefined : new Footprint(ranges);
    });
  });
}

/** Where a state lies in its region. */
export function rangeOfState({ offset, shape, dtype }: TensorEntry & { readonly offset: number }): Range {
  return { begin: offset, end: offset + sizeOf(shape) * ELEMENT_BYTES[dtype] };
}

function meets(ranges: readonly Range[], { begin, end }: Range): boolean {
  return ranges.some((range) => Math.max(begin, range.begin) < Math.min(end, range.end));
}

/** Buffers by regions and devices, with what was launched on them since they were last waited for. */
export class ModelMemory {
  readonly #devices: readonly Device[];
  readonly #footprints: ByRegion<Footprint>;
  readonly #slices: ByRegion<DeviceSlice>;
  readonly #busy = new Set<number>();
  readonly #arguments = new Map<Call, readonly LaunchArgument[]>();

  constructor(devices: readonly Device[], footprints: ByRegion<Footprint>, slices: ByRegion<DeviceSlice>) {
    this.#devices = devices;
    this.#footprints = footprints;
    this.#slices = slices;
  }

  /** Bytes of a region as they lie in a device that holds them all. */
  part(region: number, device: number, { begin, end }: Range): DeviceSlice {
    const slice = this.#slices[region]?.[device] as DeviceSlice;
    const place = this.#footprints[region]?.[device]?.place(begin) ?? 0;
    return { buffer: slice.buffer, byteOffset: slice.byteOffset + place, byteLength: end - begin };
  }

  /** The buffer of a region in a device; undefined where it has no part of it. */
  slice(region: number, device: number): DeviceSlice | undefined {
    return this.#slices[region]?.[device];
  }

  /** The same memory with another place for a region in a device. */
  lend(region: number, device: number, slice: DeviceSlice | undefined): ModelMemory {
    const slices = [...this.#slices];
    slices[region] = (slices[region] ?? []).map((own, d) => (d === device ? slice : own));
    return new ModelMemory(this.#devices, this.#footprints, slices);
  }

  /** What a call is given. */
  argumentsOf(call: Call): readonly LaunchArgument[] {
    const known = this.#arguments.get(call);
    if (known !== undefined) return known;
    const args = call.arguments.map((argument): LaunchArgument => {
      const slice = this.part(argument.region, call.device, argument);
      return slice.byteLength === slice.buffer.byteLength ? slice.buffer : slice;
    });
    this.#arguments.set(call, args);
    return args;
  }

  /** Notes that a device works. */
  launched(device: number): void {
    this.#busy.add(device);
  }

  /** Waits until some devices, or all, have done what was launched; also those after one that fails. */
  settle(devices: readonly number[] = [...this.#busy]): Promise<void> {
    const working = devices
      .filter((device) => this.#busy.delete(device))
      .map((device) => this.#devices[device] as Device);
    const [only] = working;
    return working.length === 1 && only !== undefined ? only.synchronize() : allSettled(working);
  }

  /** From device to device, when both have done what was launched. */
  async copy({ region, begin, end, from, to }: Copy): Promise<void> {
    await this.settle([from, to]);
    const [source, target] = [this.#devices[from] as Device, this.#devices[to] as Device];
    await move(source, this.part(region, from, { begin, end }), target, this.part(region, to, { begin, end }));
  }
}

async function allSettled(devices: readonly Device[]): Promise<void> {
  const ends = await Promise.allSettled(devices.map((device) => device.synchronize()));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
