import { isCompileError, isInternalError, render } from "@tilewright/diagnostics";
import { type Command, parseCall } from "./command.js";
import { buildCommand } from "./commands/build.js";
import { explainCommand } from "./commands/explain.js";
import { lowerCommand } from "./commands/lower.js";
import { runCommand } from "./commands/run.js";
import { targetsCommand } from "./commands/targets.js";
import { exitCodeOf } from "./errors.js";
import { Interrupted } from "./interrupt.js";
import { EXIT, type Io, UsageError } from "./io.js";
import { paint } from "./paint.js";
import { VERSION } from "./version.js";

export const COMMANDS: readonly Command[] = [targetsCommand, lowerCommand, explainCommand, buildCommand, runCommand];

/** The command line after `tilewright`, to the exit code. Throws nothing. */
export async function runCli(
  args: readonly string[],
  io: Io,
  commands: readonly Command[] = COMMANDS,
): Promise<number> {
  try {
    return await dispatch(args, io, commands);
  } catch (error) {
    return explain(error, io);
  }
}

async function dispatch(args: readonly string[], io: Io, commands: readonly Command[]): Promise<number> {
  const [word, ...rest] = args;
  if (word === "--version" || word === "-v") {
    io.write(`${VERSION}\n`);
    return EXIT.ok;
  }
  if (word === "--help" || word === "-h" || word === "help") {
    io.write(overview(commands));
    return EXIT.ok;
  }
  if (word === undefined) throw new UsageError("a command is missing");
  const command = commands.find(({ name }) => name === word);
  if (command === undefined) throw new UsageError(`there is no command ${JSON.stringify(word)}`);
  const call = parseCall(command, rest);
  if (call.values.help === true) {
    io.write(command.help);
    return EXIT.ok;
  }
  return command.run(call, io);
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: tilewright <command> [options]\n\n${lines.join("\n")}\n\n  --version, --help; tilewright <command> --help\n\nEnds with 0, 1 (diagnostics), 2 (usage) or 70 (a fault of Tilewright); 130 after Ctrl-C.\n`;
}

function explain(error: unknown, io: Io): number {
  const c = paint(io.colors.note);
  if (error instanceof UsageError) {
    io.note(`${c.red("usage:")} ${error.message}\nSee: tilewright --help\n`);
    return EXIT.usage;
  }
  if (error instanceof Interrupted) {
    io.note(`${error.message}\n`);
    return error.exitCode;
  }
  if (isCompileError(error)) {
    for (const diagnostic of error.diagnostics) io.note(`${c.diagnostic(render(diagnostic))}\n`);
    return exitCodeOf(error);
  }
  const report = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const request = isInternalError(error)
    ? ""
    : "This is a fault of Tilewright, not of your program: please report it.\n";
  io.note(
    `${c.red("fault:")} ${report}\n${request}tilewright ${VERSION}, Node ${process.version}, ${process.platform} ${process.arch}\n`,
  );
  return EXIT.fault;
}
