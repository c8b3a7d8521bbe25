import { CompileError, type Span } from "@tilewright/diagnostics";
import { declaredExtents } from "./draw-nest.js";
import { badDecision } from "./errors-layout.js";
import { leafOf, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import { extentIn } from "./relations.js";
import { type Choose, chosen, type Sampled, sampleName, sampleOf } from "./sampled.js";
import type { AxisLike, Schedule, TensorLike } from "./schedule.js";

export interface PerfectTileOptions<N extends number = number> {
  /** How many factors. */
  readonly parts: N;
  /** The largest last factor; 64 unless told. */
  readonly maxInnermost?: number;
  /** Name of the sample in the trace; that of the axis and `tile` unless told. */
  readonly name?: string;
}

/** As many values as parts were asked for. */
export type SampledTile<N extends number, A extends readonly Sampled[] = readonly []> = number extends N
  ? readonly Sampled[]
  : A["length"] extends N | 16
    ? A
    : SampledTile<N, readonly [...A, Sampled]>;

/**
 * Factors whose product is the extent of a loop, outermost first, each way to write it as such a product as likely as any other. The loop
 * stays as it is: split it by what is returned. (MetaSchedule: sample_perfect_tile.)
 *
 * @param choose  takes one of several possibilities; or the factors themselves
 * @throws CompileError SCH103 · SCH104 · SCH145 no such factors, or options that are none · SCH147
 */
export function samplePerfectTile<const N extends number>(
  schedule: Schedule,
  tensor: TensorLike,
  axis: AxisLike,
  options: PerfectTileOptions<N>,
  choose: Choose | readonly number[],
): SampledTile<N> {
  return primitive(schedule, samplePerfectTile, { tensor, axes: [axis] }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const leaf = leafOf(schedule, stage, axis, span);
    const { parts, maxInnermost = 64 }: Partial<PerfectTileOptions> = options ?? {};
    const extent = extentIn(declaredExtents(stage), leaf);
    const what = `${String(parts)} factors of \`${leaf.name}\`, the last at most ${String(maxInnermost)}`;
    const isCount = (count: unknown): count is number => Number.isSafeInteger(count) && Number(count) >= 1;
    if (!isCount(parts) || parts > MOST_PARTS || !isCount(maxInnermost) || extent < 1)
      throw new CompileError(badDecision(what, `1 to ${MOST_PARTS} parts of a loop of some iterations`, extent, span));
    const decision =
      typeof choose === "function" ? drawn(extent, parts, maxInnermost, choose, what, span) : (choose as unknown);
    const isLegal =
      Array.isArray(decision) &&
      decision.length === parts &&
      decision.every(isCount) &&
      decision.reduce((product, factor) => product * factor, 1) === extent &&
      (decision[parts - 1] as number) <= maxInnermost;
    if (!isLegal) throw new CompileError(badDecision(what, `factors whose product is ${extent}`, decision, span));
    const name = sampleName(schedule, options.name ?? `${leaf.name}.tile`);
    record(schedule, "samplePerfectTile", stage, { axis: leaf.name, parts, maxInnermost, decision: [...decision] }, [
      name,
    ]);
    return decision.map((_, index) => sampleOf(schedule, name, index, span)) as readonly Sampled[] as SampledTile<N>;
  });
}

const MOST_PARTS = 16;

/** Innermost first; each divisor as likely as the number of ways to go on from it says. */
function drawn(
  extent: number,
  parts: number,
  maxInnermost: number,
  choose: Choose,
  what: string,
  span: Span,
): readonly number[] {
  const factors: number[] = [];
  let rest = extent;
  for (let left = parts; left > 0; left--) {
    const limit = left === parts ? maxInnermost : rest;
    const candidates = (left === 1 ? [rest] : divisors(rest)).filter((divisor) => divisor <= limit);
    if (candidates.length === 0) throw new CompileError(badDecision(what, `a product of ${extent}`, [rest], span));
    const weights = candidates.map((divisor) => waysToFactor(rest / divisor, left - 1));
    const factor = candidates[left === 1 ? 0 : chosen(choose, weights, span)] as number;
    factors.unshift(factor);
    rest /= factor;
  }
  return factors;
}

/** Ascending. */
function divisors(value: number): readonly number[] {
  const low: number[] = [];
  for (let divisor = 1; divisor * divisor <= value; divisor++) if (value % divisor === 0) low.push(divisor);
  const high = low.map((divisor) => value / divisor).reverse();
  return [...low, ...high.filter((divisor) => !low.includes(divisor))];
}

/** How many lists of `parts` factors have the product `value`: for each prime, the ways to share out its exponent. */
function waysToFactor(value: number, parts: number): number {
  let ways = 1;
  let rest = value;
  for (let prime = 2; rest > 1; prime++) {
    if (prime * prime > rest) prime = rest;
    let exponent = 0;
    for (; rest % prime === 0; rest /= prime) exponent++;
    for (let k = 1; k <= exponent; k++) ways = (ways * (parts - 1 + k)) / k;
  }
  return ways;
}
