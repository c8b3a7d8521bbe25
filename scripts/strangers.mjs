/**
 * The backends of examples/backend-* as those of strangers: each is copied out of the repository, what its package.json asks for is
 * installed from packed packages, and its `npm test` must pass. Arguments choose examples by the end of their names, as `javascript`;
 * `--no-build` takes the packages as they were last built; `--keep` leaves the copies where they are.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { packedPackages } from "./packing.mjs";
import { withRegistry } from "./registry.mjs";
import { capture, root } from "./run.mjs";
import { report } from "./workspace.mjs";

const flags = ["--no-build", "--keep"];
const [noBuild, keep] = flags.map((flag) => process.argv.includes(flag));
const wanted = process.argv.slice(2).filter((name) => !flags.includes(name));
const examples = readdirSync(join(root, "examples"))
  .filter((name) => name.startsWith("backend-") && existsSync(join(root, "examples", name, "package.json")))
  .filter((name) => wanted.length === 0 || wanted.includes(name.replace("backend-", "")));
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const left = ["node_modules", "dist", "package-lock.json"];

const problems = await withRegistry(packedPackages({ build: !noBuild }), (env) => {
  return examples.flatMap((name) => {
    const problem = tryOut(name, env);
    console.error(`${problem === null ? "good" : "BAD "} examples/${name}`);
    return problem === null ? [] : [problem];
  });
});
if (examples.length === 0) problems.push(`no example is called ${wanted.join(", ")}`);
process.exit(report(`strangers (${examples.length})`, problems));

/** What went wrong, or null. */
function tryOut(name, env) {
  const place = mkdtempSync(join(tmpdir(), "tilewright-stranger-"));
  const project = join(place, name);
  try {
    cpSync(join(root, "examples", name), project, {
      recursive: true,
      filter: (path) => !left.includes(basename(path)),
    });
    for (const args of [["install", "--ignore-scripts"], ["test"]]) {
      const { status, output } = capture(npm, args, { cwd: project, env });
      if (status !== 0) return `examples/${name}: npm ${args[0]} ended with ${status}:\n${output.trimEnd()}`;
      if (keep) console.error(output.trimEnd());
    }
    return null;
  } finally {
    if (keep) console.error(`kept ${project}`);
    else rmSync(place, { recursive: true, force: true });
  }
}
