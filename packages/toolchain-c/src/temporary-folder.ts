import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { CompileError } from "@tilewright/diagnostics";
import { atExit } from "./at-exit.js";
import { ioFailed } from "./errors.js";

/**
 * Runs `work` in a new folder that holds `files`, and removes the folder whatever happens, the end of the process included.
 * @throws CompileError `TC107` when the folder cannot be made
 */
export async function inTemporaryFolder<T>(
  files: ReadonlyMap<string, Uint8Array>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "tilewright-")).catch((error: unknown) => {
    throw new CompileError(ioFailed("make a temporary folder", String(error)));
  });
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }));
  try {
    for (const [name, content] of files) await writeFile(join(folder, basename(name)), content);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    forget();
  }
}
