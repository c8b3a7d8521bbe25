#!/usr/bin/env node
/**
 * `pnpm kit`: the conformance kit on c and wasm, and on the examples as strangers have them; and the planted faults on the kit. Names
 * choose among c, wasm, javascript, cuda. Only the report goes to standard output.
 */
import { join } from "node:path";
import { packedPackages } from "../packing.mjs";
import { withRegistry } from "../registry.mjs";
import { build, newestNode, root, run } from "../run.mjs";
import { installStranger, npmIn, removeStranger, strangers } from "../stranger-projects.mjs";

const args = process.argv.slice(2);
const names = args.filter((word) => !word.startsWith("-"));
const examples = strangers().filter((name) => names.length === 0 || names.includes(name.replace("backend-", "")));
const help = args.includes("--help") || args.includes("-h");

if (build({ filter: ["kit"], stdio: ["ignore", 2, 2] }) !== 0) process.exit(1);
const kit = (more) => run(newestNode(), [join(root, "apps/kit/dist/main.js"), ...args, ...more]);
if (help || examples.length === 0) process.exit(kit([]));

const projects = [];
try {
  await withRegistry(packedPackages(), (env) => {
    for (const name of examples) {
      projects.push(installStranger(name, env));
      npmIn(projects.at(-1), ["run", "build"], env);
    }
  });
  process.exitCode = kit(projects.flatMap((project) => ["--stranger", project]));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  for (const project of projects) removeStranger(project);
}
