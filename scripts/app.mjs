/** The commands `pnpm mnist`, `pnpm bench`, `pnpm ladder` and `pnpm tilewright`. */
import { join } from "node:path";
import { build, newestNode, root, run, tool } from "./run.mjs";

/**
 * Builds the app of a folder under apps/, and what it needs, then runs it where the user stands, with the arguments of
 * this process. Only the app writes to standard output.
 */
export function runApp(folder, packageName) {
  runBuilt(packageName, [join(root, "apps", folder, "dist/main.js")]);
}

/** The same for a TypeScript file under examples/ that needs the package. */
export function runExample(file, packageName) {
  runBuilt(packageName, [tool("tsx"), join(root, "examples", file)]);
}

/** Runs the command of a package from its sources, in the working directory. */
export function runFromSource(folder) {
  const start = [tool("tsx"), "--conditions=@tilewright/source", join(root, "packages", folder, "src/main.ts")];
  process.exit(run(process.execPath, [...start, ...process.argv.slice(2)], { cwd: process.cwd() }));
}

function runBuilt(packageName, start) {
  const failed = build({ filter: [packageName], stdio: ["ignore", 2, 2] });
  if (failed !== 0) process.exit(failed);
  const args = [...start, ...process.argv.slice(2)];
  process.exit(run(newestNode(), args, { cwd: process.env.INIT_CWD ?? process.cwd() }));
}
