#!/usr/bin/env node
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { type KitProgress, type KitReport, runKit } from "@tilewright/backend-test";
import { pluginsToSpoil } from "./faults/plugins.js";
import { plantedFaults, tryFault, type Verdict } from "./planted-faults.js";
import { kitOf } from "./strangers.js";
import { subjectsHere } from "./subjects.js";
import { updateSupport } from "./support.js";

const HELP = `Usage: kit [names…] [--stranger <folder>]… [--json] [--write] [--no-faults]

Runs the conformance kit on the backends of this repository (c, wasm) and on projects that have the kit installed, and the planted faults on
the kit. Names choose backends; without names all run.

  --stranger <folder>   a project with a backend of its own, built, its packages installed
  --json                one object on standard output: backends with their matrix, planted and caught faults
  --write               put the support tables into the READMEs
  --check               fail where a README has another table
  --no-faults           leave the planted faults out
`;

const note = (text: string): void => void process.stderr.write(text);

interface Outcome {
  readonly reports: readonly KitReport[];
  readonly verdicts: readonly Verdict[];
  /** What could not be tried, with the reason. */
  readonly missing: readonly string[];
  /** READMEs whose support table is another. */
  readonly stale: readonly string[];
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      stranger: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      "no-faults": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const reports: KitReport[] = [];
  const missing: string[] = [];
  const readmes = new Map<string, KitReport>();
  for (const each of await subjectsHere()) {
    if (positionals.length > 0 && !positionals.includes(each.name)) continue;
    if ("missing" in each) {
      missing.push(`${each.name}: ${each.missing}`);
      continue;
    }
    note(`${each.name}: the kit on ${each.subject.device.name}\n`);
    const report = await runKit(each.subject, { onProgress: progress(each.name) });
    reports.push(report);
    readmes.set(each.readme, report);
  }
  for (const folder of values.stranger) {
    const report = await kitOf(folder, note);
    reports.push(report);
    readmes.set(`examples/${basename(folder)}/README.md`, report);
  }
  const known = [...(await subjectsHere()).map(({ name }) => name), ...values.stranger.map((folder) => basename(folder).replace("backend-", ""))]; // biome-ignore format: one list
  for (const name of positionals) if (!known.includes(name)) missing.push(`${name}: no backend is called so`);
  const stale = values.write || values.check ? await staleTables(readmes, values.write) : [];
  const verdicts = values["no-faults"] ? [] : await tryAll();
  const outcome = { reports, verdicts, missing, stale };
  if (values.json) process.stdout.write(`${JSON.stringify(toJson(outcome), null, 2)}\n`);
  else process.stdout.write(toText(outcome));
  return isGood(outcome) ? 0 : 1;
}

function progress(name: string): (progress: KitProgress) => void {
  let shown = -1;
  return ({ done, total }) => {
    const tenth = Math.floor((10 * done) / Math.max(1, total));
    if (tenth !== shown) note(`  ${name}: ${done} of ${total} tests\n`);
    shown = tenth;
  };
}

async function tryAll(): Promise<readonly Verdict[]> {
  const plugins = await pluginsToSpoil();
  const verdicts: Verdict[] = [];
  for (const fault of plantedFaults) {
    const verdict = await tryFault(fault, plugins);
    verdicts.push(verdict);
    note(`${verdict.caughtBy.length > 0 ? "caught" : "MISSED"}  ${fault.name}\n`);
  }
  return verdicts;
}

const isCaught = ({ caughtBy }: Verdict): boolean => caughtBy.length > 0;

async function staleTables(readmes: ReadonlyMap<string, KitReport>, isToWrite: boolean): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [readme, report] of readmes) {
    const isSame = await updateSupport(readme, report, isToWrite);
    if (!isSame && !isToWrite) stale.push(readme);
  }
  return stale;
}

/** In CI nothing may be left out. */
function isGood({ reports, verdicts, missing, stale }: Outcome): boolean {
  const complete = stale.length === 0 && (missing.length === 0 || process.env.CI === undefined);
  return complete && reports.length > 0 && reports.every(({ failed }) => failed === 0) && verdicts.every(isCaught);
}

function toJson({ reports, verdicts, missing, stale }: Outcome) {
  const backends = reports.map(({ backend, device, passed, failed, skipped, matrix }) => ({ backend, device, passed, failed, skipped, matrix })); // biome-ignore format: short
  const plantedFaults = { planted: verdicts.length, caught: verdicts.filter(isCaught).length };
  return { backends, plantedFaults, ...(missing.length > 0 && { missing }), ...(stale.length > 0 && { stale }) };
}

function toText({ reports, verdicts, missing, stale }: Outcome): string {
  const lines = reports.flatMap(({ backend, device, passed, failed, skipped, failures }) => [
    `${backend} on ${device}: ${passed} passed, ${failed} failed, ${skipped} skipped`,
    ...failures.map(({ name, message }) => `  FAIL ${name}\n       ${message.split("\n").join("\n       ")}`),
  ]);
  const missed = verdicts.filter((verdict) => !isCaught(verdict));
  if (verdicts.length > 0)
    lines.push(`planted faults: ${verdicts.length - missed.length} of ${verdicts.length} caught`);
  for (const { fault } of missed) lines.push(`  MISSED ${fault.name}`);
  lines.push(...missing.map((reason) => `not tried: ${reason}`));
  lines.push(...stale.map((readme) => `${readme} shows another table: pnpm kit --write`));
  return `${lines.join("\n")}\n`;
}

process.exitCode = await main(process.argv.slice(2));
