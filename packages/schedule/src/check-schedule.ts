import type { Span } from "@tilewright/diagnostics";
import { checkPlaces } from "./check-places.js";
import { checkPredicates } from "./check-predicates.js";
import { checkRecurrences } from "./check-recurrence.js";
import { checkRolling } from "./check-rolling.js";
import { checkUnits } from "./check-unit.js";
import type { Domains } from "./domain.js";
import { inferBounds } from "./infer-bounds.js";
import { inlineStages } from "./inline-stages.js";
import { checkPipelines } from "./pipeline.js";
import type { Schedule } from "./schedule.js";

/** A rule that a schedule must keep as a whole. `domains` runs bound inference, once, when some rule asks for it. */
type Check = (schedule: Schedule, domains: () => Domains, span: Span) => void;

/**
 * What every primitive ends with. Rules that need no extents come first; bound inference runs only where a tail strategy could be wrong
 * for the extents that stages have where they stand, or where a form needs exact regions.
 */
const CHECKS: readonly Check[] = [
  (schedule, _domains, span) => checkPlaces(schedule, span),
  checkRecurrences,
  (schedule, _domains, span) => checkPipelines(schedule, span),
  (schedule, domains, span) => {
    checkRolling(schedule, span);
    if (schedule.stages.some(({ rolling }) => rolling !== null)) domains();
  },
  (schedule, _domains, span) => checkPredicates(schedule, span),
  (schedule, domains) => void (hasBoldTails(schedule) && domains()),
  (schedule, _domains, span) => checkUnits(schedule, span),
];

export function checkSchedule(schedule: Schedule, span: Span): void {
  let known: Domains | null = null;
  const domains = (): Domains => {
    known ??= domainsOf(schedule);
    return known;
  };
  for (const check of CHECKS) check(schedule, domains, span);
}

/** The domains of all stages that are computed, as the schedule stands. */
export function domainsOf(schedule: Schedule): Domains {
  const { stages, bodies } = inlineStages(schedule);
  return inferBounds(stages, bodies);
}

/** Guarded tails are right for every extent; the others must be compared with it. */
function hasBoldTails(schedule: Schedule): boolean {
  return schedule.stages.some((stage) =>
    stage.relations.some((relation) => relation.kind === "split" && relation.tail !== "guard"),
  );
}
