import { register as registerHooks } from "node:module";
import { resolve as resolvePath } from "node:path";
import { pathToFileURL } from "node:url";
import { register as registerTypeScript } from "tsx/esm/api";

/** A kernel file outside any project finds the packages of Tilewright that this command brings. */
const OWN_PACKAGES = `
let parentURL;
export const initialize = (data) => { parentURL = data; };
export const resolve = async (specifier, context, next) => {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!specifier.startsWith("@tilewright/")) throw error;
    return next(specifier, { ...context, parentURL });
  }
};`;

let registered = false;

/** The exports of a TypeScript or JavaScript file, on every Node that Tilewright supports. */
export async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!registered) {
    registerHooks(`data:text/javascript,${encodeURIComponent(OWN_PACKAGES)}`, { data: import.meta.url });
    registerTypeScript();
    registered = true;
  }
  return import(pathToFileURL(resolvePath(path)).href);
}
