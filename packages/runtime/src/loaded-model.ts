import type { Artifact, Device, DeviceBuffer, DeviceSlice, ModelEntry } from "@tilewright/artifact";
import type { Footprint } from "./footprint.js";
import { Holders } from "./holders.js";
import {
  type Call,
  callsOf,
  functionsOf,
  inputRegion,
  preparation,
  regionBytes,
  STATE,
  WEIGHTS,
} from "./model-calls.js";
import { type ByRegion, footprintsOf, ModelMemory, rangeOfState } from "./model-memory.js";
import { type LoadedFunctions, loadModules } from "./modules.js";
import { bitOf, devicesIn, type Memory, OUTSIDE, Plans, planCopies } from "./plan-copies.js";
import { runPlan } from "./run-plan.js";
import { whole, writeBytes } from "./transfer.js";

/** Code and weights of a model in devices; sessions share them and count. */
export class LoadedModel {
  readonly artifact: Artifact;
  readonly model: ModelEntry;
  readonly devices: readonly Device[];
  readonly modules: LoadedFunctions;
  readonly footprints: ByRegion<Footprint>;
  /** Who is given what comes from outside: each device the weights that it reads, and the states that it reads before they are written. */
  readonly fresh: Memory;
  readonly #preparation: readonly Call[];
  readonly #calls: readonly Call[];
  readonly #buffers: (DeviceBuffer | undefined)[] = [];
  #plans: Plans;
  sessions = 0;

  /** @throws CompileError `RT107` · `RT108` · `RT111` */
  static async load(artifact: Artifact, model: ModelEntry, devices: readonly Device[]): Promise<LoadedModel> {
    const shared = new LoadedModel(artifact, model, devices, await loadModules(artifact, devices, functionsOf(model)));
    try {
      await shared.#loadWeights();
      return shared;
    } catch (error) {
      await shared.close();
      throw error;
    }
  }

  private constructor(artifact: Artifact, model: ModelEntry, devices: readonly Device[], modules: LoadedFunctions) {
    this.artifact = artifact;
    this.model = model;
    this.devices = devices;
    this.modules = modules;
    const find = (name: string) => modules.find(name);
    this.#preparation = preparation(model, find);
    this.#calls = callsOf(model, find);
    const all = [...this.#preparation, ...this.#calls];
    this.footprints = footprintsOf(model, all, devices.length);
    this.fresh = freshHolders(model, all, this.footprints);
    this.#plans = new Plans(this.#calls, this.#given(this.fresh.get(WEIGHTS)));
  }

  /** What lies where, and moves when, in a run. */
  get plans(): Plans {
    return this.#plans;
  }

  /** The weights, by devices. */
  get weights(): readonly (DeviceSlice | undefined)[] {
    return this.#buffers.map((buffer) => buffer && whole(buffer));
  }

  async #loadWeights(): Promise<void> {
    const { devices, model, artifact } = this;
    for (const [d, footprint] of (this.footprints[WEIGHTS] ?? []).entries())
      this.#buffers.push(footprint && devices[d]?.allocate(footprint.bytes));
    const memory = new ModelMemory(devices, this.footprints, [[], this.weights]);
    const bytes = artifact.blobs.get(model.weights ?? "") ?? new Uint8Array();
    for (const { begin, end, holders } of this.fresh.get(WEIGHTS)?.within(0, bytes.length) ?? [])
      for (const d of devicesIn(holders))
        await writeBytes(devices[d] as Device, memory.part(WEIGHTS, d, { begin, end }), bytes.subarray(begin, end));
  }

  /** Runs `prepare` on the memory of the first session, and brings what it made of the weights to whoever reads them. Returns who holds the states. */
  async prepare(memory: ModelMemory, states: Holders): Promise<Holders> {
    const weights = this.fresh.get(WEIGHTS) ?? Holders.NONE;
    const plan = planCopies(this.#preparation, new Map([[WEIGHTS, weights], [STATE, states]])); // biome-ignore format: a table
    await runPlan(this.artifact.manifest.name, plan, memory, this.modules);
    const after = planCopies(this.#calls, plan.memory);
    for (const { copies } of after.steps)
      for (const copy of copies) if (copy.region === WEIGHTS) await memory.copy(copy);
    this.#plans = new Plans(this.#calls, this.#given(after.memory.get(WEIGHTS)));
    return plan.memory.get(STATE) ?? Holders.NONE;
  }

  /** Who holds weights and inputs whenever a run begins: inputs are brought to each device that reads them. */
  #given(weights: Holders | undefined): Memory {
    const bytes = regionBytes(this.model);
    const inputs = this.model.inputs.map((_, position): [number, Holders] => {
      const region = inputRegion(position);
      const readers = (this.footprints[region] ?? []).reduce(
        (set, each, d) => (each === undefined ? set : set | bitOf(d)),
        0,
      );
      return [region, Holders.NONE.with(0, bytes[region] ?? 0, readers)];
    });
    return new Map([[WEIGHTS, weights ?? Holders.NONE], ...inputs]);
  }

  /** One session less; the last one closes it. */
  async release(): Promise<void> {
    this.sessions -= 1;
    if (this.sessions === 0) await this.close();
  }

  /** Gives code and weights back. */
  async close(): Promise<void> {
    for (const [d, buffer] of this.#buffers.entries()) if (buffer !== undefined) this.devices[d]?.free(buffer);
    this.#buffers.length = 0;
    await this.modules.close();
  }
}

/** A state that nobody reads before it is written goes to the first device that knows it. */
function freshHolders({ states }: ModelEntry, calls: readonly Call[], footprints: ByRegion<Footprint>): Memory {
  const outside = Holders.NONE.with(0, Number.POSITIVE_INFINITY, OUTSIDE);
  const { steps } = planCopies(calls, new Map([[WEIGHTS, outside], [STATE, outside]])); // biome-ignore format: a table
  const given = steps.flatMap(({ copies }) => copies).filter(({ from }) => from < 0);
  const weights = given
    .filter(({ region }) => region === WEIGHTS)
    .reduce((holders, { begin, end, to }) => holders.and(begin, end, bitOf(to)), Holders.NONE);
  const read = given
    .filter(({ region }) => region === STATE)
    .reduce((holders, { begin, end, to }) => holders.and(begin, end, bitOf(to)), Holders.NONE);
  const fresh = states.map(rangeOfState).reduce((holders, { begin, end }) => {
    const readers = read.within(begin, end).reduce((set, piece) => set | piece.holders, 0);
    const first = footprints[STATE]?.findIndex((footprint) => footprint?.place(begin) !== undefined) ?? -1;
    return holders.with(begin, end, readers === 0 && first >= 0 ? bitOf(first) : readers);
  }, Holders.NONE);
  return new Map([[WEIGHTS, weights], [STATE, fresh]]); // biome-ignore format: a table
}
