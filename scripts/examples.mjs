/**
 * Runs the examples of every README and of docs against the sources, and checks their types. Arguments choose packages by folder name,
 * or `docs`, whose pages `--write` brings up to date with what their examples print.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { examplesIn, examplesOf, runExample } from "./readme-examples.mjs";
import { capture, root, tool } from "./run.mjs";
import { isPlanned, report, workspacePackages } from "./workspace.mjs";

/** Imports every example of examples.json, collects what it prints, and says which did not do as their pages say. */
const RUN_ALL = `
import { readFileSync, writeFileSync } from "node:fs";
const problems = [];
const log = console.log;

/** What the example prints stands in the first fence of text after it. */
function show(page, code, expected, printed) {
  const text = readFileSync(page, "utf8");
  const start = text.indexOf("text\\n", text.indexOf(code) + code.length) + "text\\n".length;
  writeFileSync(page, text.slice(0, start) + printed + "\\n" + text.slice(start + expected.length));
}

for (const { name, page, code, expected, file } of JSON.parse(readFileSync("examples.json", "utf8"))) {
  const lines = [];
  console.log = (...words) => lines.push(words.join(" "));
  try {
    await import(file);
    const printed = lines.join("\\n").trimEnd();
    if (expected === null || printed === expected.trimEnd()) continue;
    if (process.argv[2] === "write") show(page, code, expected, printed);
    else problems.push(name + " printed:\\n" + printed + "\\nbut the page says:\\n" + expected);
  } catch (error) {
    problems.push(name + " failed: " + error.stack);
  }
}
console.log = log;
for (const problem of problems) console.log(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
`;

const write = process.argv.includes("--write");
const wanted = process.argv.slice(2).filter((name) => name !== "--write");
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
if (wanted.length === 0 || wanted.includes("docs")) problems.push(...docsProblems());
if (existsSync(place) && readdirSync(place, { recursive: true }).some((name) => /[\\/]example[^\\/]*\.ts$/.test(name)))
  problems.push(...typeProblems());
process.exit(report(`examples (${count})`, problems));

/** The pages under docs, all in one process: what an example prints must be what its page shows. */
function docsProblems() {
  const pages = readdirSync(join(root, "docs"), { recursive: true }).filter((name) => name.endsWith(".md"));
  const examples = pages.flatMap((name) => {
    const page = `docs/${name.replaceAll("\\", "/")}`;
    return examplesIn(page).map((example) => ({ ...example, page: join(root, page) }));
  });
  count += examples.length;
  if (examples.length === 0) return [];
  const folder = join(place, "docs");
  mkdirSync(folder, { recursive: true });
  const list = examples.map(({ name, page, code, expected = null }, index) => {
    writeFileSync(join(folder, `example-${index + 1}.ts`), code);
    return { name, page, code, expected, file: `./example-${index + 1}.ts` };
  });
  writeFileSync(join(folder, "examples.json"), JSON.stringify(list));
  writeFileSync(join(folder, "run-all.mjs"), RUN_ALL);
  const { status, output, stdout } = capture(
    process.execPath,
    [...fromSource(join(folder, "run-all.mjs")), write ? "write" : "check"],
    {
      cwd: folder,
    },
  );
  return status === 0 ? [] : [stdout.trim() || output];
}

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
