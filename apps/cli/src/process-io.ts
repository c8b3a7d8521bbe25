import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { importModule } from "./import-module.js";
import type { Io } from "./io.js";

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

/**
 * Writes everything beside the folder first, then renames: a new folder appears whole, in an existing one each file is replaced whole.
 */
async function writeFolder(path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const target = resolve(path);
  await mkdir(dirname(target), { recursive: true });
  const place = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  try {
    for (const [name, bytes] of files) await writeFile(join(place, name), bytes);
    if (await isThere(target)) {
      for (const name of files.keys()) await rename(join(place, name), join(target, name));
    } else await rename(place, target);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function isThere(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}
