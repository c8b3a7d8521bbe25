import { type IterVar, isConst } from "@tilewright/ir";
import { extentIn, extentsOf } from "./relations.js";
import type { Schedule, Stage } from "./schedule.js";

/**
 * The loop nest around a stage as a picture for errors, the named loops underlined:
 *
 *     for i.outer in 0..13
 *         ~~~~~~~
 *       for j: vectorized in 0..8
 *         C
 *
 * Extents are shown where they do not depend on where a stage is computed.
 */
export function drawNest(schedule: Schedule, stage: Stage, underlined: readonly IterVar[]): string {
  const lines: string[] = [];
  drawStage(schedule, outermost(stage), new Set(underlined), 0, lines);
  return lines.join("\n");
}

function outermost(stage: Stage): Stage {
  return stage.attachment.kind === "at" ? outermost(stage.attachment.stage) : stage;
}

function drawStage(
  schedule: Schedule,
  stage: Stage,
  underlined: ReadonlySet<IterVar>,
  depth: number,
  lines: string[],
): void {
  const extents = stage.attachment.kind === "at" ? new Map<IterVar, number>() : declaredExtents(stage);
  const indent = (level: number): string => "  ".repeat(level);
  let level = depth;
  for (const leaf of stage.leaves) {
    const { loopKind, thread } = stage.marks.get(leaf) ?? { loopKind: "serial", thread: null };
    const mark = loopKind === "serial" ? "" : `: ${thread ?? loopKind}`;
    const range = extents.has(leaf) ? ` in 0..${extentIn(extents, leaf)}` : "";
    lines.push(`${indent(level)}for ${leaf.name}${mark}${range}`);
    if (underlined.has(leaf)) lines.push(`${indent(level)}    ${"~".repeat(leaf.name.length)}`);
    level++;
    for (const inside of schedule.stages) {
      const { attachment } = inside;
      if (attachment.kind === "at" && attachment.stage === stage && attachment.axis === leaf)
        drawStage(schedule, inside, underlined, level, lines);
    }
  }
  lines.push(`${indent(level)}${stage.name}`);
}

/** Extents of all axes of a stage that computes its declared shape. */
export function declaredExtents(stage: Stage): ReadonlyMap<IterVar, number> {
  const roots = [...stage.axes, ...stage.reduceAxes].map(
    (axis) => [axis, isConst(axis.extent) ? Number(axis.extent.value) : 0] as const,
  );
  return extentsOf(stage, new Map(roots)).extents;
}
