import { CompileError, isCompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { brokenUnit, markedUnit } from "./errors-tensorize.js";
import type { LoopMark, Schedule, Stage, Unit } from "./schedule.js";
import { toPrimFunc } from "./to-prim-func.js";

/**
 * Rule: the loops of a unit stay the innermost ones of their stage, in their order and with their marks; nothing is computed or initialised
 * between them. An intrinsic takes serial loops' place, with no lanes around, and its match, which depends on the whole schedule, holds.
 *
 * @throws CompileError SCH150 · SCH151 · what matching throws
 */
export function checkUnits(schedule: Schedule, span: Span): void {
  let called = false;
  for (const stage of schedule.stages) {
    if (stage.unit === null) continue;
    checkLoops(schedule, stage, stage.unit, span);
    if (stage.unit.intrinsic === null) continue;
    checkMarks(stage, stage.unit, span);
    called = true;
  }
  if (called) checkMatches(schedule, span);
}

/** Emits the whole schedule: what a nest reads and writes, and its guards, follow from where every stage stands. */
function checkMatches(schedule: Schedule, span: Span): void {
  try {
    toPrimFunc(schedule);
  } catch (error) {
    const [first, ...rest] = isCompileError(error) ? error.diagnostics : [];
    throw first === undefined ? error : new CompileError({ ...first, span }, ...rest);
  }
}

function checkLoops(schedule: Schedule, stage: Stage, unit: Unit, span: Span): void {
  const { leaves, marks, initialAt } = unit;
  const refuse = (why: string): never => {
    throw new CompileError(
      brokenUnit(
        stage.name,
        leaves.map(({ name }) => name),
        why,
        span,
      ),
    );
  };
  const innermost = stage.leaves.slice(-leaves.length);
  if (innermost.length !== leaves.length || innermost.some((leaf, k) => leaf !== leaves[k]))
    refuse(`the loops ${stage.leaves.map(({ name }) => name).join(", ")}`);
  const marked = leaves.find((leaf) => markText(stage.marks.get(leaf)) !== markText(marks.get(leaf)));
  if (marked !== undefined) refuse(`\`${marked.name}\` is ${markText(stage.marks.get(marked))}`);
  const isInside = (axis: IterVar | null): boolean => axis !== null && leaves.indexOf(axis) > 0;
  if (stage.initialAt !== initialAt && isInside(stage.initialAt))
    refuse(`the reduction is initialised before \`${stage.initialAt?.name}\``);
  if (stage.attachment.kind === "inline") refuse("the stage is computed inline and has no loops");
  for (const other of schedule.stages) {
    const { attachment } = other;
    if (attachment.kind === "at" && attachment.stage === stage && leaves.includes(attachment.axis))
      refuse(`\`${other.name}\` is computed in \`${attachment.axis.name}\``);
  }
}

function checkMarks(stage: Stage, { leaves }: Unit, span: Span): void {
  for (const [leaf, mark] of stage.marks) {
    const inside = leaves.includes(leaf);
    if (inside || mark.loopKind === "vectorized")
      throw new CompileError(markedUnit(stage.name, leaf.name, markText(mark), inside, span));
  }
}

const markText = (mark: LoopMark | undefined): string => mark?.thread ?? mark?.loopKind ?? "serial";
