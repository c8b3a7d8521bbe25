// Packages as their package.json tells of them, without loading any.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A dependency of a project. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** What a package of a target has among the `keywords` of its package.json. */
export const TARGET_KEYWORD = "tilewright-target";

const DEPENDENCIES = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] as const;

type Manifest = Readonly<Record<string, unknown>>;

/**
 * The packages with the keyword, by name, on which the package of a folder depends: that of the nearest package.json. What is not
 * installed, or cannot be read, is left out.
 */
export function installedTargets(folder: string): readonly InstalledPackage[] {
  const nearest = nearestManifest(folder);
  if (nearest === undefined) return [];
  const names = DEPENDENCIES.flatMap((field) => Object.keys(Object(nearest.manifest[field])));
  return [...new Set(names)].sort().flatMap((name) => {
    const manifest = manifestOf(name, nearest.folder);
    const keywords = manifest?.keywords;
    if (!Array.isArray(keywords) || !keywords.includes(TARGET_KEYWORD)) return [];
    return [{ name, version: String(manifest?.version ?? "") }];
  });
}

/** The package that a file or folder belongs to. */
export function nearestManifest(path: string): { readonly folder: string; readonly manifest: Manifest } | undefined {
  for (const folder of upwards(path)) {
    const manifest = readManifest(folder);
    if (manifest !== undefined) return { folder, manifest };
  }
  return undefined;
}

function manifestOf(name: string, from: string): Manifest | undefined {
  for (const folder of upwards(from)) {
    const manifest = readManifest(join(folder, "node_modules", name));
    if (manifest !== undefined) return manifest;
  }
  return undefined;
}

/** A folder, and those above it. */
function upwards(folder: string): readonly string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...upwards(above)];
}

/** The package.json of a folder; undefined where there is none that can be read. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof parsed === "object" && parsed !== null ? (parsed as Manifest) : undefined;
  } catch {
    return undefined;
  }
}
