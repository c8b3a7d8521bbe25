/**
 * The examples of READMEs: a fence after the comment `<!-- example -->`, of TypeScript or of shell commands. If a fence
 * of text follows, the example must print exactly that. `<!-- example with x y -->` names packages that one installs
 * beside it.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { capture, root } from "./run.mjs";
import { readText } from "./workspace.mjs";

const EXAMPLE = /<!-- example(?: with ([^>]*?))? -->\s*```(ts|sh)\n(.*?)```(?:\s*```(?:text|txt)\n(.*?)```)?/gs;

/** The examples of a package's README. */
export function examplesOf({ folder }) {
  return examplesIn(`${folder}/README.md`);
}

/** The examples of a page: language, code, and what it should print if the page says so. */
export function examplesIn(page) {
  const text = existsSync(join(root, page)) ? readText(page) : "";
  return [...text.matchAll(EXAMPLE)].map(([, companions = "", language, code, expected], index) => ({
    name: `${page}, example ${index + 1}`,
    language,
    code,
    expected,
    companions: companions.split(" ").filter((name) => name !== ""),
  }));
}

/**
 * Runs an example in a folder and returns what went wrong, or undefined. `runTs` gives the arguments with which Node
 * runs a TypeScript file there.
 */
export function runExample({ name, language, code, expected }, folder, runTs, bin) {
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const file = join(folder, `example.${language}`);
  writeFileSync(file, code);
  const [command, args] = language === "sh" ? ["sh", ["-e", file]] : [process.execPath, runTs(file, code)];
  const { status, output, stdout } = capture(command, args, { cwd: folder, env });
  if (status !== 0) return `${name} ended with ${status}:\n${output}`;
  if (expected === undefined || stdout.trimEnd() === expected.trimEnd()) return undefined;
  return `${name} printed:\n${stdout}\nbut the README says:\n${expected}`;
}

/** Writes the JavaScript of a TypeScript example beside it and returns its path. */
export function toJavaScript(file, code) {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  const script = file.replace(/\.ts$/, ".mjs");
  writeFileSync(script, ts.transpileModule(code, { compilerOptions }).outputText);
  return script;
}
