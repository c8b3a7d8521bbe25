/** The packages and apps of this workspace, and their files. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

/** Every package and app: `folder` from the root, `short` (the folder's own name), its manifest. */
export function workspacePackages() {
  return ["packages", "apps"].flatMap((parent) =>
    readdirSync(join(root, parent))
      .map((short) => ({ short, folder: `${parent}/${short}` }))
      .filter(({ folder }) => existsSync(join(root, folder, "package.json")))
      .map((entry) => ({ ...entry, manifest: JSON.parse(readText(`${entry.folder}/package.json`)) })),
  );
}

/** The TypeScript files below a folder, with paths from the root, sorted. */
export function typescriptFiles(folder) {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length))
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

/** The shipped sources of a package: everything under src/ that is not a test. */
export function sourceFiles(folder) {
  return typescriptFiles(`${folder}/src`).filter((file) => !file.endsWith(".test.ts"));
}

export function readText(path) {
  return readFileSync(join(root, path), "utf8");
}

/** Prints problems, or one line that there are none, and returns an exit code. */
export function report(title, problems) {
  for (const problem of problems) console.error(problem);
  console.error(problems.length === 0 ? `${title}: all good` : `${title}: ${problems.length} to mend`);
  return problems.length === 0 ? 0 : 1;
}

/** Whether a package is a place in the plan only: none of its sources imports or exports anything yet. */
export function isPlanned({ folder }) {
  return sourceFiles(folder).every((file) => !/^(import\b|export \w|export \{ ?\w)/m.test(readText(file)));
}
