import { CompileError, type Span } from "@tilewright/diagnostics";
import type { Json } from "@tilewright/ir";
import { badChoice, unknownSample } from "./errors-layout.js";
import { uniqueName } from "./lookup.js";
import type { Schedule } from "./schedule.js";

/**
 * A number that a sampling instruction chose. It stands wherever a primitive takes a factor; the trace then refers to the decision, so that
 * another decision changes everything that used it.
 */
export interface Sampled {
  readonly kind: "Sampled";
  readonly name: string;
  readonly index: number;
  readonly value: number;
}

/** A factor, or a number of parts. */
export type Size = number | Sampled;

/** Takes the index of one of several possibilities, given how likely each should be. Weights need not add up to 1. */
export type Choose = (weights: readonly number[]) => number;

/** @throws CompileError SCH147 */
export function chosen(choose: Choose, weights: readonly number[], span: Span): number {
  const index: unknown = choose(weights);
  if (!Number.isSafeInteger(index) || Number(index) < 0 || Number(index) >= weights.length)
    throw new CompileError(badChoice(index, weights.length, span));
  return Number(index);
}

/** The values that sampling instructions chose, by name, as the trace holds them. */
function samplesOf(schedule: Schedule): ReadonlyMap<string, readonly number[]> {
  const samples = new Map<string, readonly number[]>();
  for (const { primitive, arguments: args, results } of schedule.records) {
    const [name] = results;
    if (name === undefined) continue;
    const { decision, candidates } = args as { readonly [name: string]: Json };
    if (primitive === "samplePerfectTile") samples.set(name, decision as readonly number[]);
    if (primitive === "sampleCategorical")
      samples.set(name, [(candidates as readonly number[])[Number(decision)] as number]);
  }
  return samples;
}

/** A name for a new sample. */
export function sampleName(schedule: Schedule, name: string): string {
  return uniqueName(name, new Set(samplesOf(schedule).keys()));
}

/** A sampled value by name. @throws CompileError SCH146 */
export function sampleOf(schedule: Schedule, name: unknown, index: unknown, span: Span): Sampled {
  const samples = samplesOf(schedule);
  const value = samples.get(String(name))?.[Number(index)];
  if (value === undefined || typeof name !== "string" || typeof index !== "number")
    throw new CompileError(unknownSample(name, index, [...samples.keys()], span));
  return { kind: "Sampled", name, index, value };
}

/** Whether a size, which may be anything, is a sampled one. */
export function isSampled(size: unknown): size is Sampled {
  return typeof size === "object" && size !== null && "kind" in size && size.kind === "Sampled";
}

/** Values inside of others; deeper ones are nobody's intent. */
const DEEPEST = 24;

/**
 * Data in which sizes may stand: with their numbers, and as the trace has it. A reference of a trace is a size too.
 * @throws CompileError SCH146 a sample of another schedule
 */
export function withSizes(
  schedule: Schedule,
  given: unknown,
  span: Span,
  depth = 0,
): { readonly values: unknown; readonly json: Json; readonly isSampled: boolean } {
  if (typeof given !== "object" || given === null || depth > DEEPEST)
    return { values: given, json: given as Json, isSampled: false };
  if ("sample" in given && "index" in given) {
    const size = sampleOf(schedule, given.sample, given.index, span);
    return { values: size.value, json: { sample: size.name, index: size.index }, isSampled: true };
  }
  if (isSampled(given)) {
    const { value, json } = sizeOf(schedule, given, span);
    return { values: value, json, isSampled: true };
  }
  const parts = Object.entries(given).map(
    ([name, part]) => [name, withSizes(schedule, part, span, depth + 1)] as const,
  );
  const some = parts.some(([, part]) => part.isSampled);
  if (Array.isArray(given))
    return { values: parts.map(([, { values }]) => values), json: parts.map(([, { json }]) => json), isSampled: some };
  return {
    values: Object.fromEntries(parts.map(([name, { values }]) => [name, values])),
    json: Object.fromEntries(
      parts.filter(([, { json }]) => json !== undefined).map(([name, { json }]) => [name, json]),
    ),
    isSampled: some,
  };
}

/**
 * The number that a size stands for, and how the trace names it.
 * @throws CompileError SCH146 a sample of another schedule
 */
export function sizeOf(schedule: Schedule, size: Size, span: Span): { readonly value: number; readonly json: Json } {
  if (!isSampled(size)) return { value: size, json: size };
  const { name, index, value } = size;
  if (sampleOf(schedule, name, index, span).value !== value)
    throw new CompileError(unknownSample(name, index, [...samplesOf(schedule).keys()], span));
  return { value, json: { sample: name, index } };
}
