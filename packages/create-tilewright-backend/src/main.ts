#!/usr/bin/env node
import { createCommand } from "./create-command.js";

process.exitCode = createCommand(process.argv.slice(2), {
  write: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
});
