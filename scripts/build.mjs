/** `pnpm build [package …]`: builds every package, or those named and what they need, whose inputs changed. */
import { build } from "./run.mjs";

process.exit(build({ filter: process.argv.slice(2) }));
