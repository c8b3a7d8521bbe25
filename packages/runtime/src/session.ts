import type { Device, DeviceBuffer, LaunchOptions, StateEntry, TensorEntry } from "@tilewright/artifact";
import { checkApart } from "./aliasing.js";
import { describe } from "./checks.js";
import { ASYNC_DISPOSE } from "./dispose.js";
import { disposed, wrongDtype, wrongNames } from "./errors.js";
import { Holders } from "./holders.js";
import type { LoadedModel } from "./loaded-model.js";
import { STATE, WEIGHTS } from "./model-calls.js";
import { ModelMemory, rangeOfState } from "./model-memory.js";
import { type NDArray, zeros } from "./ndarray.js";
import { devicesIn, type Memory } from "./plan-copies.js";
import { RunArrays } from "./run-arrays.js";
import { runPlan } from "./run-plan.js";
import { checkArray, checkUsable, download, upload, whole, writeBytes } from "./transfer.js";

/** Arrays by the names of inputs or outputs. */
export interface NamedArrays {
  readonly [name: string]: NDArray;
}

export interface RunOptions extends LaunchOptions {
  /** Arrays that receive outputs, by name; of the others new ones are made. */
  readonly outputs?: NamedArrays;
}

/** A session with memory of its own and states as the artifact holds them; the first one runs `prepare`. @throws CompileError `RT108` */
export async function openSession(shared: LoadedModel, which: "first" | "fork"): Promise<Session> {
  const { devices, footprints } = shared;
  shared.sessions += 1; // from now on: the others may be disposed before it is open
  const taken: (readonly [device: number, buffer: DeviceBuffer])[] = [];
  const free = (): void => {
    for (const [d, buffer] of taken) devices[d]?.free(buffer);
  };
  try {
    const slices = footprints.map((byDevice, region) =>
      byDevice.map((footprint, d) => {
        if (region === WEIGHTS) return shared.weights[d];
        const buffer = footprint && devices[d]?.allocate(footprint.bytes);
        if (buffer !== undefined) taken.push([d, buffer]);
        return buffer && whole(buffer);
      }),
    );
    const memory = new ModelMemory(devices, footprints, slices);
    const fresh = await writeStates(shared, memory);
    const states = which === "first" ? await shared.prepare(memory, fresh) : fresh;
    return new Session(shared, memory, states, free);
  } catch (error) {
    free();
    await shared.release();
    throw error;
  }
}

/** Gives states the values that the artifact holds. Returns who holds them then. */
async function writeStates(shared: LoadedModel, memory: ModelMemory): Promise<Holders> {
  const { artifact, devices, model } = shared;
  const fresh = shared.fresh.get(STATE) ?? Holders.NONE;
  for (const state of model.states) {
    const { initial, dtype, shape } = state;
    const range = rangeOfState(state);
    const bytes =
      initial === null
        ? zeros(shape, dtype).bytes
        : (artifact.blobs.get(initial.blob) ?? new Uint8Array()).subarray(initial.offset);
    for (const { begin, end, holders } of fresh.within(range.begin, range.end))
      for (const d of devicesIn(holders)) {
        const part = bytes.subarray(begin - range.begin, end - range.begin);
        await writeBytes(devices[d] as Device, memory.part(STATE, d, { begin, end }), part);
      }
  }
  return fresh;
}

/** A model that runs, with memory and states of its own. */
export class Session implements AsyncDisposable {
  readonly #shared: LoadedModel;
  readonly #memory: ModelMemory;
  readonly #free: () => void;
  /** Who holds the states. */
  #states: Holders;
  #open = true;
  #last: Promise<unknown> = Promise.resolve();

  constructor(shared: LoadedModel, memory: ModelMemory, states: Holders, free: () => void) {
    this.#shared = shared;
    this.#memory = memory;
    this.#states = states;
    this.#free = free;
  }

  get inputs(): readonly TensorEntry[] {
    return this.#shared.model.inputs;
  }

  get outputs(): readonly TensorEntry[] {
    return this.#shared.model.outputs;
  }

  get states(): readonly TensorEntry[] {
    return this.#shared.model.states;
  }

  /**
   * Runs the model, after runs that were asked for before. Arrays in a device (`deviceArray`) are read and written where they lie, others are copied.
   * An output may be the memory of an input: it is written after the run. Whatever is wrong with inputs and outputs is said before the run, which
   * then changes no state. A run that stops half way leaves states as it has brought them so far.
   * @throws CompileError `RT101` shape · `RT102` type · `RT103` missing or unknown names · `RT104` disposed · `RT109` aborted · `RT110` ·
   *   `RT117` outputs that share memory
   */
  run(inputs: NamedArrays, options: RunOptions = {}): Promise<NamedArrays> {
    return this.#inTurn(() => this.#run(inputs, options ?? {}));
  }

  async #run(inputs: NamedArrays, options: RunOptions): Promise<NamedArrays> {
    this.#checkOpen();
    const { model } = this.#shared;
    checkNames("input", inputs, model.inputs);
    checkNames("output", options.outputs ?? {}, model.outputs);
    for (const { name, dtype, shape } of model.inputs) checkArray(name, inputs[name] as NDArray, dtype, shape);
    const results = takeOutputs(model.outputs, options.outputs ?? {});
    const arraysOf = (tensors: readonly TensorEntry[], given: NamedArrays): readonly NDArray[] =>
      tensors.map(({ name }) => given[name] as NDArray);
    const arrays = new RunArrays(
      this.#shared,
      this.#memory,
      arraysOf(model.inputs, inputs),
      arraysOf(model.outputs, results),
    );
    await arrays.upload();
    const after = await this.#execute(arrays.memory, options.signal === undefined ? {} : { signal: options.signal });
    await arrays.download(after);
    return results;
  }

  /** Makes the calls and keeps account of the states, also when a call fails. Returns who holds what in the end. */
  async #execute(memory: ModelMemory, options: LaunchOptions): Promise<Memory> {
    const { artifact, modules, plans } = this.#shared;
    const plan = plans.from(this.#states);
    const progress = { calls: 0 };
    try {
      await runPlan(artifact.manifest.name, plan, memory, modules, options, progress, () => this.#checkOpen());
      this.#states = plan.memory.get(STATE) ?? this.#states;
      return plan.memory;
    } catch (error) {
      if (progress.calls > 0) this.#states = plans.statesAfter(this.#states, progress.calls);
      await memory.settle().catch(() => undefined); // the first error is the one to tell
      throw error;
    }
  }

  /** A copy of a state. @throws CompileError `RT103` no such state */
  getState(name: string): Promise<NDArray> {
    return this.#inTurn(() => this.#getState(name));
  }

  async #getState(name: string): Promise<NDArray> {
    const state = this.#state(name);
    const array = zeros(state.shape, state.dtype);
    const range = rangeOfState(state);
    for (const { begin, end, holders } of this.#states.within(range.begin, range.end)) {
      const [d = 0] = devicesIn(holders);
      const device = this.#shared.devices[d];
      if (device === undefined) continue;
      await download(device, this.#memory.part(STATE, d, { begin, end }), array, begin - range.begin);
    }
    return array;
  }

  /** @throws CompileError `RT101`, `RT102`, `RT103` */
  setState(name: string, value: NDArray): Promise<void> {
    return this.#inTurn(() => this.#setState(name, value));
  }

  async #setState(name: string, value: NDArray): Promise<void> {
    const state = this.#state(name);
    checkArray(name, value, state.dtype, state.shape);
    const range = rangeOfState(state);
    const { devices, fresh } = this.#shared;
    for (const { begin, end, holders } of fresh.get(STATE)?.within(range.begin, range.end) ?? []) {
      for (const d of devicesIn(holders)) await upload(devices[d] as Device, value, this.#memory.part(STATE, d, range));
      this.#states = this.#states.with(begin, end, holders);
    }
  }

  /** States as the artifact holds them. */
  resetStates(): Promise<void> {
    return this.#inTurn(async () => {
      this.#checkOpen();
      this.#states = await writeStates(this.#shared, this.#memory);
    });
  }

  /** Another session of the same model: code and weights are shared, states begin anew. @throws CompileError `RT104`, `RT108` */
  async fork(): Promise<Session> {
    this.#checkOpen();
    return openSession(this.#shared, "fork");
  }

  /** Gives the session's memory back, when a run that is under way has stopped; the last session gives code and weights back too. Twice is once. */
  async dispose(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#last;
    this.#free();
    await this.#shared.release();
  }

  [ASYNC_DISPOSE](): Promise<void> {
    return this.dispose();
  }

  /** One thing after another: runs share the session's memory. */
  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#last.then(action);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #state(name: string): StateEntry {
    this.#checkOpen();
    const { states } = this.#shared.model;
    const state = states.find((entry) => entry.name === name);
    const known = states.map((entry) => entry.name);
    if (state === undefined) throw wrongNames("state", "unknown", name, known);
    return state;
  }

  #checkOpen(): void {
    if (!this.#open) throw disposed("the session");
  }
}

/** The arrays that receive outputs: given ones, ready to be written, and new ones. */
function takeOutputs(tensors: readonly TensorEntry[], given: NamedArrays): Record<string, NDArray> {
  const results = Object.fromEntries(
    tensors.map(({ name, dtype, shape }) => [
      name,
      (Object.hasOwn(given, name) ? given[name] : null) ?? zeros(shape, dtype),
    ]),
  );
  for (const { name, dtype, shape } of tensors) {
    const result = results[name] as NDArray;
    checkArray(name, result, dtype, shape);
    checkUsable(name, result);
  }
  checkApart(Object.entries(results));
  return results;
}

function checkNames(kind: "input" | "output", given: NamedArrays, tensors: readonly TensorEntry[]): void {
  const names = tensors.map(({ name }) => name);
  if (typeof given !== "object" || given === null)
    throw wrongDtype(
      `${kind}s`,
      "an object of arrays by their names",
      describe(given),
      `pass \`{ ${names[0] ?? ""}: array }\``,
    );
  for (const name of Object.keys(given)) if (!names.includes(name)) throw wrongNames(kind, "unknown", name, names);
  if (kind === "output") return;
  for (const name of names) if (!Object.hasOwn(given, name)) throw wrongNames(kind, "missing", name, names);
}
