import { basename } from "node:path";
import { Refusal } from "./refusal.js";

/** What a project is called. */
export interface ProjectNames {
  /** In package.json. */
  readonly package: string;
  /** Of the backend, the device and the target. */
  readonly target: string;
}

/**
 * The package takes the name of its folder unless told; the target that of the package, without its scope and without `tilewright-`.
 * @throws Refusal for what npm or the contract would not take
 */
export function projectNames(folder: string, name: string | undefined): ProjectNames {
  const chosen = name ?? basename(folder);
  const hint = name === undefined ? "give another with --name" : "for instance --name tilewright-my-chip";
  if (!/^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/.test(chosen) || chosen.length > 214)
    throw new Refusal(`\`${chosen}\` cannot be the name of a package: lower-case letters, digits and -`, hint);
  const target = chosen.replace(/^@.*\//, "").replace(/^tilewright-(backend-|target-)?/, "");
  if (!/^[a-z][a-z0-9-]*$/.test(target))
    throw new Refusal(`\`${target}\` cannot be the name of a target: a letter, then letters, digits and -`, hint);
  return { package: chosen, target };
}
