import { readFile } from "node:fs/promises";
import { nodeModules } from "./import-module.js";
import { interruptible } from "./interrupt.js";
import type { Io } from "./io.js";
import { installedTargets } from "./manifests.js";
import { takesColors } from "./paint.js";
import { writeFolder } from "./write-folder.js";

/** The process itself. */
export function processIo(): Io {
  return {
    write: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
    colors: { write: takesColors(process.stdout), note: takesColors(process.stderr) },
    readFile,
    writeFolder: (path, files) => interruptible(() => writeFolder(path, files)),
    interruptible,
    ...nodeModules,
    installed: async () => installedTargets(process.cwd()),
  };
}
