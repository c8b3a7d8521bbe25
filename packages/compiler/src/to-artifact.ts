import {
  type Artifact,
  ARTIFACT_VERSION,
  type ElementType,
  type ModelEntry,
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
  return artifact(name, module, null, new Map());
}

/** The artifact of a compiled model: names of inputs, outputs and states are those of the original graph. */
export function modelArtifact(original: Model, lowered: LoweredModel, module: CompiledModule): Artifact {
  const blobs = new Map<string, Uint8Array>();
  const { layout, model, entry } = lowered;
  const weights = new Uint8Array(layout.weightsBytes);
  for (const { value, data } of model.graph.constants) {
    const offset = layout.weightOffsets.get(value);
    if (offset !== undefined) weights.set(bytesOfBlob(value, data, model.blobs), offset);
  }
  if (weights.length > 0) blobs.set(WEIGHTS, weights);
  const states = statesOf(original, layout.stateOffsets, layout.stateBytes, blobs);
  const modelEntry: ModelEntry = {
    entry,
    prepare: null,
    arenaBytes: layout.plan.arenaBytes,
    weightsBytes: layout.weightsBytes,
    stateBytes: layout.stateBytes,
    weights: weights.length > 0 ? WEIGHTS : null,
    inputs: entries(original.graph.inputs),
    outputs: entries(original.graph.outputs),
    states,
  };
  return artifact(original.graph.name, module, modelEntry, blobs);
}

function artifact(
  name: string,
  module: CompiledModule,
  model: ModelEntry | null,
  blobs: Map<string, Uint8Array>,
): Artifact {
  const { format, features, functions } = module;
  const blob = `module.${format}`;
  blobs.set(blob, module.bytes);
  return {
    manifest: {
      format: "tilewright-artifact",
      version: ARTIFACT_VERSION,
      name,
      modules: [{ format, blob, features, functions }],
      model,
    },
    blobs,
  };
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
