/** The backends of examples/backend-* as projects of strangers: copied out of the repository, with packed packages installed. */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { capture, root } from "./run.mjs";

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const LEFT = ["node_modules", "dist", "package-lock.json"];

/** The examples whose names end so; all, when none is named. */
export function strangers(wanted = []) {
  return readdirSync(join(root, "examples"))
    .filter((name) => name.startsWith("backend-") && existsSync(join(root, "examples", name, "package.json")))
    .filter((name) => wanted.length === 0 || wanted.includes(name.replace("backend-", "")));
}

/** A copy of an example with what its package.json asks for. @throws Error what npm said */
export function installStranger(name, env) {
  const project = join(mkdtempSync(join(tmpdir(), "tilewright-stranger-")), name);
  const filter = (path) => !LEFT.includes(basename(path));
  cpSync(join(root, "examples", name), project, { recursive: true, filter });
  npmIn(project, ["install", "--ignore-scripts"], env);
  return project;
}

/** What npm wrote. @throws Error with it, when the command fails */
export function npmIn(project, args, env) {
  const { status, output } = capture(npm, args, { cwd: project, env });
  if (status !== 0)
    throw new Error(`${basename(project)}: npm ${args.join(" ")} ended with ${status}:\n${output.trimEnd()}`);
  return output;
}

export function removeStranger(project) {
  rmSync(join(project, ".."), { recursive: true, force: true });
}
