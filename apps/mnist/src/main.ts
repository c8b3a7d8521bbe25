#!/usr/bin/env node
import { isCompileError } from "@tilewright/diagnostics";
import { exitCodeOf } from "tilewright";
import { runJob, summary } from "./job.js";
import { type Options, parseOptions, USAGE, UsageError } from "./options.js";
import { progressOn } from "./progress.js";

process.exitCode = await main();

/** 0, 1 when the target is not usable or does not compile, 2 for a command line that cannot be understood. */
async function main(): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const say = (text: string): void => void (options.json ? process.stderr : process.stdout).write(`${text}\n`);
  try {
    const report = await runJob(options, say, progressOn(process.stderr));
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else say(summary(report));
    return 0;
  } catch (error) {
    if (!isCompileError(error)) throw error;
    const code = exitCodeOf(error);
    process.stderr.write(`${error.message}\n${code === 2 ? `\n${USAGE}` : ""}`);
    return code;
  }
}
