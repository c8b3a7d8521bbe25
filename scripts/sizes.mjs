/**
 * What each published package costs, measured on its packed form in an empty project. Prints the lines; `--write` puts them into the
 * READMEs. Other arguments choose packages by folder name. `scripts/packages.mjs` checks that the lines are true.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { inProject } from "./consumer.mjs";
import { footprintOf, importMilliseconds } from "./footprint.mjs";
import { packedPackages, publishedPackages } from "./packing.mjs";
import { withRegistry } from "./registry.mjs";
import { root } from "./run.mjs";
import { sizeLine, withSizeLine } from "./size-line.mjs";
import { isPlanned, readText } from "./workspace.mjs";

const write = process.argv.includes("--write");
const wanted = process.argv.slice(2).filter((name) => name !== "--write");
const chosen = publishedPackages()
  .filter((entry) => !isPlanned(entry))
  .filter(({ short }) => wanted.length === 0 || wanted.includes(short));

if (loadavg()[0] > availableParallelism())
  console.error("this machine has more to do than it has processors: the times will be too long");
await withRegistry(packedPackages(), (registry) => {
  for (const { folder, manifest } of chosen) {
    const { name } = manifest;
    const line = inProject([name], registry, (project) =>
      sizeLine(footprintOf(name, project), importMilliseconds(name, project)),
    );
    console.log(`${name}: ${line}`);
    const readme = `${folder}/README.md`;
    if (write) writeFileSync(join(root, readme), withSizeLine(readText(readme), line));
  }
});
