#!/usr/bin/env node
import { processIo } from "./process-io.js";
import { runCli } from "./run-cli.js";

// A reader that has seen enough, as `head`, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});
process.exitCode = await runCli(process.argv.slice(2), processIo());
