import { type ParseArgsConfig, parseArgs } from "node:util";
import { type Io, UsageError } from "./io.js";

/** Values of options: a flag is boolean, a repeated option an array. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export interface Call {
  readonly positionals: readonly string[];
  readonly values: OptionValues;
}

/** One word after `tilewright`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The text of `--help`. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** Gives the exit code. @throws UsageError · CompileError */
  run(call: Call, io: Io): Promise<number>;
}

/** @throws UsageError for options that the command does not have */
export function parseCall(command: Command, args: readonly string[]): Call {
  const options = { ...command.options, help: { type: "boolean", short: "h" } } as const;
  try {
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return { positionals, values };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** The value of an option that takes text. */
export function text(call: Call, name: string): string | undefined {
  const value = call.values[name];
  return typeof value === "string" ? value : undefined;
}

/** The values of an option that may be repeated. */
export function texts(call: Call, name: string): readonly string[] {
  const value = call.values[name];
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
}

export function flag(call: Call, name: string): boolean {
  return call.values[name] === true;
}

/** @throws UsageError when the text is no whole number of the range */
export function integer(call: Call, name: string, otherwise: number, min: number, max: number): number {
  const given = text(call, name);
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (given.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} is a whole number from ${min} to ${max}, not ${JSON.stringify(given)}`);
}

/** The only positional argument. @throws UsageError when there is none, or a second one */
export function onlyArgument(call: Call, what: string): string {
  const [first, second] = call.positionals;
  if (first === undefined) throw new UsageError(`${what} is missing`);
  if (second !== undefined) throw new UsageError(`${what} is all it takes: ${JSON.stringify(second)} is left over`);
  return first;
}
