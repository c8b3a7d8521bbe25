/**
 * Does what docs/write-a-backend.md says, in an empty folder with packed packages: a fence with `file=` is written, a fence of `sh` is run,
 * and the fence of text after it must be what was printed (`--write` brings it up to date). In the end the folder must hold what
 * examples/backend-javascript holds. `--no-build` takes the packages as they were last built; `--keep` leaves the folder where it is.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expectedOf, fencesOf } from "./fences.mjs";
import { packedPackages } from "./packing.mjs";
import { withRegistry } from "./registry.mjs";
import { capture, root } from "./run.mjs";
import { readText, report } from "./workspace.mjs";

const PAGE = "docs/write-a-backend.md";
const EXAMPLE = "examples/backend-javascript";
const [write, noBuild, keep] = ["--write", "--no-build", "--keep"].map((flag) => process.argv.includes(flag));

const place = mkdtempSync(join(tmpdir(), "tilewright-tutorial-"));
const project = join(place, "tilewright-backend-javascript");
mkdirSync(project);
const page = readText(PAGE);
const fences = fencesOf(page);
const problems = [];
const printed = [];

try {
  await withRegistry(packedPackages({ build: !noBuild }), follow);
  if (problems.length === 0) problems.push(...differences());
  if (write) writeFileSync(join(root, PAGE), withPrinted());
} finally {
  if (keep) console.error(`kept ${project}`);
  else rmSync(place, { recursive: true, force: true });
}
process.exit(report(`tutorial (${fences.length} fences)`, problems));

/** Takes the fences in order; the first command that fails ends the tutorial. */
function follow(env) {
  for (const [position, fence] of fences.entries()) {
    const { language, file, body, start } = fence;
    const line = page.slice(0, start).split("\n").length - 1;
    if (file !== undefined) {
      mkdirSync(dirname(join(project, file)), { recursive: true });
      writeFileSync(join(project, file), body);
    } else if (language === "sh") {
      const { status, output, stdout } = capture("sh", ["-e", "-c", body], {
        cwd: project,
        env: { ...env, NO_COLOR: "1" },
      });
      if (status !== 0) return void problems.push(`${PAGE}:${line}: ended with ${status}:\n${body}${output}`);
      compare(expectedOf(page, fences, position), stdout, line);
    } else if (language !== "text") problems.push(`${PAGE}:${line}: code of ${language} without a file is not tried`);
  }
}

/** Paths of the reader's own folder are not part of what the page shows. */
function compare(expected, stdout, line) {
  if (expected === undefined) return;
  const text = `${stdout.replaceAll(`${project}/`, "").trimEnd()}\n`;
  if (text === expected.body) return;
  if (write) printed.push({ ...expected, text });
  else problems.push(`${PAGE}:${line}: printed:\n${text}but the page says:\n${expected.body}`);
}

function withPrinted() {
  return printed.reduceRight((text, { start, end, text: now }) => text.slice(0, start) + now + text.slice(end), page);
}

/** Sources of the example that the tutorial did not write, or wrote otherwise; and lines that its README counts wrongly. */
function differences() {
  const files = ["src", "test"].flatMap((folder) =>
    readdirSync(join(root, EXAMPLE, folder)).map((name) => `${folder}/${name}`),
  );
  const readme = readText(`${EXAMPLE}/README.md`);
  return [...files, "tsconfig.json"].flatMap((file) => {
    const text = readText(`${EXAMPLE}/${file}`);
    const there = existsSync(join(project, file)) ? readFileSync(join(project, file), "utf8") : undefined;
    const counted = new RegExp(`\`${file}\` \\| (\\d+) \\|`).exec(readme)?.[1] ?? linesOf(text);
    return [
      ...(there === text ? [] : [`the tutorial does not end with ${EXAMPLE}/${file}`]),
      ...(Number(counted) === linesOf(text) ? [] : [`${EXAMPLE}/README.md: ${file} has ${linesOf(text)} lines`]),
    ];
  });
}

function linesOf(text) {
  return text.split("\n").length - 1;
}
