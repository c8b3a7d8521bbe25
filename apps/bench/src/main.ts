#!/usr/bin/env node
import { findTarget } from "tilewright";
import { exitCode } from "./exit-code.js";
import { type Measurement, table } from "./measurement.js";
import { type Options, parseOptions, USAGE } from "./options.js";

process.exitCode = await exitCode(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else await bench(options);
}, USAGE);

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
