import {
  type Access,
  type Artifact,
  type LaunchCall,
  type ModelEntry,
  manifestVersion,
  type Place,
} from "@tilewright/artifact";
import type { Code } from "./counting-device.js";

/** A call of a function that is made for it: what it does with each place, and the device that holds it. */
export interface ByteCall {
  readonly device: string;
  readonly arguments: readonly (readonly [access: Access, place: Place])[];
}

export interface ByteModel {
  readonly calls: readonly ByteCall[];
  readonly arenaBytes?: number;
  readonly weights?: Uint8Array;
  readonly inputs?: readonly number[];
  readonly outputs?: readonly number[];
  readonly states?: readonly { readonly offset: number; readonly bytes: number; readonly initial?: Uint8Array }[];
  readonly stateBytes?: number;
  /** Runs `prepare` on this device. */
  readonly prepare?: string;
}

const tensor = (name: string, bytes: number) => ({ name, dtype: "uint8" as const, shape: [bytes] });

/** Function `f<k>` is call k; a module for each device, of a format of its name. Tensors are bytes, and called x0 …, y0 …, s0 … */
export function byteArtifact({
  calls,
  arenaBytes = 0,
  weights,
  inputs = [],
  outputs = [],
  states = [],
  stateBytes = 0,
  prepare,
}: ByteModel): Artifact {
  const sizeOf = (place: Place): number =>
    ("offset" in place ? place.bytes : { input: inputs, output: outputs }[place.region][place.position]) ?? 0;
  const functions = calls.map(({ device, arguments: args }, k) => ({
    device,
    entry: {
      name: `f${k}`,
      workspaceBytes: 0,
      parameters: args.map(([access, place], p) => ({
        kind: "buffer" as const,
        name: `p${p}`,
        dtype: "uint8" as const,
        shape: [sizeOf(place)],
        access,
      })),
    },
  }));
  const weightsBytes = weights?.length ?? 0;
  if (prepare !== undefined) {
    const parameters = [arenaBytes, weightsBytes, stateBytes].map((bytes, p) => ({
      kind: "buffer" as const,
      name: `r${p}`,
      dtype: "uint8" as const,
      shape: [bytes],
      access: "readwrite" as const,
    }));
    functions.push({ device: prepare, entry: { name: "prepare", workspaceBytes: 0, parameters } });
  }
  const program = calls.map(
    ({ arguments: args }, k): LaunchCall => ({ function: `f${k}`, arguments: args.map(([, place]) => place) }),
  );
  const blobs = new Map<string, Uint8Array>([["code", new Uint8Array()]]);
  if (weights !== undefined) blobs.set("weights", weights);
  const model: ModelEntry = {
    entry: null,
    program,
    prepare: prepare === undefined ? null : "prepare",
    arenaBytes,
    weightsBytes,
    stateBytes,
    weights: weights === undefined ? null : "weights",
    inputs: inputs.map((bytes, k) => tensor(`x${k}`, bytes)),
    outputs: outputs.map((bytes, k) => tensor(`y${k}`, bytes)),
    states: states.map(({ offset, bytes, initial }, k) => {
      if (initial !== undefined) blobs.set(`s${k}`, initial);
      return {
        ...tensor(`s${k}`, bytes),
        offset,
        initial: initial === undefined ? null : { blob: `s${k}`, offset: 0, byteLength: bytes },
      };
    }),
  };
  const modules = [...new Set(functions.map(({ device }) => device))].map((device) => ({
    format: device,
    blob: "code",
    features: [],
    functions: functions.filter((func) => func.device === device).map(({ entry }) => entry),
  }));
  return {
    manifest: { format: "tilewright-artifact", version: manifestVersion(model), name: "bytes", modules, model },
    blobs,
  };
}

/** What the functions of a model do: mix all that they read, and write a number that tells who wrote it where. */
export function byteCode({ calls }: ByteModel): ReadonlyMap<string, Code> {
  const code = new Map(
    calls.map(({ arguments: args }, k) => [
      `f${k}`,
      mixing(
        args.map(([access]) => access),
        k,
      ),
    ]),
  );
  return code.set("prepare", ([, weights, state]) => {
    for (const [k, byte] of (weights ?? []).entries()) if (weights !== undefined) weights[k] = byte * 2 + 1;
    for (const [k, byte] of (state ?? []).entries()) if (state !== undefined) state[k] = byte + 3;
  });
}

function mixing(accesses: readonly Access[], number: number): Code {
  return (args) => {
    let digest = number + 1;
    for (const [p, array] of args.entries())
      if (accesses[p] !== "write") for (const byte of array) digest = (digest * 31 + byte) % 65_521;
    for (const [p, array] of args.entries()) {
      if (accesses[p] === "read") continue;
      for (let k = 0; k < array.length; k++) array[k] = (digest + k * 7 + p) % 256;
    }
  };
}

/** The same model in one memory. */
export class ByteReference {
  readonly #model: ByteModel;
  readonly #code: ReadonlyMap<string, Code>;
  readonly #weights: Uint8Array;
  readonly #state: Uint8Array;

  constructor(model: ByteModel) {
    this.#model = model;
    this.#code = byteCode(model);
    this.#weights = (model.weights ?? new Uint8Array()).slice();
    this.#state = new Uint8Array(model.stateBytes ?? 0);
    this.reset();
    if (model.prepare !== undefined) this.#code.get("prepare")?.([new Uint8Array(), this.#weights, this.#state]);
  }

  reset(): void {
    for (const { offset, bytes, initial } of this.#model.states ?? [])
      this.#state.set(initial ?? new Uint8Array(bytes), offset);
  }

  state(number: number): Uint8Array {
    const { offset, bytes } = this.#model.states?.[number] ?? { offset: 0, bytes: 0 };
    return this.#state.subarray(offset, offset + bytes);
  }

  /** Outputs of a run, or of its first calls. */
  run(inputs: readonly Uint8Array[], calls = this.#model.calls.length): readonly Uint8Array[] {
    const outputs = (this.#model.outputs ?? []).map((bytes) => new Uint8Array(bytes));
    const regions = { arena: new Uint8Array(this.#model.arenaBytes ?? 0), weights: this.#weights, state: this.#state };
    const at = (place: Place): Uint8Array =>
      ("offset" in place
        ? regions[place.region].subarray(place.offset, place.offset + place.bytes)
        : { input: inputs, output: outputs }[place.region][place.position]) ?? new Uint8Array();
    for (const [k, { arguments: args }] of this.#model.calls.slice(0, calls).entries())
      this.#code.get(`f${k}`)?.(args.map(([, place]) => at(place)));
    return outputs;
  }
}
