import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { KitReport } from "@tilewright/backend-test";

/** What the kit that a project has installed says of its backend, the one that the project exports as `target`. */
export async function kitOf(folder: string, note: (text: string) => void): Promise<KitReport> {
  const kit = join(folder, "node_modules/@tilewright/backend-test/dist/main.js");
  if (!existsSync(kit)) throw new Error(`${basename(folder)} has no @tilewright/backend-test installed`);
  const { status, written } = await output(process.execPath, [kit, ".", "--json"], folder, note);
  if (written.trim() === "") throw new Error(`the kit of ${basename(folder)} ended with ${status} and said nothing`);
  return JSON.parse(written) as KitReport;
}

interface Output {
  readonly status: number | null;
  readonly written: string;
}

function output(command: string, args: readonly string[], cwd: string, note: (text: string) => void): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let written = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      written += text;
    });
    child.stderr.setEncoding("utf8").on("data", note);
    child.on("error", reject).on("close", (status) => resolve({ status, written }));
  });
}
