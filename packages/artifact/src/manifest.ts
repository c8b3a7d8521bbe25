/** The newest version of the manifest, and of the file that holds an artifact, that this package knows. Readers accept every older one. */
export const ARTIFACT_VERSION = 2;

/** The oldest version that can say what a manifest with this model says; writers write that one. Version 2 brought launch programs. */
export function manifestVersion(model: ModelEntry | null): number {
  return model?.program == null ? 1 : 2;
}

/** Element types of tensors at the boundary, by the names of the IR. */
export type ElementType =
  | "bool"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64";

/** Open set: backends name their own. */
export type ModuleFormat = "wasm" | "c-source" | "shared-library" | "wgsl" | (string & {});

/**
 * A compiled module, or one of several variants of it. `features` are what an engine must have to run it (`simd`, `relaxed-simd`,
 * `threads`, …); variants stand in order of preference and the runtime takes the first that it can run.
 */
export interface ModuleEntry {
  readonly format: ModuleFormat;
  readonly blob: string;
  readonly features: readonly string[];
  readonly functions: readonly FunctionEntry[];
}

/** What a function does with a buffer. `write`: nothing that was there before is read, and all that is read later is written. */
export type Access = "read" | "write" | "readwrite";

/** An extent of −1 is not known before the call. */
export type ParameterEntry =
  | {
      readonly kind: "buffer";
      readonly name: string;
      readonly dtype: ElementType;
      readonly shape: readonly number[];
      readonly access: Access;
    }
  | { readonly kind: "scalar"; readonly name: string; readonly dtype: ElementType };

/** A callable function of a module; the calling convention is `abi.ts`. */
export interface FunctionEntry {
  readonly name: string;
  readonly parameters: readonly ParameterEntry[];
  /** Bytes of scratch memory that each thread of a call needs. */
  readonly workspaceBytes: number;
}

/** A named tensor at the boundary of a model. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/** A tensor that outlives a run, at `offset` in the state region; `initial` names its bytes in a blob, null means zeros. */
export interface StateEntry extends TensorEntry {
  readonly offset: number;
  readonly initial: { readonly blob: string; readonly offset: number; readonly byteLength: number } | null;
}

/**
 * Memory that a call works on: bytes of a region, from an offset that is a multiple of 64; or an input or output, by its position. Arena and
 * outputs hold nothing when a run begins, states what the run before left.
 */
export type Place =
  | { readonly region: "arena" | "weights" | "state"; readonly offset: number; readonly bytes: number }
  | { readonly region: "input" | "output"; readonly position: number };

/** A call of a function of a module, with a place for each of its parameters. Weights and inputs are read alone. */
export interface LaunchCall {
  readonly function: string;
  readonly arguments: readonly Place[];
}

/** A host program as data: calls in order. Functions may lie in modules of several devices. */
export type LaunchProgram = readonly LaunchCall[];

/**
 * How a whole model runs: where the target holds the host program, by `entry(arena, weights, state, ...inputs, ...outputs)`, else by the calls
 * of `program`; one of the two is there. `prepare(arena, weights, state)` is called once at load, and makes the
 * bytes of weights behind the blob. Regions are aligned to 64 bytes.
 */
export interface ModelEntry {
  readonly entry: string | null;
  readonly program?: LaunchProgram | null;
  readonly prepare: string | null;
  readonly arenaBytes: number;
  readonly weightsBytes: number;
  readonly stateBytes: number;
  /** Blob with the first bytes of the weights region, null when there are none. */
  readonly weights: string | null;
  readonly inputs: readonly TensorEntry[];
  readonly outputs: readonly TensorEntry[];
  readonly states: readonly StateEntry[];
}

/** The manifest of an artifact: modules with their callable functions, and the model that they form, if they form one. */
export interface Manifest {
  readonly format: "tilewright-artifact";
  readonly version: number;
  readonly name: string;
  readonly modules: readonly ModuleEntry[];
  readonly model: ModelEntry | null;
}

/** What a compiler hands to a runtime, in memory. */
export interface Artifact {
  readonly manifest: Manifest;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}
