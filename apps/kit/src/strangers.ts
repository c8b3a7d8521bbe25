import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { KitReport } from "@tilewright/backend-test";

/** A project that has its own installation of the kit: its reports, one for each device that it can be run on. */
export async function kitOf(folder: string, note: (text: string) => void): Promise<readonly KitReport[]> {
  const kit = join(folder, "node_modules/@tilewright/backend-test/dist/main.js");
  if (!existsSync(kit)) throw new Error(`${basename(folder)} has no @tilewright/backend-test installed`);
  const { status, written } = await output(process.execPath, [kit, ".", "--json"], folder, note);
  if (written.trim() === "") throw new Error(`the kit of ${basename(folder)} ended with ${status} and said nothing`);
  const report = JSON.parse(written) as KitReport;
  return [report];
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
