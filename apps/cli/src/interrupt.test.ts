import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Interrupted, interruptible } from "./interrupt.js";

const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

const KERNEL = `
import { add, compute, placeholder, read } from "@tilewright/te";
const X = placeholder([5], { name: "X" });
export const increment = compute([5], (i) => add(read(X, i), 1), { name: "Y" });
`;
/** Says its number, then hangs. */
const COMPILER = `#!/bin/sh
if [ "$1" = --version ]; then echo clang fake; exit; fi
echo $$ > "$STARTED/part" && mv "$STARTED/part" "$STARTED/id"
sleep 60
`;

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tilewright-interrupt-"));
  for (const name of ["bin", "started", "tmp"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "kernel.ts"), KERNEL);
  await writeFile(join(folder, "bin", "clang-19"), COMPILER);
  await chmod(join(folder, "bin", "clang-19"), 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A build that has come to the compiler. */
async function startBuild() {
  const args = ["--conditions=@tilewright/source", `--import=${TSX}`, MAIN, "build", "kernel.ts", "--target", "native"];
  const env = {
    ...process.env,
    PATH: `${join(folder, "bin")}:${process.env.PATH}`,
    STARTED: join(folder, "started"),
    TMPDIR: join(folder, "tmp"),
    XDG_CACHE_HOME: join(folder, "cache"),
    NO_COLOR: "",
    FORCE_COLOR: "",
  };
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  const output = { stderr: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const closed = once(child, "close");
  const readId = () => readFile(join(folder, "started", "id"), "utf8").catch(() => "");
  await expect.poll(readId, { timeout: 20_000 }).not.toBe("");
  return { child, closed, output, compiler: Number(await readId()) };
}

/** A process that has ended may wait, as a zombie, for one that asks after it. */
async function isRunning(id: number): Promise<boolean> {
  try {
    process.kill(id, 0);
  } catch {
    return false;
  }
  return !/^State:\s*Z/m.test(await readFile(`/proc/${id}/status`, "utf8").catch(() => ""));
}

describe("a signal during a build", () => {
  it.runIf(process.platform !== "win32").each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s ends the compiler, leaves no folder, and gives %i", async (name, expected) => {
    const { child, closed, output, compiler } = await startBuild();
    child.kill(name);
    const [code] = await closed;
    expect([code, output.stderr]).toEqual([expected, `ended by ${name}\n`]);
    expect((await readdir(join(folder, "tmp"))).filter((each) => each.startsWith("tilewright-"))).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual(["bin", "kernel.ts", "started", "tmp"]);
    await expect.poll(() => isRunning(compiler), { timeout: 10_000 }).toBe(false);
  });
});

describe("work that can be interrupted", () => {
  it("gives what it made, or its own error, and leaves no listener", async () => {
    const before = process.listenerCount("SIGINT");
    expect(await interruptible(async () => process.listenerCount("SIGINT") - before)).toBe(1);
    const error = new Error("its own");
    await expect(interruptible(() => Promise.reject(error))).rejects.toBe(error);
    expect(process.listenerCount("SIGINT")).toBe(before);
  });

  it("is told of a signal, and may finish, but counts as interrupted", async () => {
    let finished = false;
    const work = interruptible(async (signal) => {
      process.emit("SIGHUP", "SIGHUP");
      expect(signal.reason).toBeInstanceOf(Interrupted);
      await Promise.resolve();
      finished = true;
    });
    await expect(work).rejects.toMatchObject({ by: "SIGHUP", exitCode: 129 });
    expect(finished).toBe(true);
  });
});
