/** Every package has the same files, scripts and fields, and declares what it imports and nothing outside the layers. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./run.mjs";
import { readText, report, sourceFiles, workspacePackages } from "./workspace.mjs";

const FILES = ["README.md", "package.json", "tsconfig.json", "tsconfig.build.json", "tsup.config.ts"];
const SOURCE = "@tilewright/source";
/** Packages of which there must be one copy, so that everything else asks for them as peers. */
const PEERS = ["diagnostics", "artifact", "ir", "backend"].map((name) => `@tilewright/${name}`);

const layers = createRequire(import.meta.url)("../.dependency-cruiser.cjs").forbidden;
const problems = [];

for (const entry of workspacePackages()) {
  const complain = (text) => problems.push(`${entry.folder}: ${text}`);
  checkFiles(entry, complain);
  checkFields(entry, complain);
  checkExports(entry, complain);
  checkDependencies(entry, complain);
  checkImports(entry, complain);
}
process.exit(report("manifests", problems));

function checkFiles({ folder, manifest }, complain) {
  const entry = manifest.private ? "src/main.ts" : "src/index.ts";
  for (const file of [...FILES, entry]) {
    if (!existsSync(join(root, folder, file))) complain(`has no ${file}`);
  }
}

function checkFields({ folder, manifest }, complain) {
  const expected = {
    license: "Apache-2.0",
    type: "module",
    sideEffects: false,
    engines: { node: ">=20.19" },
    scripts: {
      build: "tsup && tsc -p tsconfig.build.json",
      typecheck: "tsc -p tsconfig.json",
      test: `vitest run --root ../.. ${folder}`,
    },
  };
  for (const [field, value] of Object.entries(expected)) {
    if (!same(manifest[field], value)) complain(`"${field}" should be ${JSON.stringify(value)}`);
  }
  if (!manifest.description) complain(`has no "description"`);
  if (!manifest.private && !manifest.files?.includes("dist")) complain(`"files" should list "dist"`);
}

/** What is published is what is developed, without the source condition. */
function checkExports({ manifest }, complain) {
  if (manifest.private) return;
  const published = Object.entries(manifest.exports).map(([key, target]) => {
    if (target === null || typeof target === "string") return [key, target];
    const { [SOURCE]: source, ...rest } = target;
    if (source === undefined) complain(`exports "${key}" lacks "${SOURCE}"`);
    return [key, rest];
  });
  if (!same(manifest.publishConfig?.exports, Object.fromEntries(published))) {
    complain(`"publishConfig.exports" should be "exports" without "${SOURCE}"`);
  }
  if (manifest.exports["./internal/*"] !== null) complain(`exports should close "./internal/*"`);
}

function checkDependencies({ folder, short, manifest }, complain) {
  const { dependencies = {}, peerDependencies = {}, devDependencies = {} } = manifest;
  const isApp = folder.startsWith("apps/");
  const rule = layers.find(({ name }) => name === `${short}-imports`);
  if (!isApp && rule === undefined) complain("has no line in the table of .dependency-cruiser.cjs");
  for (const [name, range] of Object.entries({ ...dependencies, ...peerDependencies })) {
    if (!name.startsWith("@tilewright/")) continue;
    const folderOf = name.replace("@tilewright/", "packages/");
    if (rule !== undefined && !new RegExp(rule.to.pathNot).test(`${folderOf}/`)) complain(`may not depend on ${name}`);
    if (range !== "workspace:^") complain(`${name} should be "workspace:^"`);
    if (isApp || PEERS.includes(name) === name in peerDependencies) continue;
    complain(`${name} should be a ${PEERS.includes(name) ? "peer dependency" : "dependency"}`);
  }
  for (const name of Object.keys(peerDependencies).filter((peer) => PEERS.includes(peer))) {
    if (devDependencies[name] !== "workspace:*") complain(`the peer ${name} should be a development dependency too`);
  }
}

/** In the work tree undeclared imports resolve too; in somebody's project they would not. */
function checkImports({ folder, manifest }, complain) {
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
  for (const file of sourceFiles(folder)) {
    for (const [, name] of readText(file).matchAll(/(?:from|import\(?)\s*"(@tilewright\/[^"/]+)/g)) {
      if (!(name in declared)) complain(`${file} imports ${name}, which package.json does not declare`);
    }
  }
}

function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}
