#!/usr/bin/env node
import { kitCommand } from "./kit-command.js";

// Held until the command has ended: what ends the process before has proved nothing.
process.exitCode = 2;
let hasEnded = false;
process.on("exit", () => {
  if (hasEnded) return;
  process.exitCode = 2;
  process.stderr.write("the kit never finished: what it tries waits for what never comes, or ended the process\n");
});
void kitCommand(process.argv.slice(2), {
  write: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  folder: process.cwd(),
}).then((code) => {
  hasEnded = true;
  process.exitCode = code;
});
