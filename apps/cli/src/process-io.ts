import { readFile } from "node:fs/promises";
import { render } from "@tilewright/diagnostics";
import { unreadable } from "./errors.js";
import { nodeModules } from "./import-module.js";
import { interruptible } from "./interrupt.js";
import { EXIT, type Io } from "./io.js";
import { installedTargets } from "./manifests.js";
import { paint } from "./paint.js";
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
    importModule: (path) => whileLoading(path, () => nodeModules.importModule(path)),
    importPackage: (name) => whileLoading(name, () => nodeModules.importPackage(name)),
    installed: async () => installedTargets(process.cwd()),
  };
}

/** A file that waits for what never comes, or ends the process, ends it before anybody can say so: this does. */
async function whileLoading<T>(path: string, load: () => Promise<T>): Promise<T> {
  const onExit = (): void => {
    const why = "it never finished: an `await` at its top waits for what never comes, or the file ends the process";
    const rendered = unreadable(path, why).diagnostics.map(render).join("\n");
    process.stderr.write(`${paint(takesColors(process.stderr)).diagnostic(rendered)}\n`);
    process.exitCode = EXIT.diagnostics;
  };
  process.on("exit", onExit);
  try {
    return await load();
  } finally {
    process.off("exit", onExit);
  }
}

/** NO_COLOR, when set, wins over FORCE_COLOR; else terminals take colours. */
function takesColors(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR = "", FORCE_COLOR = "", TERM } = process.env;
  if (NO_COLOR !== "") return false;
  if (FORCE_COLOR !== "") return FORCE_COLOR !== "0";
  return stream.isTTY === true && TERM !== "dumb";
}
