import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { CompileError } from "@tilewright/diagnostics";
import { ioFailed } from "./errors.js";

/**
 * Runs `work` in a new folder that holds `files`, and removes the folder whatever happens.
 * @throws CompileError `TC107` when the folder cannot be made
 */
export async function inTemporaryFolder<T>(
  files: ReadonlyMap<string, Uint8Array>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "tilewright-")).catch((error: unknown) => {
    throw new CompileError(ioFailed("make a temporary folder", String(error)));
  });
  try {
    for (const [name, content] of files) await writeFile(join(folder, basename(name)), content);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
