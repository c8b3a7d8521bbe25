import { ALIGNMENT } from "@tilewright/artifact";
import { bytesOf, type Graph, type Value } from "@tilewright/ir";
import { type MemoryPlan, type MemoryRequest, planMemory } from "@tilewright/memplan";
import { countOf } from "./group-tensors.js";
import type { Copy, RootOf, Transfers } from "./storage.js";

/** Where a value lies: in a region, by its offset in bytes, or in what the caller brings. */
export type Location =
  | { readonly kind: "arena" | "weights" | "state"; readonly offset: number; readonly bytes: number }
  | { readonly kind: "input" | "output"; readonly position: number };

/** One kernel of the program, seen by the memory planner. */
export interface KernelStep {
  /** Values read, and the only one written. */
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** Inputs that the output may overwrite if nothing needs them later. */
  readonly overwrites: readonly Value[];
}

export interface MemoryLayout {
  /** By root value; `saved` copies of states are under `savedLocations`. */
  readonly locations: ReadonlyMap<Value, Location>;
  readonly savedLocations: ReadonlyMap<Value, Location>;
  /** Copies after the kernels, those included that memory made necessary. */
  readonly after: readonly Copy[];
  /** For each step, the inputs that its output does overwrite. */
  readonly overwritten: readonly (readonly Value[])[];
  readonly stateOffsets: readonly number[];
  readonly weightOffsets: ReadonlyMap<Value, number>;
  /** Constants first, as the artifact holds them, then what is prepared from them at load. */
  readonly constantBytes: number;
  readonly weightsBytes: number;
  readonly stateBytes: number;
  readonly plan: MemoryPlan;
}

const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
const sizeInBytes = (value: Value): number => bytesOf(value.dtype, countOf(value));

/**
 * Places every value of the program. Step 0 copies what is given, step k + 1 is kernel k, the last step copies results.
 * A next state is written into its state by the kernel that makes it, when no later step reads the old one, and the kernel itself only where
 * it writes.
 */
export function layOut(
  graph: Graph,
  steps: readonly KernelStep[],
  transfers: Transfers,
  rootOf: RootOf,
  constants: ReadonlySet<Value>,
  prepared: readonly Value[],
): MemoryLayout {
  const locations = new Map<Value, Location>();
  for (const [position, value] of graph.inputs.entries()) locations.set(value, { kind: "input", position });
  const states = place(graph.states.map(({ value }) => value));
  graph.states.forEach(({ value }, position) => {
    locations.set(value, { kind: "state", offset: states.offsets[position] ?? 0, bytes: sizeInBytes(value) });
  });
  const weights = graph.constants.map(({ value }) => value).filter((value) => constants.has(value));
  const { offsets, bytes: weightsBytes } = place([...weights, ...prepared]);
  [...weights, ...prepared].forEach((value, position) => {
    locations.set(value, { kind: "weights", offset: offsets[position] ?? 0, bytes: sizeInBytes(value) });
  });
  const lastRead = lastReads(steps, transfers, rootOf);
  const after = [...transfers.after];
  for (const [step, { output, overwrites }] of steps.entries()) {
    const position = transfers.outputs.get(output);
    if (position !== undefined) locations.set(output, { kind: "output", position });
    const state = transfers.nextStates.get(output);
    if (state === undefined) continue;
    const old = graph.states[state]?.value;
    const target = old === undefined ? undefined : locations.get(old);
    if (old === undefined || target === undefined) continue;
    const last = lastRead.get(old) ?? -1;
    if (last < step || (last === step && overwrites.map(rootOf).includes(old))) locations.set(output, target);
    else after.push({ from: output, to: { kind: "state", position: state } });
  }
  const { plan, savedLocations } = planArena(steps, { ...transfers, after }, rootOf, locations);
  const overwritten = steps.map(({ output, overwrites }) =>
    overwrites.filter((input) => sharing(locations, rootOf(input), output)),
  );
  const weightOffsets = new Map(weights.map((value, position) => [value, offsets[position] ?? 0]));
  return {
    locations,
    savedLocations,
    after,
    overwritten,
    stateOffsets: states.offsets,
    weightOffsets,
    constantBytes: offsets[weights.length] ?? weightsBytes,
    weightsBytes,
    stateBytes: states.bytes,
    plan,
  };
}

/** Values one after the other, aligned. */
function place(values: readonly Value[]): { readonly offsets: readonly number[]; readonly bytes: number } {
  let bytes = 0;
  const offsets = values.map((value) => {
    const offset = bytes;
    bytes += align(sizeInBytes(value));
    return offset;
  });
  return { offsets, bytes };
}

/** The last kernel, by position, that reads each root; the number of kernels for what is copied at the end. */
function lastReads(steps: readonly KernelStep[], { after }: Transfers, rootOf: RootOf): Map<Value, number> {
  const last = new Map<Value, number>();
  for (const [step, { inputs }] of steps.entries()) for (const input of inputs) last.set(rootOf(input), step);
  for (const { from } of after) last.set(from, steps.length);
  return last;
}

function sharing(locations: ReadonlyMap<Value, Location>, a: Value, b: Value): boolean {
  const [left, right] = [locations.get(a), locations.get(b)];
  if (left === undefined || right === undefined || left.kind !== right.kind) return false;
  return "offset" in left && "offset" in right && left.offset === right.offset;
}

/** What is nowhere yet goes to the arena. */
function planArena(
  steps: readonly KernelStep[],
  transfers: Transfers,
  rootOf: RootOf,
  locations: Map<Value, Location>,
): { readonly plan: MemoryPlan; readonly savedLocations: ReadonlyMap<Value, Location> } {
  const end = steps.length + 2;
  const last = lastReads(steps, transfers, rootOf);
  const values: Value[] = [];
  const requests: MemoryRequest[] = [];
  const positions = new Map<Value, number>();
  for (const [step, { output, overwrites }] of steps.entries()) {
    if (locations.has(output)) continue;
    const mayReuse = overwrites
      .map((input) => positions.get(rootOf(input)))
      .filter((position) => position !== undefined);
    positions.set(output, values.length);
    values.push(output);
    requests.push({
      bytes: sizeInBytes(output),
      from: step + 1,
      to: Math.max(step, last.get(output) ?? step) + 2,
      mayReuse,
    });
  }
  const saved = [...transfers.saved];
  for (const value of saved) requests.push({ bytes: sizeInBytes(value), from: 0, to: end });
  const plan = planMemory(requests, { alignment: ALIGNMENT });
  values.forEach((value, position) => {
    locations.set(value, { kind: "arena", offset: plan.offsets[position] ?? 0, bytes: sizeInBytes(value) });
  });
  const savedLocations = new Map<Value, Location>();
  saved.forEach((value, k) => {
    const offset = plan.offsets[values.length + k] ?? 0;
    savedLocations.set(value, { kind: "arena", offset, bytes: sizeInBytes(value) });
  });
  return { plan, savedLocations };
}
