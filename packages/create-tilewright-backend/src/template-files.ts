import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProjectNames } from "./project-names.js";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));

/** npm packs no file called .gitignore, and a package has one package.json. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore", "manifest.json": "package.json" };

/** The files of a new project, by their paths in it. */
export function templateFiles(names: ProjectNames): ReadonlyMap<string, string> {
  const template = join(packageFolder, "template");
  const paths = readdirSync(template, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(template.length + 1))
    .sort();
  const words: Readonly<Record<string, string>> = { target: names.target, package: names.package, ...versions() };
  const filled = (text: string): string =>
    text.replace(/\{\{(.+?)\}\}/g, (_, word: string) => words[word] ?? fail(`the template asks for ${word}`));
  return new Map(
    paths.map((path) => [RENAMED[path] ?? path, filled(readFileSync(join(template, path), "utf8"))] as const),
  );
}

/** Ranges of the packages that this one was published beside. */
function versions(): Readonly<Record<string, string>> {
  const { devDependencies } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  return devDependencies;
}

function fail(message: string): never {
  throw new Error(message);
}
