#!/usr/bin/env node
import { kitCommand } from "./kit-command.js";

// Held until the command has ended: what ends the process before has proved nothing.
process.exitCode = 2;
void kitCommand(process.argv.slice(2), {
  write: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  folder: process.cwd(),
}).then((code) => {
  process.exitCode = code;
});
