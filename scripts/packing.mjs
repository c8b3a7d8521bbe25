/** The published packages as tarballs, as `pnpm publish` would pack them. What has not changed since is not packed again. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { build, capture, pnpm, root } from "./run.mjs";
import { workspacePackages } from "./workspace.mjs";

const place = join(root, "build/packages");

export const publishedPackages = () => workspacePackages().filter(({ manifest }) => !manifest.private);

/**
 * Builds them, packs what changed, and returns the tarball of each published package by its name. `build: false` takes the
 * packages as they were last built.
 */
export function packedPackages({ build: isToBuild = true } = {}) {
  mkdirSync(place, { recursive: true });
  const packages = publishedPackages();
  if (isToBuild && build({ filter: packages.map(({ manifest }) => manifest.name), stdio: ["ignore", 2, 2] }) !== 0)
    process.exit(1);
  const manifests = newest(packages.map(({ folder }) => join(root, folder, "package.json")));
  const stale = packages.filter((entry) => !isFresh(entry, manifests));
  if (stale.length > 0) pack(stale);
  const tarballs = packages.map(({ manifest }) => [manifest.name, tarballOf(manifest)]);
  const files = new Set(tarballs.map(([, file]) => file));
  for (const file of readdirSync(place))
    if (!files.has(join(place, file))) rmSync(join(place, file), { recursive: true });
  return Object.fromEntries(tarballs);
}

const tarballOf = ({ name, version }) => join(place, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);

/** A manifest holds the versions of the packages that it depends on: all manifests count. */
function isFresh({ folder, manifest }, manifests) {
  const tarball = tarballOf(manifest);
  if (!existsSync(tarball)) return false;
  const packed = manifest.files.map((name) => join(root, folder, name)).filter(existsSync);
  return statSync(tarball).mtimeMs > Math.max(manifests, newest(packed));
}

/** When the newest of files, and of the files in folders, was written. */
function newest(paths) {
  const times = paths.map((path) => {
    const status = statSync(path);
    return status.isDirectory() ? newest(readdirSync(path).map((name) => join(path, name))) : status.mtimeMs;
  });
  return Math.max(0, ...times);
}

/** A tarball appears under its name when it is whole. */
function pack(packages) {
  const fresh = mkdtempSync(join(place, "fresh-"));
  const filters = packages.map(({ manifest }) => `--filter=${manifest.name}`);
  const { status, output } = capture(...pnpm(...filters, "-r", "pack", "--pack-destination", fresh));
  if (status !== 0) {
    console.error(output);
    process.exit(status);
  }
  for (const { manifest } of packages) {
    const file = tarballOf(manifest);
    const made = file.replace(place, fresh);
    if (!existsSync(made)) throw new Error(`pnpm pack wrote no ${made}`);
    renameSync(made, file);
  }
}
