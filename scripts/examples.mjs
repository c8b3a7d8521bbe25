/** Runs the example of every README against the sources, and checks its types. Arguments choose packages by folder name. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { examplesOf, runExample } from "./readme-examples.mjs";
import { capture, root, tool } from "./run.mjs";
import { isPlanned, report, workspacePackages } from "./workspace.mjs";

const wanted = process.argv.slice(2);
const place = join(root, "build/examples");
const problems = [];
let count = 0;

rmSync(place, { recursive: true, force: true });
for (const entry of workspacePackages().filter(({ short }) => wanted.length === 0 || wanted.includes(short))) {
  const examples = examplesOf(entry);
  if (examples.length === 0 && !entry.manifest.private && !isPlanned(entry))
    problems.push(`${entry.folder}/README.md has no example`);
  for (const [index, example] of examples.entries()) {
    const folder = join(place, `${entry.short}-${index + 1}`);
    const problem = runExample(example, folder, fromSource, join(root, "node_modules/.bin"));
    if (problem !== undefined) problems.push(problem);
    count++;
  }
}
if (count > 0) problems.push(...typeProblems());
process.exit(report(`examples (${count})`, problems));

function fromSource(file) {
  return [tool("tsx"), "--conditions=@tilewright/source", file];
}

function typeProblems() {
  const { status, output } = capture(process.execPath, [
    tool("typescript", "tsc"),
    "-p",
    "scripts/tsconfig.examples.json",
  ]);
  return status === 0 ? [] : [output.trimEnd()];
}
