import { CompileError, callSite, isCompileError, type Span } from "@tilewright/diagnostics";
import type { Json, Scope, Tensor, ThreadTag, Trace, TraceRecord } from "@tilewright/ir";
import { cacheRead, cacheWrite } from "./cache.js";
import { computeAt, computeInline, computeRoot } from "./compute-at.js";
import { newSchedule } from "./create-schedule.js";
import { badRecord } from "./errors.js";
import { fuse } from "./fuse.js";
import { findStage } from "./lookup.js";
import { bind, parallel, unroll, vectorize } from "./mark.js";
import { reorder } from "./reorder.js";
import type { Schedule, TailStrategy } from "./schedule.js";
import { split } from "./split.js";
import { type LayoutDigitOptions, transformLayout } from "./transform-layout.js";

/** What was done to a schedule, as data: it prints, serialises and replays. */
export function traceOf(schedule: Schedule): Trace {
  return { version: 1, records: schedule.records };
}

/**
 * Does again, on tensors of the same structure (other shapes, perhaps), what a trace says.
 * @throws CompileError SCH120 for a record that is no call of a primitive; what the primitive throws, with the step in a note
 */
export function replay(outputs: Tensor | readonly Tensor[], trace: Trace): Schedule {
  const span = callSite(replay);
  const schedule = newSchedule(outputs, span);
  schedule.place = span;
  const records: unknown = trace?.records;
  if (trace?.version !== 1 || !Array.isArray(records))
    throw new CompileError(badRecord(0, "trace", "it is no trace of version 1", span));
  for (const [step, record] of (records as readonly TraceRecord[]).entries())
    replayRecord(schedule, record, step, span);
  schedule.place = null;
  return schedule;
}

function replayRecord(schedule: Schedule, record: TraceRecord, step: number, span: Span): void {
  const fail = (why: string): never => {
    throw new CompileError(badRecord(step, String(record?.primitive), why, span));
  };
  const apply = Object.hasOwn(PRIMITIVES, String(record?.primitive)) ? PRIMITIVES[record.primitive] : undefined;
  if (apply === undefined) {
    fail("there is no such primitive");
    return;
  }
  if (typeof record.stage !== "string" || !Array.isArray(record.results)) fail("it names no stage, or no results");
  try {
    apply(schedule, record, new Arguments(record, fail));
  } catch (error) {
    if (!isCompileError(error) || error.code === "SCH120") throw error;
    const [first, ...rest] = error.diagnostics;
    if (first === undefined) throw error;
    const note = `at step ${step} of the trace, \`${record.primitive}\` on \`${record.stage}\``;
    throw new CompileError({ ...first, notes: [...(first.notes ?? []), note] }, ...rest);
  }
}

/** Typed access to the arguments of a record that may come from a file. */
class Arguments {
  private readonly record: TraceRecord;
  private readonly fail: (why: string) => never;

  constructor(record: TraceRecord, fail: (why: string) => never) {
    this.record = record;
    this.fail = fail;
  }

  private get(name: string): Json | undefined {
    const args: unknown = this.record.arguments;
    return typeof args === "object" && args !== null && Object.hasOwn(args, name)
      ? this.record.arguments[name]
      : undefined;
  }

  string(name: string): string {
    const value = this.get(name);
    return typeof value === "string" ? value : this.fail(`\`${name}\` is no string`);
  }

  number(name: string): number | undefined {
    const value = this.get(name);
    return value === undefined || typeof value === "number" ? value : this.fail(`\`${name}\` is no number`);
  }

  strings(name: string): readonly string[] {
    const value = this.get(name);
    return Array.isArray(value) && value.every((item) => typeof item === "string")
      ? (value as readonly string[])
      : this.fail(`\`${name}\` is no list of strings`);
  }

  list(name: string): readonly Json[] {
    const value = this.get(name);
    return Array.isArray(value) ? (value as readonly Json[]) : this.fail(`\`${name}\` is no list`);
  }
}

type Apply = (schedule: Schedule, record: TraceRecord, args: Arguments) => void;

/** How each primitive is called again. Results get the names that the record gave them. */
const PRIMITIVES: Readonly<Record<string, Apply>> = {
  split: (s, { stage, results }, args) => {
    const [factor, parts] = [args.number("factor"), args.number("parts")];
    const tail = args.string("tail");
    const sizes = factor === undefined ? { parts: parts ?? 0 } : { factor };
    const [outer, inner] = results;
    const names = outer === undefined || inner === undefined ? {} : { names: [outer, inner] as const };
    split(s, stage, args.string("axis"), {
      ...sizes,
      ...names,
      tail: tail as TailStrategy,
    });
  },
  fuse: (s, { stage }, args) => void fuse(s, stage, args.string("outer"), args.string("inner")),
  reorder: (s, { stage }, args) => reorder(s, stage, args.strings("axes")),
  vectorize: (s, { stage }, args) => vectorize(s, stage, args.string("axis")),
  unroll: (s, { stage }, args) => unroll(s, stage, args.string("axis")),
  parallel: (s, { stage }, args) => parallel(s, stage, args.string("axis")),
  bind: (s, { stage }, args) => bind(s, stage, args.string("axis"), args.string("thread") as ThreadTag),
  computeAt: (s, { stage }, args) => computeAt(s, stage, args.string("consumer"), args.string("axis")),
  computeInline: (s, { stage }) => computeInline(s, stage),
  computeRoot: (s, { stage }) => computeRoot(s, stage),
  cacheRead: (s, { stage }, args) => {
    const tensor = findStage(s, stage)?.tensors[args.number("tensor") ?? 0] ?? stage;
    cacheRead(s, tensor, args.string("scope") as Scope, args.strings("readers"));
  },
  cacheWrite: (s, { stage }, args) => void cacheWrite(s, stage, args.string("scope") as Scope),
  transformLayout: (s, { stage }, args) => transformLayout(s, stage, args.list("digits").map(digit)),
};

function digit(value: Json): LayoutDigitOptions {
  const { dimension, divisor, modulus } = (typeof value === "object" && value !== null ? value : {}) as {
    readonly [name: string]: Json;
  };
  return {
    dimension: Number(dimension),
    divisor: Number(divisor ?? 1),
    ...(modulus === null || modulus === undefined ? {} : { modulus: Number(modulus) }),
  };
}
