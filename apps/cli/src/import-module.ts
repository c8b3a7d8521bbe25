import { createRequire, register } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * How files of users are loaded, the same on every Node: a `.ts` file is an ES module, wherever it lies, whose types are blanked out, so
 * that places keep their lines and columns; `./x.js` finds `x.ts`; a file outside any project finds the packages that this command brings.
 */
const HOOKS = `
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

let parentURL, strip;
export const initialize = (data) => {
  parentURL = data.parentURL;
  strip = createRequire(data.parentURL)(data.stripper).transformSync;
};

const candidates = (specifier) =>
  /^(\\.|\\/|file:)/.test(specifier) ? [specifier, specifier.replace(/\\.js$/, ".ts"), specifier + ".ts"] : [specifier];

export const resolve = async (specifier, context, next) => {
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

const require = createRequire(import.meta.url);
let registered = false;

/** The exports of a TypeScript or JavaScript file. */
export async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!registered) {
    const data = { parentURL: import.meta.url, stripper: require.resolve("@swc/wasm-typescript") };
    register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, { data });
    registered = true;
  }
  return import(pathToFileURL(resolve(path)).href);
}
