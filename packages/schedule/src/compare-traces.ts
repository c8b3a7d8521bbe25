import { callSite } from "@tilewright/diagnostics";
import type { Json, Trace, TraceRecord } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { recordsOf } from "./records-of.js";

/** What differs between two traces at one place: a step that only one has, or one with other arguments or results. */
export type TraceDifference =
  | { readonly kind: "removed"; readonly step: number; readonly record: TraceRecord }
  | { readonly kind: "added"; readonly step: number; readonly record: TraceRecord }
  | {
      readonly kind: "changed";
      /** In the first trace and in the second. */
      readonly steps: readonly [number, number];
      readonly records: readonly [TraceRecord, TraceRecord];
      /** Names of the arguments that differ; `results` when the names of what was made do. */
      readonly fields: readonly string[];
    };

export interface TraceComparison {
  /** Steps that both traces have, in the same order. */
  readonly same: number;
  /** In the order of the traces. */
  readonly differences: readonly TraceDifference[];
}

/**
 * What must be removed from a trace and added to it to make another: the longest common subsequence of records stays. A removed and an
 * added record of one primitive on one stage, between the same neighbours, are one that has changed.
 * @throws CompileError SCH120 what is no trace
 */
export function compareTraces(before: Trace, after: Trace): TraceComparison {
  const span = callSite(compareTraces);
  const [a, b] = [recordsOf(before, span), recordsOf(after, span)];
  const pairs = commonSteps(a.map(keyOf), b.map(keyOf));
  const differences: TraceDifference[] = [];
  let [i, j] = [0, 0];
  for (const [x, y] of [...pairs, [a.length, b.length] as const]) {
    differences.push(...gap(a, i, x, b, j, y));
    [i, j] = [x + 1, y + 1];
  }
  return { same: pairs.length, differences };
}

/** A comparison as text: lines with `-`, `+` and `~`, and the arguments that changed. */
export function renderComparison({ same, differences }: TraceComparison): string {
  const lines = differences.map((each) => {
    if (each.kind === "removed") return `- ${each.step}: ${lineOf(each.record)}`;
    if (each.kind === "added") return `+ ${each.step}: ${lineOf(each.record)}`;
    const [before, after] = each.records;
    const [from, to] = each.steps;
    const changes = each.fields.map((name) => `${name} ${fieldText(before, name)} → ${fieldText(after, name)}`);
    return `~ ${from === to ? from : `${from} → ${to}`}: ${before.primitive} ${before.stage}: ${changes.join(", ")}`;
  });
  const count = differences.length;
  const kept = same === 1 ? "1 step is the same" : `${same} steps are the same`;
  const summary = count === 0 ? `nothing differs, ${kept}` : `${kept}, ${count} ${count === 1 ? "differs" : "differ"}`;
  return [...lines, summary].join("\n");
}

/** Equal for equal records, whatever the order of their fields. */
const keyOf = ({ primitive, stage, arguments: args, results }: TraceRecord): string =>
  canonical([primitive, stage, args, [...results]]);

function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const fields = Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join()}}`;
}

/** Positions of a longest common subsequence. Equal beginnings and ends, which are most of it, need no table. */
function commonSteps(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  let begin = 0;
  while (begin < Math.min(a.length, b.length) && a[begin] === b[begin]) begin++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - begin && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [m, n] = [a.length - end, b.length - end];
  const width = n - begin + 1;
  const longest = new Uint32Array((m - begin + 1) * width);
  const at = (i: number, j: number): number => longest[(i - begin) * width + (j - begin)] as number;
  for (let i = m - 1; i >= begin; i--)
    for (let j = n - 1; j >= begin; j--)
      longest[(i - begin) * width + (j - begin)] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const pairs: (readonly [number, number])[] = Array.from({ length: begin }, (_, step) => [step, step]);
  for (let [i, j] = [begin, begin]; i < m && j < n; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return [...pairs, ...Array.from({ length: end }, (_, step): readonly [number, number] => [m + step, n + step])];
}

/** The steps `i .. x` of one trace against `j .. y` of the other, none of which is in both. */
function gap(
  a: readonly TraceRecord[],
  i: number,
  x: number,
  b: readonly TraceRecord[],
  j: number,
  y: number,
): readonly TraceDifference[] {
  const found: TraceDifference[] = [];
  const add = (until: number): void => {
    for (; j < until; j++) found.push({ kind: "added", step: j, record: b[j] as TraceRecord });
  };
  for (; i < x; i++) {
    const record = a[i] as TraceRecord;
    const partner = b.findIndex((other, step) => step >= j && step < y && isSameCall(record, other));
    if (partner < 0) {
      found.push({ kind: "removed", step: i, record });
      continue;
    }
    add(partner);
    const other = b[partner] as TraceRecord;
    found.push({
      kind: "changed",
      steps: [i, partner],
      records: [record, other],
      fields: fieldsThatDiffer(record, other),
    });
    j = partner + 1;
  }
  add(y);
  return found;
}

/** One primitive on one stage, and on the same loop if it has one. */
function isSameCall(record: TraceRecord, other: TraceRecord): boolean {
  const sameAxis = canonical(record.arguments.axis) === canonical(other.arguments.axis);
  return record.primitive === other.primitive && record.stage === other.stage && sameAxis;
}

function fieldsThatDiffer(record: TraceRecord, other: TraceRecord): readonly string[] {
  const names = new Set([...Object.keys(record.arguments), ...Object.keys(other.arguments)]);
  const fields = [...names].filter((name) => canonical(record.arguments[name]) !== canonical(other.arguments[name]));
  return canonical([...record.results]) === canonical([...other.results]) ? fields : [...fields, "results"];
}

function fieldText(record: TraceRecord, name: string): string {
  if (Object.hasOwn(record.arguments, name)) return JSON.stringify(record.arguments[name]);
  return name === "results" ? record.results.join(", ") || "(none)" : "(none)";
}

/** A record as the text form of a trace has it. */
const lineOf = (record: TraceRecord): string =>
  print({ version: 1, records: [record] })
    .trimEnd()
    .split("\n")
    .at(-1) ?? "";
