import type { Json, TraceRecord } from "@tilewright/ir";

/** Typed access to the arguments of a record that may come from a file. */
export class Arguments {
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
