import { type ParseArgsConfig, parseArgs } from "node:util";

/** The command line cannot be understood: the process ends with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

type Config = ParseArgsConfig & { readonly options: NonNullable<ParseArgsConfig["options"]> };

/** As `parseArgs`. @throws UsageError for an option or argument that is not in `config` */
export function parseCommandLine<const C extends Config>(config: C): ReturnType<typeof parseArgs<C>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** The value of the option `name`. @throws UsageError unless it is a whole number from `min` to `max` */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new UsageError(`--${name}: a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}
