import { CompileError, type Span } from "@tilewright/diagnostics";
import { type IterVar, int, isConst, variable } from "@tilewright/ir";
import { alreadyMarked, badFactor, illegalTail, inexactSplit } from "./errors.js";
import { badChoice } from "./errors-stages.js";
import { inheritHints } from "./hints.js";
import { axisNames, leafOf, stageOf, uniqueName } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import { type Size, sizeOf } from "./sampled.js";
import type { AxisLike, Schedule, Stage, TailStrategy, TensorLike } from "./schedule.js";

export interface SplitOptions {
  /** Extent of the inner loop; smaller when the axis is. */
  readonly factor?: Size;
  /** Extent of the outer loop, in place of `factor`. */
  readonly parts?: Size;
  /** What happens at the end of an extent that the factor does not divide; `guard` unless told. */
  readonly tail?: TailStrategy;
  /** Names of the new loops; `i.outer` and `i.inner` unless told. */
  readonly names?: readonly [string, string];
}

/**
 *     for i in 0..n { S }   →   for i.outer in 0..⌈n/f⌉ { for i.inner in 0..f { if i.outer·f + i.inner < n { S } } }
 *
 * Halide and TVM: split; Exo: divide_loop. The guard is left out where it is provably true.
 *
 * @returns the outer and the inner loop
 * @throws CompileError SCH101 factor or parts is no positive integer · SCH102 `exact` does not divide · SCH103 · SCH104 · SCH109 ·
 *   SCH116 a tail strategy that would change the result · SCH132 a name that is no string · SCH146 a size sampled elsewhere
 */
export function split(
  schedule: Schedule,
  tensor: TensorLike,
  axis: AxisLike,
  options: SplitOptions,
): readonly [IterVar, IterVar] {
  return primitive(schedule, split, { tensor, axes: [axis] }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const parent = leafOf(schedule, stage, axis, span);
    const given = Object.entries({ factor: options?.factor ?? null, parts: options?.parts ?? null });
    const sizes = given.flatMap(([name, size]) =>
      size === null ? [] : [[name, sizeOf(schedule, size, span)] as const],
    );
    const values = Object.fromEntries(sizes.map(([name, { value }]) => [name, value]));
    const { tail, ...size } = checkedOptions(stage, parent, { ...values, tail: options?.tail ?? "guard" }, span);
    const taken = axisNames(stage);
    const names: unknown = options?.names ?? [];
    if (!Array.isArray(names) || names.some((name) => typeof name !== "string"))
      throw new CompileError(badChoice("such name of a loop", "two strings", typeof names, span));
    const outerName = uniqueName(options?.names?.[0] ?? `${parent.name}.outer`, taken);
    const innerName = uniqueName(options?.names?.[1] ?? `${parent.name}.inner`, new Set([...taken, outerName]));
    const outer = derivedAxis(outerName, parent, span);
    const inner = derivedAxis(innerName, parent, span);
    const { factor = null, parts = null } = size;
    stage.relations = [...stage.relations, { kind: "split", parent, outer, inner, factor, parts, tail }];
    stage.leaves = stage.leaves.flatMap((leaf) => (leaf === parent ? [outer, inner] : [leaf]));
    if (stage.initialAt === parent) stage.initialAt = outer;
    inheritHints(stage, [parent], [outer, inner]);
    moveAttached(schedule, stage, parent, inner);
    const written = Object.fromEntries(sizes.map(([name, { json }]) => [name, json]));
    record(schedule, "split", stage, { axis: parent.name, ...written, tail }, [outerName, innerName]);
    return [outer, inner];
  });
}

/** What was computed in a loop of `stage` that is no more is computed in the loop, of `owner`, that now holds the same body. */
export function moveAttached(schedule: Schedule, stage: Stage, from: IterVar, to: IterVar, owner: Stage = stage): void {
  for (const inside of schedule.stages) {
    const { attachment } = inside;
    if (attachment.kind === "at" && attachment.stage === stage && attachment.axis === from)
      inside.attachment = { kind: "at", stage: owner, axis: to };
  }
}

/** @throws CompileError SCH101 · SCH102 · SCH109 · SCH116 */
function checkedOptions(
  stage: Stage,
  parent: IterVar,
  {
    factor = null,
    parts = null,
    tail = "guard",
  }: { factor?: number | null; parts?: number | null; tail?: TailStrategy },
  span: Span,
): { readonly factor?: number; readonly parts?: number; readonly tail: TailStrategy } {
  if (!TAILS.includes(tail))
    throw new CompileError(
      illegalTail(parent.name, String(tail), `there is no such tail; there are ${TAILS.join(", ")}`, span),
    );
  const [what, size] = parts === null ? (["factor", factor] as const) : (["number of parts", parts] as const);
  if (size === null || !Number.isSafeInteger(size) || size < 1)
    throw new CompileError(badFactor(parent.name, what, size, span));
  if (factor !== null && parts !== null)
    throw new CompileError(badFactor(parent.name, "factor and parts together, parts", parts, span));
  const mark = stage.marks.get(parent);
  if (mark !== undefined) throw new CompileError(alreadyMarked(parent.name, mark.loopKind, span));
  checkTail(stage, parent, size, parts !== null, tail, span);
  return parts === null ? { factor: size, tail } : { parts: size, tail };
}

/** Every tail strategy. */
export const TAILS: readonly TailStrategy[] = ["guard", "shift", "roundUp", "exact"];

/** An axis that relations make; its extent is known when bounds are inferred, and −1 stands for that. */
export function derivedAxis(name: string, parent: IterVar, span: Span): IterVar {
  return {
    kind: "IterVar",
    span,
    name,
    variable: variable(name, "index", 1, span),
    min: int(0),
    extent: int(-1),
    iterKind: parent.iterKind,
  };
}

function checkTail(
  stage: Stage,
  parent: IterVar,
  size: number,
  isParts: boolean,
  tail: TailStrategy,
  span: Span,
): void {
  if (tail === "exact" && isConst(parent.extent) && Number(parent.extent.value) >= 0) {
    const extent = Number(parent.extent.value);
    if (extent % size !== 0) throw new CompileError(inexactSplit(parent.name, extent, size, span));
  }
  if (tail === "guard" || tail === "exact") return;
  if (isParts)
    throw new CompileError(
      illegalTail(parent.name, tail, "a split by parts has no fixed tile that could be moved or padded", span),
    );
  if (parent.iterKind !== "data")
    throw new CompileError(illegalTail(parent.name, tail, "elements of a reduction would be added twice", span));
  if (tail === "roundUp" && stage.isOutput) {
    throw new CompileError(
      illegalTail(parent.name, tail, `\`${stage.name}\` is an output, whose memory the caller sizes`, span),
    );
  }
}
