import { availableParallelism } from "node:os";
import { type Command, flag } from "../command.js";
import { describeTarget, type TargetReport } from "../find-target.js";
import { EXIT, type Io } from "../io.js";
import { TARGET_KEYWORD } from "../manifests.js";
import { paint } from "../paint.js";
import { TARGET_NAMES } from "../target-names.js";

const HELP = `Usage: tilewright targets [names…] [--json]

Says for each target whether it is usable on this machine: what it was found to use, or what is missing and how to install it. Without names:
the built-in ones, and the packages with the keyword \`${TARGET_KEYWORD}\` on which the package of this folder depends. A name is what --target
takes: that of a built-in target, of a package, or a path as ./file.js.
`;

interface Entry extends TargetReport {
  /** Of the package, where it was found by its keyword; else empty. */
  readonly version: string;
}

export const targetsCommand: Command = {
  name: "targets",
  summary: "what kernels can be compiled for here, and why not",
  help: HELP,
  options: { json: { type: "boolean" } },
  async run(call, io) {
    const entries = await entriesOf(call.positionals, io);
    if (flag(call, "json")) {
      const targets = entries.map(({ name, version, summary, found, runs, details }) => ({
        name,
        ...(version === "" ? {} : { version }),
        summary,
        usable: found !== null && runs,
        compiles: found !== null,
        details,
      }));
      io.write(`${JSON.stringify({ threads: availableParallelism(), targets }, null, 2)}\n`);
    } else writeTable(entries, io);
    return EXIT.ok;
  },
};

/** One after the other: a package may do anything while it is loaded. */
async function entriesOf(names: readonly string[], io: Io): Promise<readonly Entry[]> {
  const installed = await io.installed();
  const versions = new Map(installed.map(({ name, version }) => [name, version]));
  const all = [...TARGET_NAMES, ...versions.keys()];
  const entries: Entry[] = [];
  for (const name of names.length === 0 ? all : names)
    entries.push({ ...(await describeTarget(name, {}, io)), version: versions.get(name) ?? "" });
  return entries;
}

function writeTable(entries: readonly Entry[], io: Io): void {
  const c = paint(io.colors.write);
  const width = Math.max(8, ...entries.map(({ name }) => name.length));
  for (const { name, found, runs, details, summary } of entries) {
    const state = found === null ? c.red("not usable") : runs ? c.green("usable    ") : "compiles  ";
    const lines = details.length === 0 ? [summary] : details;
    io.write(`${c.bold(name.padEnd(width))} ${state}  ${lines.join(`\n${" ".repeat(width + 13)}`)}\n`);
  }
  io.write(`${"threads".padEnd(width)} ${availableParallelism()}\n`);
}
