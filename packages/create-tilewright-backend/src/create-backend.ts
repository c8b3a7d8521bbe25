import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type ProjectNames, projectNames } from "./project-names.js";
import { Refusal } from "./refusal.js";
import { templateFiles } from "./template-files.js";

export interface CreatedProject extends ProjectNames {
  /** An absolute path. */
  readonly folder: string;
  /** Paths in it, sorted. */
  readonly files: readonly string[];
}

/**
 * Makes a project for a backend: it builds and passes the conformance kit as it is. The folder appears with everything, or is left as it was.
 * @param folder  one that is not there yet, or is empty
 * @param name  of the package; that of the folder unless told
 * @throws Refusal for a folder that holds something, or a name that cannot be
 */
export function createBackend(folder: string, { name }: { readonly name?: string | undefined } = {}): CreatedProject {
  const place = resolve(folder);
  const names = projectNames(place, name);
  const isThere = existsSync(place);
  if (isThere && !statSync(place).isDirectory()) throw new Refusal(`${folder} is a file`, "name another folder");
  if (isThere && readdirSync(place).length > 0)
    throw new Refusal(`${folder} is not empty`, "name a folder that is not there yet, or an empty one");
  const files = templateFiles(names);
  const parent = dirname(place);
  const firstMade = mkdirSync(parent, { recursive: true });
  const stage = mkdtempSync(join(parent, ".create-tilewright-backend-"));
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(stage, path)), { recursive: true });
      writeFileSync(join(stage, path), text);
    }
    if (isThere) moveInto(stage, place);
    else renameSync(stage, place);
  } catch (error) {
    if (firstMade !== undefined) rmSync(firstMade, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return { ...names, folder: place, files: [...files.keys()].sort() };
}

/** Moves what is in one folder into an empty one, all of it or nothing. */
function moveInto(from: string, to: string): void {
  const moved: string[] = [];
  try {
    for (const name of readdirSync(from)) {
      renameSync(join(from, name), join(to, name));
      moved.push(name);
    }
  } catch (error) {
    for (const name of moved) rmSync(join(to, name), { recursive: true, force: true });
    throw error;
  }
}
