/** A project of somebody who has npm and nothing of ours but what is published. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { capture } from "./run.mjs";

const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** Installs packages, by their names, into an empty project, gives its folder to `use`, and removes it. @throws Error what npm said */
export function inProject(names, registry, use) {
  const project = mkdtempSync(join(tmpdir(), "tilewright-consumer-"));
  try {
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
    const { status, output } = capture(npm, ["install", "--ignore-scripts", ...names], { cwd: project, env: registry });
    if (status !== 0) throw new Error(`npm install ${names.join(" ")}:\n${output}`);
    return use(project);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** What a package needs in a project, itself first: name, folder and bytes of each package, found as Node finds them. */
export function closureOf(name, project) {
  const found = new Map();
  const visit = (each, from, optional) => {
    const folder = folderOf(each, from, project);
    if (folder === undefined && !optional) throw new Error(`${each}, which ${from} needs, is not installed`);
    if (folder === undefined || found.has(folder)) return;
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    found.set(folder, { name: each, folder, bytes: bytesOf(folder) });
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
    for (const needed of Object.keys(dependencies)) visit(needed, folder, needed in optionalDependencies);
    for (const wanted of Object.keys(optionalDependencies)) visit(wanted, folder, true);
    const peers = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true);
    for (const peer of peers) visit(peer, folder, false);
  };
  visit(name, project, false);
  return [...found.values()];
}

function folderOf(name, from, project) {
  for (let place = from; place.startsWith(project); place = dirname(place)) {
    const folder = join(place, "node_modules", name);
    if (statSync(join(folder, "package.json"), { throwIfNoEntry: false }) !== undefined) return folder;
  }
  return undefined;
}

/** Bytes of the files of a package, without packages inside it. */
function bytesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .map((entry) => (entry.isDirectory() ? bytesOf(join(folder, entry.name)) : statSync(join(folder, entry.name)).size))
    .reduce((sum, bytes) => sum + bytes, 0);
}
