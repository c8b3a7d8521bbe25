import { NO_SPAN } from "@tilewright/diagnostics";
import type { Json, TraceRecord } from "@tilewright/ir";
import { type Choose, type Size, sampleOf } from "./sampled.js";
import type { Schedule } from "./schedule.js";

/** Typed access to the arguments of a record that may come from a file. */
export class Arguments {
  private readonly record: TraceRecord;
  private readonly fail: (why: string) => never;

  /** Decides anew where a recorded decision does not fit. */
  readonly resample: Choose | null;

  constructor(record: TraceRecord, fail: (why: string) => never, resample: Choose | null = null) {
    this.record = record;
    this.fail = fail;
    this.resample = resample;
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

  /** A number, or one that was sampled: the value that the decision has now. */
  size(name: string, schedule: Schedule): Size | undefined {
    const value = this.get(name);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return this.number(name);
    const { sample, index } = value as { readonly [name: string]: Json };
    return sampleOf(schedule, sample, index, schedule.place ?? NO_SPAN);
  }

  /** Anything. */
  json(name: string): Json | undefined {
    return this.get(name);
  }

  /** A number, or the name of one that JSON does not have. */
  anyNumber(name: string): number | undefined {
    const value = this.get(name);
    return value === "Infinity" || value === "-Infinity" || value === "NaN" ? Number(value) : this.number(name);
  }

  strings(name: string): readonly string[] {
    const value = this.get(name);
    return Array.isArray(value) && value.every((item) => typeof item === "string")
      ? (value as readonly string[])
      : this.fail(`\`${name}\` is no list of strings`);
  }

  /** A number for each of some names. */
  numbers(name: string): { readonly [key: string]: number } {
    const value = this.get(name);
    return typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "number")
      ? (value as { readonly [key: string]: number })
      : this.fail(`\`${name}\` is no table of numbers`);
  }

  list(name: string): readonly Json[] {
    const value = this.get(name);
    return Array.isArray(value) ? (value as readonly Json[]) : this.fail(`\`${name}\` is no list`);
  }
}
