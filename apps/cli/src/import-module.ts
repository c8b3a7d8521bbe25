import { statSync } from "node:fs";
import { createRequire, register } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readManifest } from "./manifests.js";

/** The exports of a module. */
export type Exports = Readonly<Record<string, unknown>>;

/** How code that is no part of this package comes in. */
export interface Modules {
  /** The exports of a TypeScript or JavaScript file, or of the package in a folder. */
  importModule(path: string): Promise<Exports>;
  /** The exports of a package, or of a sub-path of one; null where no such package is installed. */
  importPackage(name: string): Promise<Exports | null>;
}

/**
 * How files of users are loaded, the same on every Node: a `.ts` file is an ES module, wherever it lies, whose types are blanked out, so
 * that places keep their lines and columns; `./x.js` finds `x.ts`; a file outside any project finds the packages that this command brings.
 * `prefix:url:name` is a package that is looked for from the URL, then from here.
 */
const HOOKS = `
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

let parentURL, prefix, strip;
export const initialize = (data) => {
  ({ parentURL, prefix } = data);
  strip = createRequire(data.parentURL)(data.stripper).transformSync;
};

const candidates = (specifier) =>
  /^(\\.|\\/|file:)/.test(specifier) ? [specifier, specifier.replace(/\\.js$/, ".ts"), specifier + ".ts"] : [specifier];

const resolvePackage = async (request, context, next) => {
  const [, from, name] = /^(.*?):(.*)$/.exec(request);
  for (const parent of [decodeURIComponent(from), parentURL]) {
    try {
      return await next(name, { ...context, parentURL: parent });
    } catch (error) {
      // Node says "module" of a package that is there but lacks the file.
      if (error.code !== "ERR_MODULE_NOT_FOUND" || !error.message.startsWith("Cannot find package '" + name.split("/")[0])) throw error;
    }
  }
  throw new Error(prefix + request);
};

export const resolve = async (specifier, context, next) => {
  if (specifier.startsWith(prefix)) return resolvePackage(specifier.slice(prefix.length), context, next);
  let problem;
  for (const each of candidates(specifier)) {
    try {
      return await next(each, context);
    } catch (error) {
      problem ??= error;
    }
  }
  if (specifier.startsWith("@tilewright/")) return next(specifier, { ...context, parentURL });
  throw problem;
};

export const load = async (url, context, next) => {
  if (!/\\.m?ts$/.test(url) || url.includes("/node_modules/")) return next(url, context);
  const source = await readFile(new URL(url), "utf8");
  try {
    return { format: "module", source: strip(source, { mode: "strip-only" }).code, shortCircuit: true };
  } catch (problem) {
    const { message, startLine, startColumn } = problem;
    throw new SyntaxError(message + ", at line " + startLine + ", column " + (startColumn + 1));
  }
};`;

const PREFIX = "tilewright-package:";

const require = createRequire(import.meta.url);
let registered = false;

/** Modules as Node finds them, packages from the working directory. */
export const nodeModules: Modules = {
  importModule(path) {
    const file = path.startsWith("file:") ? fileURLToPath(path) : resolve(path);
    const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
    return isFolder ? importFolder(file) : load(pathToFileURL(file).href);
  },
  async importPackage(name) {
    const request = requestOf(name, process.cwd());
    try {
      return await load(request);
    } catch (error) {
      if (error instanceof Error && error.message === request) return null;
      throw error;
    }
  },
};

/** By its own name where the package says what it exports, else by its main file. */
async function importFolder(folder: string): Promise<Exports> {
  const { name, exports, main = "index.js" } = readManifest(folder) ?? {};
  if (typeof name === "string" && exports !== undefined) return load(requestOf(name, folder));
  return load(pathToFileURL(join(folder, String(main))).href);
}

const requestOf = (name: string, folder: string): string =>
  `${PREFIX}${encodeURIComponent(pathToFileURL(join(folder, "/")).href)}:${name}`;

async function load(specifier: string): Promise<Exports> {
  if (!registered) {
    const data = { parentURL: import.meta.url, prefix: PREFIX, stripper: require.resolve("@swc/wasm-typescript") };
    register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, { data });
    registered = true;
  }
  try {
    return await import(specifier);
  } catch (error) {
    // That this file asked for it says nothing to anybody.
    const asked = ` imported from ${fileURLToPath(import.meta.url)}`;
    if (error instanceof Error && error.message.endsWith(asked)) error.message = error.message.slice(0, -asked.length);
    throw error;
  }
}
