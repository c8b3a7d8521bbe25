import type { Stage } from "./schedule.js";

type Given = "name" | "operation" | "tensors" | "axes" | "reduceAxes" | "bodies";

/** A stage whose loops are its axes, computed at the root, in global memory; the rest as told. */
export function createStage(parts: Pick<Stage, Given> & Partial<Stage>): Stage {
  return {
    isOutput: false, relations: [], leaves: [...parts.axes, ...parts.reduceAxes], marks: new Map(), hints: new Map(),
    pipelines: new Map(), rolling: null,
    attachment: { kind: "root" }, scope: "global", layout: null, padValue: null, alignments: [], multiples: new Map(), initialAt: null, predicate: null, unit: null, ...parts,
  }; // biome-ignore format: one glance
}
