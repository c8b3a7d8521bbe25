/** `pnpm check`: every quick gate, one line each. The names of gates as arguments run only those. */
import { capture, tool } from "./run.mjs";

const GATES = {
  format: [tool("@biomejs/biome", "biome"), "format", "."],
  lint: [tool("@biomejs/biome", "biome"), "lint", "--error-on-warnings", "."],
  typecheck: [tool("typescript", "tsc"), "-p", "tsconfig.json"],
  layers: [tool("dependency-cruiser", "depcruise"), "--config", ".dependency-cruiser.cjs", "packages", "apps"],
  budgets: ["scripts/budgets.mjs"],
  manifests: ["scripts/manifests.mjs"],
  lockfile: ["scripts/lockfile.mjs"],
  api: ["scripts/api.mjs"],
  unused: [tool("knip"), "--no-config-hints"],
  examples: ["scripts/examples.mjs"],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(GATES, name));
for (const name of unknown) console.error(`there is no gate ${name}: ${Object.keys(GATES).join(", ")}`);
let failures = unknown.length;
for (const [name, args] of Object.entries(GATES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { status, output } = capture(process.execPath, args);
  console.log(`${status === 0 ? "pass" : "FAIL"} ${name}`);
  if (status === 0) continue;
  console.log(output.trimEnd());
  failures++;
}
process.exit(failures === 0 ? 0 : 1);
