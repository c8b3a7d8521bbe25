import type { Expr, Tensor } from "@tilewright/ir";
import { tensorsRead } from "./lookup.js";
import type { Attachment, Schedule, Stage } from "./schedule.js";

/**
 * Where a new stage may stand that computes `bodies` for a stage attached at `reader`: the innermost of that place and the places of all
 * that it reads, which all surround one another, since one reader saw them all.
 */
export function deepestAttachment(schedule: Schedule, bodies: readonly Expr[], reader: Attachment): Attachment {
  let deepest: Attachment = reader.kind === "at" ? reader : { kind: "root" };
  for (const source of sourcesOf(schedule, bodies)) {
    if (source.attachment.kind === "at" && depthOf(source.attachment) > depthOf(deepest)) deepest = source.attachment;
  }
  return deepest;
}

/** Loops around a place. */
function depthOf(attachment: Attachment): number {
  if (attachment.kind !== "at") return 0;
  const { stage, axis } = attachment;
  return stage.leaves.indexOf(axis) + 1 + depthOf(stage.attachment);
}

/** The stages in memory that expressions read, through inlined ones. */
function sourcesOf(schedule: Schedule, bodies: readonly Expr[]): ReadonlySet<Stage> {
  const owner = new Map(schedule.stages.flatMap((stage) => stage.tensors.map((tensor) => [tensor, stage] as const)));
  const found = new Set<Stage>();
  const seen = new Set<Tensor>();
  const pending = bodies.flatMap((body) => tensorsRead(body));
  for (let tensor = pending.pop(); tensor !== undefined; tensor = pending.pop()) {
    const source = owner.get(tensor);
    if (source === undefined || seen.has(tensor)) continue;
    seen.add(tensor);
    if (source.attachment.kind === "inline") pending.push(...source.bodies.flatMap((body) => tensorsRead(body)));
    else found.add(source);
  }
  return found;
}
