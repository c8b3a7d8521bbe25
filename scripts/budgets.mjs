/**
 * The budgets: a file 400 lines, a function 60, a package 2,500 lines of source without its tests, a README 150.
 * Named exports only, and no file called after nothing in particular.
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import ts from "typescript";
import { allowances } from "./budget-allowances.mjs";
import { root } from "./run.mjs";
import { readText, report, sourceFiles, typescriptFiles, workspacePackages } from "./workspace.mjs";

const LIMITS = { file: 400, function: 60, package: 2500, readme: 150 };
const EMPTY_NAMES = /^(utils?|common|shared|core|helpers?|misc)([.-]|$)/;

const problems = [];
const used = new Set();

for (const { folder } of workspacePackages()) {
  const sources = sourceFiles(folder);
  let total = 0;
  for (const file of typescriptFiles(`${folder}/src`).concat(typescriptFiles(`${folder}/test`))) checkFile(file);
  for (const file of sources) {
    total += countLines(readText(file));
    checkSource(file);
  }
  spend("package", folder, total);
  if (EMPTY_NAMES.test(basename(folder))) problems.push(`${folder}: the name says nothing`);
  const readme = `${folder}/README.md`;
  if (existsSync(join(root, readme))) spend("readme", readme, countLines(readText(readme)));
}
for (const entry of allowances) {
  const name = `${entry.budget} ${entry.of}`;
  if (!used.has(entry)) problems.push(`${name}: this allowance is not needed any more`);
  if (!(entry.reason?.length > 10)) problems.push(`${name}: an allowance needs its reason`);
}
process.exit(report("budgets", problems));

function checkFile(file) {
  spend("file", file, countLines(readText(file)));
  if (EMPTY_NAMES.test(basename(file))) problems.push(`${file}: the name says nothing`);
}

function checkSource(file) {
  const source = ts.createSourceFile(file, readText(file), ts.ScriptTarget.ES2022, true);
  const lineOf = (position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const pending = [source];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (isDefaultExport(node)) problems.push(`${file}:${lineOf(node.getStart())}: named exports only`);
    if (ts.isFunctionLike(node) && node.body !== undefined) {
      spend("function", `${file}#${nameOf(node)}`, lineOf(node.end) - lineOf(node.getStart()) + 1);
    }
    ts.forEachChild(node, (child) => void pending.push(child));
  }
}

function isDefaultExport(node) {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === "default";
  return ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
}

/** The name of a function, or of the variable or property that holds it. */
function nameOf(node) {
  const named = node.name ?? node.parent?.name;
  return named === undefined ? "(anonymous)" : named.getText();
}

function spend(budget, of, lines) {
  if (lines <= LIMITS[budget]) return;
  const entry = allowances.find((allowance) => allowance.budget === budget && allowance.of === of);
  if (entry !== undefined) used.add(entry);
  const limit = entry?.limit ?? LIMITS[budget];
  if (lines > limit) problems.push(`${of}: ${lines} lines, the budget of a ${budget} is ${limit}`);
}

function countLines(text) {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}
