import { spawn } from "node:child_process";
import { CompileError } from "@tilewright/diagnostics";
import { atExit } from "./at-exit.js";
import { toolTimedOut } from "./errors.js";

export interface ToolResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly folder: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const MAX_OUTPUT = 64 * 1024;

/**
 * Runs a program with arguments, no shell between. It and what it started are killed when time is over, the signal aborts or this process exits.
 * @throws CompileError `TC103` · the signal's reason
 */
export function runTool(command: string, args: readonly string[], options: RunOptions): Promise<ToolResult> {
  const { folder, timeoutMs, signal } = options;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const grouped = process.platform !== "win32";
    const child = spawn(command, args, {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      detached: grouped,
      windowsHide: true,
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8");
      child[name].on("data", (text: string) => {
        if (output[name].length < MAX_OUTPUT) output[name] += text;
      });
    }
    let stopped: unknown;
    const stop = (reason: unknown): void => {
      stopped ??= reason;
      try {
        if (grouped && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        else child.kill("SIGKILL");
      } catch {
        child.kill("SIGKILL"); // the group is gone already
      }
    };
    const timer = setTimeout(() => stop(new CompileError(toolTimedOut(command, timeoutMs))), timeoutMs);
    // In a group of its own, it would outlive this process.
    const forget = atExit(() => stop(undefined));
    const onAbort = (): void => stop(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      forget();
      signal?.removeEventListener("abort", onAbort);
      finish();
    };
    child.on("error", (error) => settle(() => reject(error)));
    child.on("close", (exitCode) =>
      settle(() => (stopped === undefined ? resolve({ exitCode, ...output }) : reject(stopped))),
    );
  });
}
