import {
  type Artifact,
  checkArtifact,
  type ElementType,
  type FunctionEntry,
  type LaunchProgram,
  type ModelEntry,
  manifestVersion,
  type StateEntry,
  type TensorEntry,
} from "@tilewright/artifact";
import type { CompiledModule } from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import type { Graph, Value } from "@tilewright/ir";
import { type Model, shapeOf } from "@tilewright/ops";
import { inexpressibleType } from "./errors.js";
import { bytesOfBlob } from "./evaluate-model.js";
import type { LoweredModel } from "./lower-model.js";
import { uniqueNames } from "./names.js";

const WEIGHTS = "weights";
const STATES = "states";

/** An artifact of modules without a model: functions that are called by name. */
export function functionsArtifact(name: string, module: CompiledModule): Artifact {
  return artifact(name, [module], null, new Map());
}

/**
 * The artifact of a compiled model: names of inputs, outputs and states are those of the original graph.
 * @throws CompileError `AR105` a program whose functions a backend describes otherwise than they are
 */
export function modelArtifact(original: Model, lowered: LoweredModel, modules: readonly CompiledModule[]): Artifact {
  const blobs = new Map<string, Uint8Array>();
  const { layout, model, entry, program, prepare } = lowered;
  const weights = new Uint8Array(layout.constantBytes);
  for (const { value, data } of model.graph.constants) {
    const offset = layout.weightOffsets.get(value);
    if (offset !== undefined) weights.set(bytesOfBlob(value, data, model.blobs), offset);
  }
  if (weights.length > 0) blobs.set(WEIGHTS, weights);
  const states = statesOf(original, layout.stateOffsets, layout.stateBytes, blobs);
  const modelEntry: ModelEntry = {
    entry,
    ...(program === null ? {} : { program }),
    prepare,
    arenaBytes: layout.plan.arenaBytes,
    weightsBytes: layout.weightsBytes,
    stateBytes: layout.stateBytes,
    weights: weights.length > 0 ? WEIGHTS : null,
    inputs: entries(original.graph.inputs),
    outputs: entries(original.graph.outputs),
    states,
  };
  if (program === null) return artifact(original.graph.name, modules, modelEntry, blobs);
  const result = artifact(
    original.graph.name,
    modules.map((module) => withAccess(module, program)),
    modelEntry,
    blobs,
  );
  checkArtifact(result);
  return result;
}

/** Kernels of a program read all but their last parameter, which they write whole, whatever else their code does on the way. */
function withAccess(module: CompiledModule, program: LaunchProgram): CompiledModule {
  const called = new Set(program.map((call) => call.function));
  const known = (func: FunctionEntry): FunctionEntry => ({
    ...func,
    parameters: func.parameters.map((parameter, k, { length }) =>
      parameter.kind === "buffer" ? { ...parameter, access: k === length - 1 ? "write" : "read" } : parameter,
    ),
  });
  return { ...module, functions: module.functions.map((func) => (called.has(func.name) ? known(func) : func)) };
}

function artifact(
  name: string,
  modules: readonly CompiledModule[],
  model: ModelEntry | null,
  blobs: Map<string, Uint8Array>,
): Artifact {
  const entries = modules.map(({ format, features, functions, bytes }, position) => {
    const blob = `${position === 0 ? "module" : "host"}.${format}`;
    blobs.set(blob, bytes);
    return { format, blob, features, functions };
  });
  const version = manifestVersion(model);
  return { manifest: { format: "tilewright-artifact", version, name, modules: entries, model }, blobs };
}

/** Tensors by unique names: an output that is given twice gets a number. */
function entries(values: readonly Value[]): readonly TensorEntry[] {
  const unique = uniqueNames();
  return values.map((value) => ({ name: unique(value.name), dtype: elementType(value), shape: shapeOf(value) }));
}

function statesOf(
  { graph, blobs: data }: Model,
  offsets: readonly number[],
  bytes: number,
  blobs: Map<string, Uint8Array>,
): readonly StateEntry[] {
  const initial = graph.states.some((state) => state.initial !== null);
  const image = new Uint8Array(initial ? bytes : 0);
  const states = entries(graph.states.map(({ value }) => value)).map((entry, position): StateEntry => {
    const state: Graph["states"][number] | undefined = graph.states[position];
    const offset = offsets[position] ?? 0;
    if (state === undefined || state.initial === null) return { ...entry, offset, initial: null };
    const own = bytesOfBlob(state.value, state.initial, data);
    image.set(own, offset);
    return { ...entry, offset, initial: { blob: STATES, offset, byteLength: own.length } };
  });
  if (initial) blobs.set(STATES, image);
  return states;
}

const ELEMENT_TYPES: ReadonlySet<string> = new Set<ElementType>([
  "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32", "float64",
]); // biome-ignore format: a list

function elementType({ name, dtype, span }: Value): ElementType {
  if (!ELEMENT_TYPES.has(dtype)) throw new CompileError(inexpressibleType(name, dtype, span));
  return dtype as ElementType;
}
