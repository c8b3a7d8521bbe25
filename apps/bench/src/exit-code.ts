import { isCompileError } from "@tilewright/diagnostics";
import { exitCodeOf } from "tilewright";
import { UsageError } from "./command-line.js";
import { WrongResult } from "./suite.js";

/**
 * Runs a command: 0, 1 for a target that is not usable or a result that is wrong, 2 for a command line that cannot be understood. What went
 * wrong is said on standard error.
 */
export async function exitCode(command: () => Promise<void>, usage: string): Promise<0 | 1 | 2> {
  try {
    await command();
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${usage}`);
      return 2;
    }
    if (!isCompileError(error) && !(error instanceof WrongResult)) throw error;
    const code = isCompileError(error) ? exitCodeOf(error) : 1;
    process.stderr.write(`${error.message}\n${code === 2 ? `\n${usage}` : ""}`);
    return code;
  }
}
