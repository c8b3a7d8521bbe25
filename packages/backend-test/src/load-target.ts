import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { checkTarget, type TargetPlugin } from "@tilewright/backend";
import { isCompileError } from "@tilewright/diagnostics";
import { noTarget, notImported } from "./errors.js";
import { textOfError } from "./trial.js";

/**
 * The target that a module exports: of a file, a folder with a package.json, or a package installed for the working directory.
 * @throws CompileError `KIT102`, `KIT103`, and `BE106`, `BE107` for what is no target
 */
export async function loadTarget(name: string, exported: string, folder: string): Promise<TargetPlugin> {
  const file = fileOf(name, folder);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module;
  } catch (error) {
    if (isCompileError(error)) throw error;
    throw notImported(name, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
  const target = module[exported];
  if (target === undefined) throw noTarget(name, exported, Object.keys(module));
  checkTarget(target);
  return target;
}

/** @throws CompileError `KIT102` */
function fileOf(name: string, folder: string): string {
  if (!/^([./]|[A-Za-z]:[\\/])/.test(name)) return fileOfPackage(name, folder);
  const path = resolve(folder, name);
  if (existsSync(join(path, "package.json"))) return entryFile(path, ".", name);
  if (!existsSync(path)) throw notImported(name, "there is no such file");
  return path;
}

function fileOfPackage(name: string, folder: string): string {
  const [, packageName = name, rest = ""] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(name) ?? [];
  for (let here = folder; ; here = dirname(here)) {
    const place = join(here, "node_modules", packageName);
    if (existsSync(join(place, "package.json"))) return entryFile(place, `.${rest}`, name);
    if (dirname(here) === here) throw notImported(name, `no package of that name is installed for ${folder}`);
  }
}

/** The file that a package exports under a path; plain paths, no patterns. */
function entryFile(place: string, path: string, name: string): string {
  const { exports, main = "index.js" } = manifestOf(place, name);
  const fields =
    isRecord(exports) && Object.keys(exports).some((key) => key.startsWith(".")) ? exports : { ".": exports };
  const found = underConditions(path === "." && exports === undefined ? main : fields[path]);
  if (found === null) throw notImported(name, `its package.json exports nothing as \`${path}\``);
  const file = join(place, found);
  if (!existsSync(file)) throw notImported(name, `its package.json names ${found}, which is not there`);
  return file;
}

/** @throws CompileError `KIT102` */
function manifestOf(place: string, name: string): { readonly exports?: unknown; readonly main?: unknown } {
  try {
    return Object(JSON.parse(readFileSync(join(place, "package.json"), "utf8")));
  } catch (error) {
    throw notImported(name, `its package.json cannot be read: ${textOfError(error)}`);
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function underConditions(target: unknown): string | null {
  if (typeof target === "string") return target;
  if (!isRecord(target)) return null;
  const [condition] = Object.keys(target).filter((key) => ["import", "node", "default"].includes(key));
  return condition === undefined ? null : underConditions(target[condition]);
}
