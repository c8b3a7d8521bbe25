import type { Access, Place } from "@tilewright/artifact";
import fc from "fast-check";
import type { ByteCall, ByteModel } from "./byte-programs.js";

const DEVICES = ["alpha", "beta", "gamma"];
const ARENA = 512;
const STATE = 448;
const WEIGHTS = 200;
const INPUTS = [40, 64];
const OUTPUTS = [16, 100];
/** The bytes 240 .. 256 and from 432 on belong to no state. */
const STATES = [
  { offset: 0, bytes: 100, initial: Uint8Array.from({ length: 100 }, (_, k) => k) },
  { offset: 100, bytes: 140 },
  { offset: 256, bytes: 176, initial: Uint8Array.from({ length: 176 }, (_, k) => 255 - k) },
];

interface Draw {
  readonly device: number;
  readonly arguments: readonly {
    readonly region: number;
    readonly access: number;
    readonly at: number;
    readonly size: number;
  }[];
}

/** Which bytes have a value. */
type Defined = Record<"arena" | "state" | "output", boolean[][]>;

/** Programs that read no byte before it has a value, on three devices; places overlap each other in any way between calls. */
export const byteModels: fc.Arbitrary<ByteModel> = fc
  .record({
    calls: fc.array(
      fc.record<Draw>({
        device: fc.nat({ max: DEVICES.length - 1 }),
        arguments: fc.array(
          fc.record({
            region: fc.nat({ max: 9 }),
            access: fc.nat({ max: 3 }),
            at: fc.nat({ max: 7 }),
            size: fc.nat({ max: 3 }),
          }),
          { minLength: 1, maxLength: 4 },
        ),
      }),
      { minLength: 1, maxLength: 9 },
    ),
    prepare: fc.option(fc.constantFrom(...DEVICES), { nil: undefined, freq: 4 }),
  })
  .map(({ calls, prepare }): ByteModel => {
    const defined: Defined = {
      arena: [new Array(ARENA).fill(false)],
      state: [Array.from({ length: STATE }, (_, k) => k < 240 || (k >= 256 && k < 432))],
      output: OUTPUTS.map((bytes) => new Array(bytes).fill(false)),
    };
    return {
      calls: calls.map((draw) => callOf(draw, defined)),
      arenaBytes: ARENA,
      weights: Uint8Array.from({ length: WEIGHTS }, (_, k) => k * 3),
      inputs: INPUTS,
      outputs: OUTPUTS,
      states: STATES,
      stateBytes: STATE,
      ...(prepare === undefined ? {} : { prepare }),
    };
  });

function callOf({ device, arguments: draws }: Draw, defined: Defined): ByteCall {
  const args: [Access, Place][] = [];
  for (const { region, access, at, size } of draws) {
    const place = placeOf(region, at, size);
    const apart = args.every(([before, other]) => before === "read" || !meetInPart(place, other));
    const readOnly = place.region === "weights" || place.region === "input";
    const wanted: Access = readOnly || access < 2 ? "read" : access === 2 ? "write" : "readwrite";
    const known = readOnly || bytesAt(place, defined).every((byte) => byte);
    const possible: Access = known ? wanted : "write";
    const clear = possible === "read" ? apart : args.every(([, other]) => !meetInPart(place, other));
    if (clear) args.push([possible, place]);
  }
  for (const [access, place] of args) if (access !== "read") define(place, defined);
  return { device: DEVICES[device] ?? "", arguments: args };
}

function placeOf(region: number, at: number, size: number): Place {
  const bytes = [16, 64, 100, 128][size] ?? 0;
  if (region < 3) return { region: "arena", offset: Math.min(at * 64, 384), bytes };
  if (region < 6) return { region: "state", offset: Math.min(at * 64, 320), bytes };
  if (region === 6) return { region: "weights", offset: (at % 2) * 64, bytes };
  return region === 7 ? { region: "input", position: at % 2 } : { region: "output", position: at % 2 };
}

function bytesAt(place: Place, defined: Defined): readonly boolean[] {
  if ("offset" in place)
    return defined[place.region as "arena"][0]?.slice(place.offset, place.offset + place.bytes) ?? [];
  return defined.output[place.position] ?? [];
}

function define(place: Place, defined: Defined): void {
  if ("offset" in place) defined[place.region as "arena"][0]?.fill(true, place.offset, place.offset + place.bytes);
  else defined.output[place.position]?.fill(true);
}

function meetInPart(one: Place, other: Place): boolean {
  if (!("offset" in one && "offset" in other) || one.region !== other.region) return false;
  const same = one.offset === other.offset && one.bytes === other.bytes;
  return !same && Math.max(one.offset, other.offset) < Math.min(one.offset + one.bytes, other.offset + other.bytes);
}
