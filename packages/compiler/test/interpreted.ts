import type { Artifact, ModelEntry } from "@tilewright/artifact";
import { BACKEND_SPEC_VERSION, type Backend, type CapabilitiesDefinition, defineBackend } from "@tilewright/backend";
import { interpret, type TypedArray } from "@tilewright/interp";
import { DTYPES, type IRModule, UNARY_OPS } from "@tilewright/ir";
import { typedArray } from "../src/evaluate-model.js";

const CAPABILITIES: CapabilitiesDefinition = {
  dtypes: Object.fromEntries(DTYPES.map((dtype) => [dtype, "stable"])),
  loopKinds: { parallel: "stable" },
  vector: { bytes: 16, registers: 16, predicated: false },
  threads: 2,
  caches: [
    { bytes: 32768, lineBytes: 64, perThread: true },
    { bytes: 262144, lineBytes: 64, perThread: true },
  ],
  math: UNARY_OPS,
  asserts: true,
  hostCode: true,
};

/** A backend that keeps the loop IR, for the interpreter: the module of the last compilation is in `modules`. */
export function interpreted(): { readonly backend: Backend; readonly modules: IRModule[] } {
  const modules: IRModule[] = [];
  const backend = defineBackend({
    specVersion: BACKEND_SPEC_VERSION,
    name: "interp",
    capabilities: CAPABILITIES,
    compile(module) {
      modules.push(module);
      const functions = module.functions.map(({ name }) => ({ name, parameters: [], workspaceBytes: 0 }));
      return { format: "interp", bytes: new Uint8Array(), features: [], functions, files: new Map(), warnings: [] };
    },
  });
  return { backend, modules };
}

/** A model in the interpreter: states live as long as the object. */
export class InterpretedModel {
  private readonly module: IRModule;
  private readonly entry: ModelEntry;
  private readonly state: Uint8Array;
  private readonly weights: Uint8Array;
  private runs = 0;

  constructor({ manifest, blobs }: Artifact, module: IRModule) {
    if (manifest.model === null) throw new Error("the artifact holds no model");
    this.module = module;
    this.entry = manifest.model;
    this.state = new Uint8Array(this.entry.stateBytes);
    this.weights = new Uint8Array(this.entry.weightsBytes);
    if (this.entry.weights !== null) this.weights.set(blobs.get(this.entry.weights) as Uint8Array);
    for (const { initial, offset } of this.entry.states) {
      if (initial === null) continue;
      this.state.set(
        (blobs.get(initial.blob) as Uint8Array).subarray(initial.offset, initial.offset + initial.byteLength),
        offset,
      );
    }
    if (this.entry.prepare !== null) this.call(this.entry.prepare, []);
  }

  run(inputs: readonly TypedArray[]): readonly TypedArray[] {
    const outputs = this.entry.outputs.map(({ dtype, shape }) =>
      typedArray(
        dtype,
        shape.reduce((a, b) => a * b, 1),
      ),
    );
    this.call(this.entry.entry, [...inputs.map((input) => input.slice()), ...outputs]);
    return outputs;
  }

  private call(name: string | null, arrays: readonly TypedArray[]): void {
    const func = this.module.functions.find((each) => each.name === name);
    if (func === undefined) throw new Error(`no ${name}`);
    const arena = new Uint8Array(this.entry.arenaBytes).fill(0xaa);
    const all = [arena, this.weights, this.state, ...arrays];
    const args = new Map(func.parameters.map((parameter, k) => [parameter, all[k] as TypedArray]));
    interpret(this.module, args as never, { entry: func.name, seed: this.runs++ });
  }

  stateOf(position: number): TypedArray {
    const entry = this.entry.states[position];
    if (entry === undefined) throw new Error(`no state ${position}`);
    const array = typedArray(
      entry.dtype,
      entry.shape.reduce((a, b) => a * b, 1),
    );
    new Uint8Array(array.buffer).set(this.state.subarray(entry.offset, entry.offset + array.byteLength));
    return array;
  }
}
