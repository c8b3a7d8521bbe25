/** The commands `pnpm mnist`, `pnpm bench` and `pnpm tilewright`. */
import { join } from "node:path";
import { build, newestNode, root, run } from "./run.mjs";

/**
 * Builds the app of a folder under apps/, and what it needs, then runs it where the user stands, with the arguments of
 * this process. Only the app writes to standard output.
 */
export function runApp(folder, packageName) {
  const failed = build({ filter: [packageName], stdio: ["ignore", 2, 2] });
  if (failed !== 0) process.exit(failed);
  const args = [join(root, "apps", folder, "dist/main.js"), ...process.argv.slice(2)];
  process.exit(run(newestNode(), args, { cwd: process.env.INIT_CWD ?? process.cwd() }));
}
