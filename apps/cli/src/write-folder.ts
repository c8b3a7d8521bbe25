import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { invariant } from "@tilewright/diagnostics";
import { cannotWrite } from "./errors.js";

/**
 * Writes everything into a hidden folder first. Where nothing is, that folder is then renamed: the new one appears whole or not at all. Into
 * a folder that is there each file is renamed: nothing is touched before all is written, and each file is replaced whole.
 * @throws CompileError CLI108 when the system refuses
 */
export async function writeFolder(path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const name of files.keys()) {
    invariant(!/^\.{0,2}$|[/\\]/.test(name), `${JSON.stringify(name)} is no name of a file in a folder`);
  }
  const target = resolve(path);
  const exists = await isFolder(target, path);
  // Beside what it becomes a part of: names cannot move from one file system to another.
  const place = join(exists ? target : dirname(target), `.tilewright-${randomUUID()}`);
  try {
    // Made by mkdir, not mkdtemp, for the permissions that new folders have here.
    await guarded(path, () => makeFolder(place));
    for (const [name, bytes] of files) await guarded(path, () => writeFile(join(place, name), bytes));
    if (exists) await moveInto(target, place, path, [...files.keys()]);
    else await guarded(path, () => rename(place, target));
  } finally {
    await rm(place, { recursive: true, force: true }).catch(() => undefined); // what went wrong before says more
  }
}

/** A folder and those above it. `mkdir` of Node, asked to be recursive, never ends where the system makes none, as below /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const above = dirname(path);
    const isThere = await stat(above).then(
      () => true,
      () => false,
    );
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || isThere) throw error;
    await makeFolder(above).catch((refusal: NodeJS.ErrnoException) => {
      if (refusal.code !== "EEXIST") throw refusal; // somebody else has just made it
    });
    await mkdir(path);
  }
}

async function moveInto(target: string, place: string, path: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const inTheWay = await isFolder(join(target, name), join(path, name)).catch(() => false);
    if (inTheWay) throw cannotWrite(join(path, name), "EISDIR: a folder of that name is there");
  }
  for (const name of names) await guarded(join(path, name), () => rename(join(place, name), join(target, name)));
}

/** False where nothing is. @throws CompileError CLI108 where something else is */
async function isFolder(target: string, path: string): Promise<boolean> {
  const found = await guarded(path, () =>
    stat(target).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    }),
  );
  if (found !== undefined && !found.isDirectory()) throw cannotWrite(path, "ENOTDIR: a file of that name is there");
  return found !== undefined;
}

/** What the system refuses is no fault of ours. */
async function guarded<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    // Behind the comma are the call and places that the user never named.
    throw cannotWrite(path, error.message.split(", ")[0] ?? error.message);
  }
}
