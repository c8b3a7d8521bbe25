#!/usr/bin/env node
import { isCompileError } from "@tilewright/diagnostics";
import { findTarget } from "tilewright";
import { type Measurement, table } from "./measurement.js";
import { type Options, parseOptions, USAGE, UsageError } from "./options.js";
import { WrongResult } from "./suite.js";

process.exitCode = await main();

/** 0, 1 for a target that is not usable or a result that is wrong, 2 for a command line that cannot be understood. */
async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options.help) process.stdout.write(USAGE);
    else await bench(options);
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${USAGE}`);
      return 2;
    }
    if (!isCompileError(error) && !(error instanceof WrongResult)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function bench({ suites, sizes, target, threads, repetitions, json }: Options): Promise<void> {
  const found = await findTarget(target, { threads });
  process.stderr.write(`target ${found.name} (${found.detail}), threads ${threads}\n`);
  const measurements: Measurement[] = [];
  for (const suite of suites) {
    process.stderr.write(`${suite.name} …\n`);
    measurements.push(...(await suite.run({ found, threads, sizes: sizes ?? suite.defaultSizes, repetitions })));
  }
  process.stdout.write(json ? `${JSON.stringify(measurements, null, 2)}\n` : `${table(measurements)}\n`);
}
