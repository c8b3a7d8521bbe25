import { access, constants } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { runTool } from "./run-tool.js";

/** A program of this machine. */
export interface Tool {
  readonly path: string;
  /** First line of what it says of itself. */
  readonly version: string;
}

/** The first of `commands` that is on PATH (or an absolute path) and starts. */
export async function findTool(commands: readonly string[]): Promise<Tool | undefined> {
  for (const command of commands) {
    for (const path of candidates(command)) {
      if (!(await isExecutable(path))) continue;
      const version = await versionOf(path);
      if (version !== undefined) return { path, version };
    }
  }
  return undefined;
}

function candidates(command: string): readonly string[] {
  if (isAbsolute(command)) return [command];
  const endings = process.platform === "win32" ? [".exe", ".cmd", ".bat"] : [""];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => endings.map((ending) => join(folder, command + ending)));
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await runTool(path, ["--version"], { folder: tmpdir(), timeoutMs: 30_000 });
    return exitCode === 0 ? (stdout.split("\n")[0] ?? "").trim() : undefined;
  } catch {
    return undefined;
  }
}
