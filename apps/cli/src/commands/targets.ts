import { availableParallelism } from "node:os";
import { type Command, flag } from "../command.js";
import { describeTarget, type TargetReport } from "../find-target.js";
import { EXIT, type Io, UsageError } from "../io.js";
import { paint } from "../paint.js";
import { TARGET_NAMES } from "../target-names.js";

const HELP = `Usage: tilewright targets [--json]

Says for each target whether it is usable on this machine: what it was found to use, or what is missing and how to install it.
`;

export const targetsCommand: Command = {
  name: "targets",
  summary: "what kernels can be compiled for here, and why not",
  help: HELP,
  options: { json: { type: "boolean" } },
  async run(call, io) {
    if (call.positionals.length > 0) throw new UsageError("`targets` takes no argument");
    const reports = await Promise.all(TARGET_NAMES.map((name) => describeTarget(name)));
    if (flag(call, "json")) {
      const entries = reports.map(({ name, found, details }) => ({ name, usable: found !== null, details }));
      io.write(`${JSON.stringify({ threads: availableParallelism(), targets: entries }, null, 2)}\n`);
    } else writeTable(reports, io);
    return EXIT.ok;
  },
};

function writeTable(reports: readonly TargetReport[], io: Io): void {
  const c = paint(io.colors.write);
  for (const { name, found, details } of reports) {
    const state = found === null ? c.red("not usable") : c.green("usable    ");
    io.write(`${c.bold(name.padEnd(8))} ${state}  ${details.join(`\n${" ".repeat(21)}`)}\n`);
  }
  io.write(`${"threads".padEnd(8)} ${availableParallelism()}\n`);
}
