import {
  type Artifact,
  type Device,
  type DeviceBuffer,
  ELEMENT_BYTES,
  type LaunchArgument,
  type LaunchOptions,
  type ModelEntry,
  type StateEntry,
  type TensorEntry,
} from "@tilewright/artifact";
import { checkApart, overlap } from "./aliasing.js";
import { ASYNC_DISPOSE } from "./dispose.js";
import { checkDevice, describe } from "./checks.js";
import { disposed, noModel, wrongDtype, wrongNames } from "./errors.js";
import { type ArtifactSource, loadArtifact } from "./load-artifact.js";
import { type LoadedFunctions, loadModules } from "./modules.js";
import { type NDArray, sizeOf, zeros } from "./ndarray.js";
import { checkArray, checkUsable, download, sliceOn, upload } from "./transfer.js";

export interface LoadModelOptions {
  readonly device: Device;
}

/** Arrays by the names of inputs or outputs. */
export interface NamedArrays {
  readonly [name: string]: NDArray;
}

export interface RunOptions extends LaunchOptions {
  /** Arrays that receive outputs, by name; of the others new ones are made. */
  readonly outputs?: NamedArrays;
}

/** Code and weights in a device; sessions share them and count. */
interface SharedModel {
  readonly artifact: Artifact;
  readonly model: ModelEntry;
  readonly device: Device;
  readonly modules: LoadedFunctions;
  readonly weights: DeviceBuffer;
  sessions: number;
}

/**
 * Loads a model, its weights too, and runs its `prepare` once. Close what it returns with `dispose`.
 * @throws CompileError `AR1xx` a damaged or newer artifact · `RT107` no module for this device · `RT108` memory · `RT114` a device that is not open ·
 *   `RT116` functions alone
 */
export async function loadModel(source: ArtifactSource, options: LoadModelOptions): Promise<Session> {
  const device = checkDevice(options?.device);
  const artifact = loadArtifact(source);
  const { model, name } = artifact.manifest;
  if (model === null) throw noModel(name);
  const modules = await loadModules(artifact, device);
  const taken: DeviceBuffer[] = [];
  try {
    const weights = device.allocate(model.weightsBytes);
    taken.push(weights);
    if (model.weights !== null) await device.write(weights, artifact.blobs.get(model.weights) ?? new Uint8Array());
    const shared: SharedModel = { artifact, model, device, modules, weights, sessions: 0 };
    const session = await openSession(shared);
    taken.length = 0; // the session's now
    await prepare(shared, session);
    return session;
  } catch (error) {
    for (const buffer of taken) device.free(buffer);
    await modules.close();
    throw error;
  }
}

async function prepare({ model, modules, device }: SharedModel, session: Session): Promise<void> {
  if (model.prepare === null) return;
  try {
    await modules.launch(model.prepare, session.regions());
    await device.synchronize();
  } catch (error) {
    await session.dispose();
    throw error;
  }
}

async function openSession(shared: SharedModel): Promise<Session> {
  const { device, model } = shared;
  const taken: DeviceBuffer[] = [];
  const take = (bytes: number): DeviceBuffer => {
    const buffer = device.allocate(bytes);
    taken.push(buffer);
    return buffer;
  };
  try {
    const buffers = (tensors: readonly TensorEntry[]): ReadonlyMap<string, DeviceBuffer> =>
      new Map(tensors.map((tensor) => [tensor.name, take(sizeOf(tensor.shape) * ELEMENT_BYTES[tensor.dtype])]));
    const memory: SessionMemory = {
      arena: take(model.arenaBytes),
      state: take(model.stateBytes),
      inputs: buffers(model.inputs),
      outputs: buffers(model.outputs),
      taken,
    };
    const session = new Session(shared, memory);
    await session.resetStates();
    return session;
  } catch (error) {
    for (const buffer of taken) device.free(buffer);
    throw error;
  }
}

interface SessionMemory {
  readonly arena: DeviceBuffer;
  readonly state: DeviceBuffer;
  readonly inputs: ReadonlyMap<string, DeviceBuffer>;
  readonly outputs: ReadonlyMap<string, DeviceBuffer>;
  readonly taken: readonly DeviceBuffer[];
}

/** A model that runs, with an arena and states of its own. */
export class Session implements AsyncDisposable {
  readonly #shared: SharedModel;
  readonly #memory: SessionMemory;
  #open = true;
  #last: Promise<unknown> = Promise.resolve();

  constructor(shared: SharedModel, memory: SessionMemory) {
    this.#shared = shared;
    this.#memory = memory;
    shared.sessions += 1;
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
   * Runs the model, after runs that were asked for before. Arrays in the device (`deviceArray`) are read and written where they lie, others are copied.
   * An output may be the memory of an input: it is written after the run. Whatever is wrong with inputs and outputs is said before the run, which
   * then changes no state.
   * @throws CompileError `RT101` shape · `RT102` type · `RT103` missing or unknown names · `RT104` disposed · `RT109` aborted · `RT110` ·
   *   `RT117` outputs that share memory
   */
  run(inputs: NamedArrays, options: RunOptions = {}): Promise<NamedArrays> {
    return this.#inTurn(() => this.#run(inputs, options ?? {}));
  }

  async #run(inputs: NamedArrays, options: RunOptions): Promise<NamedArrays> {
    this.#checkOpen();
    const { device, model, modules } = this.#shared;
    checkNames("input", inputs, model.inputs);
    checkNames("output", options.outputs ?? {}, model.outputs);
    for (const { name, dtype, shape } of model.inputs) checkArray(name, inputs[name] as NDArray, dtype, shape);
    const results = takeOutputs(model.outputs, options.outputs ?? {});
    const read = model.inputs.map(({ name }) => inputs[name] as NDArray);
    // An output over an input would change it while it is read: it is computed apart and copied at the end.
    const apart = model.outputs.filter(({ name }) => {
      const result = results[name] as NDArray;
      return sliceOn(device, result) === undefined || read.some((input) => overlap(input, result));
    });
    const args: LaunchArgument[] = [...this.regions()];
    for (const { name } of model.inputs) args.push(await this.#input(name, inputs[name] as NDArray));
    for (const output of model.outputs) {
      const there = apart.includes(output) ? undefined : sliceOn(device, results[output.name] as NDArray);
      args.push(there ?? this.#buffer(this.#memory.outputs, output.name));
    }
    await modules.launch(model.entry, args, options.signal === undefined ? {} : { signal: options.signal });
    await device.synchronize();
    for (const { name } of apart)
      await download(device, this.#buffer(this.#memory.outputs, name), results[name] as NDArray);
    return results;
  }

  /** A copy of a state. @throws CompileError `RT103` no such state */
  getState(name: string): Promise<NDArray> {
    return this.#inTurn(() => this.#getState(name));
  }

  async #getState(name: string): Promise<NDArray> {
    const state = this.#state(name);
    const array = zeros(state.shape, state.dtype);
    await download(this.#shared.device, this.#memory.state, array, state.offset);
    return array;
  }

  /** @throws CompileError `RT101`, `RT102`, `RT103` */
  setState(name: string, value: NDArray): Promise<void> {
    return this.#inTurn(() => this.#setState(name, value));
  }

  async #setState(name: string, value: NDArray): Promise<void> {
    const state = this.#state(name);
    checkArray(name, value, state.dtype, state.shape);
    await upload(this.#shared.device, value, this.#memory.state, state.offset);
  }

  /** States as the artifact holds them. */
  resetStates(): Promise<void> {
    return this.#inTurn(() => this.#resetStates());
  }

  async #resetStates(): Promise<void> {
    this.#checkOpen();
    const { device, model, artifact } = this.#shared;
    for (const { initial, dtype, shape, offset } of model.states) {
      const bytes =
        initial === null
          ? zeros(shape, dtype).bytes
          : artifact.blobs.get(initial.blob)?.subarray(initial.offset, initial.offset + initial.byteLength);
      await device.write(this.#memory.state, bytes ?? new Uint8Array(), offset);
    }
  }

  /** Another session of the same model: code and weights are shared, states begin anew. @throws CompileError `RT104`, `RT108` */
  async fork(): Promise<Session> {
    this.#checkOpen();
    return openSession(this.#shared);
  }

  /** Gives the session's memory back; the last session gives code and weights back too. Twice is once. */
  async dispose(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const { device, modules, weights } = this.#shared;
    for (const buffer of this.#memory.taken) device.free(buffer);
    this.#shared.sessions -= 1;
    if (this.#shared.sessions > 0) return;
    device.free(weights);
    await modules.close();
  }

  [ASYNC_DISPOSE](): Promise<void> {
    return this.dispose();
  }

  /** Arena, weights and states: what every function of a model is given first. */
  regions(): readonly LaunchArgument[] {
    return [this.#memory.arena, this.#shared.weights, this.#memory.state];
  }

  /** One thing after another: runs share the session's memory. */
  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#last.then(action);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #input(name: string, array: NDArray): Promise<LaunchArgument> {
    const there = sliceOn(this.#shared.device, array);
    if (there !== undefined) return there;
    const buffer = this.#buffer(this.#memory.inputs, name);
    await upload(this.#shared.device, array, buffer);
    return buffer;
  }

  #buffer(buffers: ReadonlyMap<string, DeviceBuffer>, name: string): DeviceBuffer {
    const buffer = buffers.get(name);
    if (buffer === undefined) throw wrongNames("input", "unknown", name, [...buffers.keys()]);
    return buffer;
  }

  #state(name: string): StateEntry {
    this.#checkOpen();
    const { states } = this.#shared.model;
    const state = states.find((entry) => entry.name === name);
    if (state === undefined)
      throw wrongNames(
        "state",
        "unknown",
        name,
        states.map((entry) => entry.name),
      );
    return state;
  }

  #checkOpen(): void {
    if (!this.#open) throw disposed("the session");
  }
}

/** The arrays that receive outputs: given ones, ready to be written, and new ones. */
function takeOutputs(tensors: readonly TensorEntry[], given: NamedArrays): Record<string, NDArray> {
  const results = Object.fromEntries(
    tensors.map(({ name, dtype, shape }) => [name, given[name] ?? zeros(shape, dtype)]),
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
