import type { Capabilities, ScheduleRule } from "@tilewright/backend";
import type { IterVar, Tensor } from "@tilewright/ir";
import {
  axesOf,
  computeInline,
  draftSchedule,
  fuse,
  parallel,
  type Schedule,
  split,
  traceOf,
  unroll,
  vectorize,
} from "@tilewright/schedule";
import { lanesWithin, PARALLEL_ELEMENTS, worthThreads } from "./limits.js";
import { elementsOf, extentOf, inlinable, isPointwise, type StageStructure, structureOf } from "./structure.js";
import { tileTransposition, transposedAxis } from "./transposition.js";

/**
 * Rule: a group without reductions. Intermediates are inlined while that stays small; each output is one loop over all elements when everything is read
 * where it is written, else its innermost axis stays apart; what reads along another axis than it writes goes in tiles. The innermost loop is vectorized,
 * the outermost runs on threads when there is enough work.
 */
export const elementwiseRule: ScheduleRule = {
  name: "elementwise",
  match(outputs, capabilities) {
    const stages = structureOf(outputs);
    if (stages === null || stages.length === 0 || stages.some((stage) => stage.reduce !== null)) return null;
    return {
      knobs: [{ name: "vectors", candidates: [4, 2, 1, 8] }],
      apply: ({ vectors = 4 }) => {
        const schedule = draftSchedule(outputs);
        const inlined = inlinable(stages, (stage) => !stage.isOutput);
        for (const stage of inlined) computeInline(schedule, stage.tensor);
        for (const stage of stages) {
          if (inlined.has(stage)) continue;
          const across = transposedAxis(stage);
          if (across !== undefined) tileTransposition(schedule, stage, across, capabilities);
          else streamLoops(schedule, stage.tensor, isStream(stage, inlined), capabilities, vectors);
        }
        return traceOf(schedule);
      },
    };
  },
};

/** True when the stage and all that is inlined into it read every tensor exactly where they write. */
function isStream(stage: StageStructure, stages: ReadonlySet<StageStructure>): boolean {
  const inlined = new Map([...stages].map((other) => [other.tensor, other]));
  const seen = new Set<Tensor>();
  const follow = (current: StageStructure): boolean =>
    current.reads.every((read) => {
      if (read.indices.length > 0 && !isPointwise(read, current.operation.axes)) return false;
      const source = inlined.get(read.tensor);
      if (source === undefined || seen.has(read.tensor)) return true;
      seen.add(read.tensor);
      return follow(source);
    });
  return follow(stage);
}

/** Loops of a stage without reductions: fused where that keeps accesses contiguous, vectorized, parallel. */
function streamLoops(
  schedule: Schedule,
  tensor: Tensor,
  stream: boolean,
  capabilities: Capabilities,
  vectors: number,
): void {
  let axes = axesOf(schedule, tensor);
  if (axes.length === 0) return;
  const whole = elementsOf(tensor);
  if (stream)
    while (axes.length > 1) {
      fuse(schedule, tensor, axes[0] as IterVar, axes[1] as IterVar);
      axes = axesOf(schedule, tensor);
    }
  const innermost = axes.at(-1) as IterVar;
  const extent = stream ? whole : extentOf(innermost);
  const lanes = lanesWithin(capabilities, tensor.dtype, extent);
  const spread = worthThreads(capabilities, whole, PARALLEL_ELEMENTS);
  if (axes.length === 1) {
    const wide = Math.max(1, Math.min(vectors, Math.floor(extent / lanes)));
    const chunk = spread ? Math.ceil(extent / capabilities.threads / (lanes * wide)) * lanes * wide : 0;
    const inner = spread ? forkChunks(schedule, tensor, innermost, chunk) : innermost;
    if (lanes > 1 && extent >= lanes) vectorizeInner(schedule, tensor, inner, lanes, wide);
    return;
  }
  if (spread) {
    let outer = axes[0] as IterVar;
    if (axes.length > 2 && extentOf(outer) < capabilities.threads * 4)
      outer = fuse(schedule, tensor, outer, axes[1] as IterVar);
    parallel(schedule, tensor, outer);
  }
  if (lanes > 1 && extent >= lanes)
    vectorizeInner(schedule, tensor, innermost, lanes, Math.max(1, Math.min(vectors, Math.floor(extent / lanes))));
}

function forkChunks(schedule: Schedule, tensor: Tensor, axis: IterVar, chunk: number): IterVar {
  const [outer, inner] = split(schedule, tensor, axis, { factor: chunk });
  parallel(schedule, tensor, outer);
  return inner;
}

/** `axis → outer, wide (unrolled), lanes (vectorized)`; returns the outer loop. */
function vectorizeInner(schedule: Schedule, tensor: Tensor, axis: IterVar, lanes: number, wide: number): IterVar {
  const [outer, vector] = split(schedule, tensor, axis, { factor: lanes });
  vectorize(schedule, tensor, vector);
  if (wide <= 1) return outer;
  const [rest, copies] = split(schedule, tensor, outer, { factor: wide });
  unroll(schedule, tensor, copies);
  return rest;
}
