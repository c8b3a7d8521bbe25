/** How a model runs, as calls of functions on regions of memory: a program call by call, an entry as one call on everything. */
import { ELEMENT_BYTES, type FunctionEntry, type LaunchCall, type ModelEntry, type Place } from "@tilewright/artifact";
import type { Range } from "./footprint.js";
import { sizeOf } from "./ndarray.js";

/** Regions have numbers: these three, then inputs, then outputs. */
export const [ARENA, WEIGHTS, STATE] = [0, 1, 2] as const;

export interface Argument extends Range {
  readonly region: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** One call, on the device that holds the function. */
export interface Call {
  readonly function: string;
  /** By its position. */
  readonly device: number;
  readonly arguments: readonly Argument[];
}

/** A function with the device that it runs on. */
export interface Placed {
  readonly entry: FunctionEntry;
  readonly device: number;
}

/** Names of the functions that a model calls. */
export function functionsOf({ entry, program, prepare }: ModelEntry): readonly string[] {
  const called = program == null ? [entry ?? ""] : program.map((call) => call.function);
  return [...new Set(prepare === null ? called : [prepare, ...called])];
}

/** Bytes of each region. */
export function regionBytes({ arenaBytes, weightsBytes, stateBytes, inputs, outputs }: ModelEntry): readonly number[] {
  const tensors = [...inputs, ...outputs].map(({ shape, dtype }) => sizeOf(shape) * ELEMENT_BYTES[dtype]);
  return [arenaBytes, weightsBytes, stateBytes, ...tensors];
}

/** The number of an input's region. */
export function inputRegion(position: number): number {
  return STATE + 1 + position;
}

/** The number of an output's region. */
export function outputRegion({ inputs }: ModelEntry, position: number): number {
  return STATE + 1 + inputs.length + position;
}

/** The calls of one run. */
export function callsOf(model: ModelEntry, placed: (name: string) => Placed): readonly Call[] {
  const bytes = regionBytes(model);
  if (model.program == null) return [callOnAll(model.entry ?? "", bytes, placed)];
  return model.program.map((call) => callOf(call, model, bytes, placed(call.function)));
}

/** The call that prepares a model, if it has one: it may change weights and states. */
export function preparation(model: ModelEntry, placed: (name: string) => Placed): readonly Call[] {
  return model.prepare === null ? [] : [callOnAll(model.prepare, regionBytes(model).slice(0, STATE + 1), placed)];
}

/** What such a function does with the regions is its own affair. */
function callOnAll(name: string, bytes: readonly number[], placed: (name: string) => Placed): Call {
  const args = bytes.map((end, region) => ({ region, begin: 0, end, reads: true, writes: true }));
  return { function: name, device: placed(name).device, arguments: args };
}

function callOf(call: LaunchCall, model: ModelEntry, bytes: readonly number[], { entry, device }: Placed): Call {
  const args = call.arguments.map((place, position): Argument => {
    const parameter = entry.parameters[position];
    const access = parameter?.kind === "buffer" ? parameter.access : "readwrite";
    return { ...rangeOf(place, model, bytes), reads: access !== "write", writes: access !== "read" };
  });
  return { function: call.function, device, arguments: args };
}

function rangeOf(place: Place, model: ModelEntry, bytes: readonly number[]): Range & { readonly region: number } {
  if ("offset" in place) {
    const region = { arena: ARENA, weights: WEIGHTS, state: STATE }[place.region];
    return { region, begin: place.offset, end: place.offset + place.bytes };
  }
  const region = place.region === "input" ? inputRegion(place.position) : outputRegion(model, place.position);
  return { region, begin: 0, end: bytes[region] ?? 0 };
}
