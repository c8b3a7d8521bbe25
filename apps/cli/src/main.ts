#!/usr/bin/env node
import { endOnPurpose } from "./finishing.js";
import { EXIT } from "./io.js";
import { processIo } from "./process-io.js";
import { runCli } from "./run-cli.js";

// A reader that has seen enough, as `head`, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") endOnPurpose(EXIT.ok);
  throw error;
});

// Held until the command has ended: a process that runs out of work before, or that something else ends, has not done what was asked.
process.exitCode = EXIT.fault;
// No `await` at the top: Node would warn of this file, in its own words, when it is never settled.
void runCli(process.argv.slice(2), processIo()).then((code) => {
  process.exitCode = code;
  // What code of others left behind, as a timer or a socket, does not hold a process whose work is done.
  process.stdout.write("", () => setTimeout(() => process.exit(), 1000).unref());
});
