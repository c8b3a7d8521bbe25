import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tilewright-exit-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Starts builds with a compiler that says its number and hangs, and exits as soon as all have said theirs. */
const PROGRAM = `
import { readdirSync } from "node:fs";
import { sharedLibrary } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
const [folder, compiler] = process.argv.slice(2);
const source = { format: "c-source", bytes: new Uint8Array(), features: [], functions: [], files: new Map(), warnings: [] };
const toolchain = sharedLibrary({ compiler, cache: false });
for (let count = 0; count < 12; count++) toolchain.build(source);
setInterval(() => { if (readdirSync(folder + "/started").length === 12) process.exit(3); }, 20);
`;
const COMPILER = `#!/bin/sh
if [ "$1" = --version ]; then echo fake cc; exit; fi
: > "$STARTED/$$"
sleep 60
`;

it.runIf(process.platform !== "win32")("no compiler and no temporary folder outlives the process", async () => {
  const [started, temporary, compiler] = ["started", "tmp", "fake-cc"].map((name) => join(folder, name));
  if (started === undefined || temporary === undefined || compiler === undefined) throw new Error("three names");
  await mkdir(started);
  await mkdir(temporary);
  await writeFile(compiler, COMPILER);
  await chmod(compiler, 0o755);
  await writeFile(join(folder, "program.mjs"), PROGRAM);
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const args = ["--conditions=@tilewright/source", `--import=${tsx}`, join(folder, "program.mjs"), folder, compiler];
  const env = { ...process.env, STARTED: started, TMPDIR: temporary };
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((done) => {
    execFile(process.execPath, args, { env }, (error, _, text) => done({ code: error?.code ?? 0, stderr: text }));
  });
  expect([code, stderr]).toEqual([3, ""]);
  expect((await readdir(temporary)).filter((name) => name.startsWith("tilewright-"))).toEqual([]);
  const compilers = await readdir(started);
  expect(compilers).toHaveLength(12);
  await expect.poll(() => Promise.all(compilers.map(isRunning)), { timeout: 10_000 }).not.toContain(true);
});

/** A process that has ended may wait, as a zombie, for one that asks after it. */
async function isRunning(id: string): Promise<boolean> {
  try {
    process.kill(Number(id), 0);
  } catch {
    return false;
  }
  const status = await readFile(`/proc/${id}/status`, "utf8").catch(() => "");
  return !/^State:\s*Z/m.test(status);
}
