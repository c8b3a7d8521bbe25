import { CompileError } from "@tilewright/diagnostics";
import type { Json } from "@tilewright/ir";
import { computeAt, computeInline, computeRoot } from "./compute-at.js";
import { badDecision } from "./errors-layout.js";
import { readsThrough, stageOf } from "./lookup.js";
import { isAccepted, primitive } from "./primitive.js";
import { record } from "./record.js";
import { type Choose, chosen } from "./sampled.js";
import type { Schedule, Stage, TensorLike } from "./schedule.js";

/** Where a stage may be computed: alone, in the expressions of its readers, or in a loop of another stage. */
export type ComputeLocation = "root" | "inline" | { readonly consumer: string; readonly axis: string };

/**
 * Computes a stage at one of all places where it may be computed as the schedule stands: at the root, inline, or in a loop of a stage that
 * reads it, each as likely as any other. (MetaSchedule: sample_compute_location.)
 *
 * @param choose  takes one of several possibilities; or the place
 * @returns the place
 * @throws CompileError SCH103 · SCH145 no such place · SCH147 · what the primitive for the place throws
 */
export function sampleComputeLocation(
  schedule: Schedule,
  tensor: TensorLike,
  choose: Choose | ComputeLocation,
): ComputeLocation {
  return primitive(schedule, sampleComputeLocation, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const what = `where \`${stage.name}\` is computed`;
    let location: unknown = choose;
    if (typeof choose === "function") {
      const places = legalPlaces(schedule, stage);
      if (places.length === 0)
        throw new CompileError(badDecision(what, "a stage that may be computed somewhere", null, span));
      location = places[chosen(choose, places.map(() => 1), span)]; // biome-ignore format: one thought
    }
    if (!isLocation(location))
      throw new CompileError(badDecision(what, 'root, inline, or {"consumer": …, "axis": …}', location, span));
    const { records, place } = schedule;
    schedule.place = span;
    compute(schedule, stage, location);
    Object.assign(schedule, { records, place });
    record(schedule, "sampleComputeLocation", stage, { decision: location as Json });
    return location;
  });
}

/** All places, in the order of the stages and of their loops. */
function legalPlaces(schedule: Schedule, stage: Stage): readonly ComputeLocation[] {
  const readers = schedule.stages.filter((other) => other !== stage && readsThrough(schedule, other, stage));
  const loops = readers.flatMap(({ name, leaves }) => leaves.map((leaf) => ({ consumer: name, axis: leaf.name })));
  return (["root", "inline", ...loops] as const).filter((place) =>
    isAccepted(schedule, () => compute(schedule, stage, place)),
  );
}

function compute(schedule: Schedule, stage: Stage, place: ComputeLocation): void {
  if (place === "root") computeRoot(schedule, stage.name);
  else if (place === "inline") computeInline(schedule, stage.name);
  else computeAt(schedule, stage.name, place.consumer, place.axis);
}

function isLocation(given: unknown): given is ComputeLocation {
  if (given === "root" || given === "inline") return true;
  if (typeof given !== "object" || given === null) return false;
  const { consumer, axis } = given as { readonly consumer?: unknown; readonly axis?: unknown };
  return typeof consumer === "string" && typeof axis === "string";
}
