/**
 * What `npm create tilewright-backend` makes, from packed packages: a project whose `npm test` and `npm run kit` pass as it is.
 * `--no-build` takes the packages as they were last built; `--keep` leaves the project where it is.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packedPackages } from "./packing.mjs";
import { withRegistry } from "./registry.mjs";
import { npmIn } from "./stranger-projects.mjs";
import { report } from "./workspace.mjs";

const [noBuild, keep] = ["--no-build", "--keep"].map((flag) => process.argv.includes(flag));
const place = mkdtempSync(join(tmpdir(), "tilewright-create-"));
const project = join(place, "my-chip");
const problems = [];

try {
  await withRegistry(packedPackages({ build: !noBuild }), (env) => {
    npmIn(place, ["create", "--yes", "tilewright-backend", "my-chip"], env);
    npmIn(project, ["install"], env);
    expect("npm test", npmIn(project, ["test"], env), [/\bpass [1-9]\d*$/m, /\bfail 0$/m]);
    const summary = /^backend my-chip on device my-chip: [1-9]\d* passed, 0 failed/m;
    expect("npm run kit", npmIn(project, ["run", "kit"], env), [summary]);
  });
} catch (error) {
  problems.push(error.message);
} finally {
  if (keep) console.error(`kept ${project}`);
  else rmSync(place, { recursive: true, force: true });
}
process.exit(report("create", problems));

function expect(command, output, patterns) {
  for (const pattern of patterns)
    if (!pattern.test(output)) problems.push(`${command} did not print ${pattern}, but:\n${output}`);
}
