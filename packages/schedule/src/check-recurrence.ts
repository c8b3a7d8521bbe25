import { intervalOf, Simplifier } from "@tilewright/arith";
import { CompileError, type Span } from "@tilewright/diagnostics";
import { build, type Expr, type IterVar, int, type Read, substitute, type Var } from "@tilewright/ir";
import type { Domain, Domains } from "./domain.js";
import { drawNest } from "./draw-nest.js";
import { brokenRecurrence, stepOutside } from "./errors.js";
import { loopsInside, reachOf, readsOf } from "./infer-bounds.js";
import { leavesOf } from "./relations.js";
import type { Attachment, Schedule, Stage } from "./schedule.js";

/**
 * Rule: the step of a scan reads what earlier times of the same loops have computed. So its stages stand inside the loops over time;
 * those loops keep their order; every read of the state is of an earlier time; and a data loop around time may only stand there when the step
 * reads no other part of the state than that iteration computes.
 *
 * @throws CompileError SCH128 a recurrence that would be broken · SCH129 a stage of the step outside the loops over time
 */
export function checkRecurrences(schedule: Schedule, domains: () => Domains, span: Span): void {
  for (const scan of schedule.stages) {
    if (scan.operation.kind !== "Scan") continue;
    const time = scan.axes[0] as IterVar;
    const times = leavesOf(scan, time);
    checkOrder(schedule, scan, span);
    checkStep(schedule, scan, times, span);
    checkReads(schedule, scan, time, domains(), span);
  }
}

/** Outer parts of time stand around inner ones. */
function checkOrder(schedule: Schedule, scan: Stage, span: Span): void {
  for (const relation of scan.relations) {
    if (relation.kind !== "split" || relation.parent.iterKind !== "ordered") continue;
    const position = (axis: IterVar): readonly number[] =>
      leavesOf(scan, axis).map((leaf) => scan.leaves.indexOf(leaf));
    if (Math.max(...position(relation.outer)) < Math.min(...position(relation.inner))) continue;
    const why = `\`${relation.inner.name}\` runs around \`${relation.outer.name}\`, so later times would come before earlier ones`;
    const picture = drawNest(schedule, scan, leavesOf(scan, relation.parent));
    throw new CompileError(brokenRecurrence(scan.name, why, picture, span));
  }
}

function checkStep(schedule: Schedule, scan: Stage, times: readonly IterVar[], span: Span): void {
  const innermost = Math.max(...times.map((leaf) => scan.leaves.indexOf(leaf)));
  for (const stage of schedule.stages.slice(0, schedule.stages.indexOf(scan))) {
    if (stage.attachment.kind === "inline") continue;
    if (!readsOf(stage.bodies).some((read) => scan.tensors.includes(read.tensor))) continue;
    let around: Attachment = stage.attachment;
    while (around.kind === "at" && around.stage !== scan) around = around.stage.attachment;
    if (around.kind === "at" && scan.leaves.indexOf(around.axis) >= innermost) continue;
    const loops = times.map(({ name }) => name).join(", ");
    throw new CompileError(stepOutside(stage.name, scan.name, loops, drawNest(schedule, scan, times), span));
  }
}

function checkReads(
  schedule: Schedule,
  scan: Stage,
  time: IterVar,
  { order, byStage, bodies }: Domains,
  span: Span,
): void {
  const own = byStage.get(scan);
  if (own === undefined) return;
  const innermost = Math.max(...leavesOf(scan, time).map((leaf) => scan.leaves.indexOf(leaf)));
  const points = new Set(
    loopsInside(own)
      .slice(0, own.enclosing.length + innermost + 1)
      .map((loop) => loop.variable),
  );
  for (const stage of order.slice(0, order.indexOf(scan) + 1)) {
    const domain = byStage.get(stage);
    if (domain === undefined) continue;
    for (const read of readsOf(bodies.get(stage) ?? []).filter(({ tensor }) => scan.tensors.includes(tensor)))
      checkRead(schedule, scan, own, domain, read, points, span);
  }
}

/** What one read of the state reaches while the loops down to time stand still. */
function checkRead(
  schedule: Schedule,
  scan: Stage,
  own: Domain,
  reader: Domain,
  read: Read,
  points: ReadonlySet<Var>,
  span: Span,
): void {
  const ranges = new Map(
    [...loopsInside(own), ...loopsInside(reader)].map(({ variable, extent }) => [
      variable,
      { min: 0, max: Math.max(0, extent - 1) },
    ]),
  );
  const relaxed = new Map(
    [...ranges]
      .filter(([variable]) => !points.has(variable))
      .map(([variable, { max }]) => [variable, { min: int(0), extent: int(max + 1) }]),
  );
  const simplifier = new Simplifier({ ranges });
  const proves = (op: "lt" | "le" | "ge", left: Expr, right: Expr): boolean =>
    simplifier.proves(build.binary(op, left, right));
  const replace = valuesIn(reader);
  const ownValues = valuesIn(own);
  const innermost = Math.max(...leavesOf(scan, scan.axes[0] as IterVar).map((leaf) => scan.leaves.indexOf(leaf)));
  const around = new Set(scan.leaves.slice(0, innermost));
  for (const [dimension, axis] of scan.axes.entries()) {
    const outer = leavesOf(scan, axis).filter((leaf) => around.has(leaf));
    if (dimension > 0 && outer.length === 0) continue;
    const { min, max } = reachOf(substitute(read.indices[dimension] as Expr, replace), relaxed, simplifier);
    const computed = intervalOf(ownValues.get(axis.variable) as Expr, relaxed, simplifier);
    const holds =
      dimension === 0
        ? max !== null && computed.min !== null && proves("lt", max, computed.min)
        : min !== null && max !== null && computed.min !== null && computed.max !== null &&
          proves("ge", min, computed.min) && proves("le", max, computed.max); // biome-ignore format: one condition
    if (holds) continue;
    const why =
      dimension === 0
        ? `\`${reader.stage.name}\` reads a time that is not provably earlier`
        : `\`${reader.stage.name}\` reads other \`${axis.name}\` of earlier times than this iteration of \`${outer.map(({ name }) => name).join(", ")}\` computes`;
    throw new CompileError(brokenRecurrence(scan.name, why, drawNest(schedule, scan, outer), span));
  }
}

/** Values of a stage's axes as expressions of its loops. */
function valuesIn(domain: Domain): ReadonlyMap<Var, Expr> {
  return new Map(
    [...domain.stage.axes, ...domain.stage.reduceAxes].map((axis) => {
      const min = domain.regions.get(axis)?.min ?? axis.min;
      return [axis.variable, build.add(min, domain.relative.get(axis) ?? int(0))] as const;
    }),
  );
}
