import { CompileError } from "@tilewright/diagnostics";
import { badDecision } from "./errors-layout.js";
import { stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import { type Choose, chosen, type Sampled, sampleName, sampleOf } from "./sampled.js";
import type { Schedule, TensorLike } from "./schedule.js";

export interface CategoricalOptions {
  /** How likely each candidate should be; all alike unless told. */
  readonly probabilities?: readonly number[];
  /** Name of the sample in the trace; that of the stage and `choice` unless told. */
  readonly name?: string;
}

/**
 * One of several numbers, for a primitive that takes a factor. (MetaSchedule: sample_categorical.)
 *
 * @param choose  takes one of several possibilities; or the index of the candidate
 * @throws CompileError SCH103 · SCH145 no such candidate, or candidates and probabilities that do not fit · SCH147
 */
export function sampleCategorical(
  schedule: Schedule,
  tensor: TensorLike,
  candidates: readonly number[],
  options: CategoricalOptions,
  choose: Choose | number,
): Sampled {
  return primitive(schedule, sampleCategorical, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const what = `a choice at \`${stage.name}\``;
    const isFiniteList = (list: unknown): list is readonly number[] =>
      Array.isArray(list) && list.every(Number.isFinite);
    if (!isFiniteList(candidates) || candidates.length === 0)
      throw new CompileError(badDecision(what, "a list of numbers, of which one is taken", candidates, span));
    const probabilities: unknown = options?.probabilities ?? candidates.map(() => 1);
    const fits =
      isFiniteList(probabilities) &&
      probabilities.length === candidates.length &&
      probabilities.every((each) => each >= 0) &&
      probabilities.some((each) => each > 0);
    if (!fits)
      throw new CompileError(badDecision(what, "a probability for each candidate, not all 0", probabilities, span));
    const decision: unknown = typeof choose === "function" ? chosen(choose, probabilities, span) : choose;
    if (!Number.isSafeInteger(decision) || candidates[Number(decision)] === undefined)
      throw new CompileError(badDecision(what, `an index of one of ${candidates.length} candidates`, decision, span));
    const name = sampleName(schedule, options?.name ?? `${stage.name}.choice`);
    const args = { candidates: [...candidates], probabilities: [...probabilities], decision: Number(decision) };
    record(schedule, "sampleCategorical", stage, args, [name]);
    return sampleOf(schedule, name, 0, span);
  });
}
