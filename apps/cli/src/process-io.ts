import { readFile } from "node:fs/promises";
import { importModule } from "./import-module.js";
import type { Io } from "./io.js";
import { writeFolder } from "./write-folder.js";

/** The process itself. */
export function processIo(): Io {
  return {
    write: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
    colors: { write: takesColors(process.stdout), note: takesColors(process.stderr) },
    readFile,
    writeFolder,
    importModule,
  };
}

/** NO_COLOR, when set, wins over FORCE_COLOR; else terminals take colours. */
function takesColors(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR = "", FORCE_COLOR = "", TERM } = process.env;
  if (NO_COLOR !== "") return false;
  if (FORCE_COLOR !== "") return FORCE_COLOR !== "0";
  return stream.isTTY === true && TERM !== "dumb";
}
