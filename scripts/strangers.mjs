/**
 * Tries the backends of examples/backend-* as strangers have them: each is copied out of the repository, what its package.json asks for is
 * installed from packed packages, and its `npm test` must pass. Arguments choose examples by the end of their names, as `javascript`;
 * `--no-build` takes the packages as they were last built; `--keep` leaves the copies where they are.
 */
import { packedPackages } from "./packing.mjs";
import { withRegistry } from "./registry.mjs";
import { installStranger, npmIn, removeStranger, strangers } from "./stranger-projects.mjs";
import { report } from "./workspace.mjs";

const flags = ["--no-build", "--keep"];
const [noBuild, keep] = flags.map((flag) => process.argv.includes(flag));
const wanted = process.argv.slice(2).filter((name) => !flags.includes(name));
const examples = strangers(wanted);

const problems = await withRegistry(packedPackages({ build: !noBuild }), (env) => {
  return examples.flatMap((name) => {
    const problem = tryOut(name, env);
    console.error(`${problem === null ? "good" : "BAD "} examples/${name}`);
    return problem === null ? [] : [problem];
  });
});
for (const name of wanted)
  if (!examples.includes(`backend-${name}`)) problems.push(`no example is called backend-${name}`);
if (examples.length === 0) problems.push("nothing was tried");
process.exit(report(`strangers (${examples.length})`, problems));

/** What went wrong, or null. */
function tryOut(name, env) {
  let project;
  try {
    project = installStranger(name, env);
    const output = npmIn(project, ["test"], env);
    if (keep) console.error(output.trimEnd());
    return null;
  } catch (error) {
    return error.message;
  } finally {
    if (keep) console.error(`kept ${project}`);
    else if (project !== undefined) removeStranger(project);
  }
}
