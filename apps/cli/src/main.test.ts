import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

const KERNEL = `
import { add, compute, placeholder, read } from "@tilewright/te";
import { one } from "./constants.js";
import type { Tensor } from "@tilewright/ir";

const X: Tensor = placeholder([5], { name: "X" });
export const increment: Tensor = compute([5], (i) => add(read(X, i), one), { name: "Y" });
`;
const WRONG = `import { compute, placeholder, read } from "@tilewright/te";
const X = placeholder([5]);
export default compute([5], (i) => read(X, i, i));
`;

/** A folder outside every project: no package.json, no node_modules. */
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tilewright-cli-"));
  await writeFile(join(folder, "kernel.ts"), KERNEL);
  await writeFile(join(folder, "constants.ts"), "export const one: number = 1;\n");
  await writeFile(join(folder, "wrong.ts"), WRONG);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function tilewright(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const node = ["--conditions=@tilewright/source", `--import=${TSX}`, MAIN, ...args];
  return new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    const options = { cwd: folder, env: { ...process.env, NO_COLOR: "", FORCE_COLOR: "", ...env } };
    execFile(process.execPath, node, options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe("the process", () => {
  it("runs a TypeScript file that lies outside every project, with its types and its own imports", async () => {
    const { code, stdout, stderr } = await tilewright(["run", "kernel.ts", "--input", "X=zeros", "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout).outputs[0].first).toEqual([1, 1, 1, 1, 1]);
  });

  it("says where in the user's file the mistake is, and ends with 1", async () => {
    const { code, stdout, stderr } = await tilewright(["lower", "wrong.ts"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^error\[TE201\]: /);
    expect(stderr).toContain("wrong.ts:3:36");
  });

  it("refuses TypeScript that types alone cannot be taken out of", async () => {
    await writeFile(join(folder, "enum.ts"), "export enum Kind {}\n");
    const { code, stderr } = await tilewright(["lower", "enum.ts"]);
    await rm(join(folder, "enum.ts"));
    expect(code).toBe(1);
    expect(stderr).toContain("actual: TypeScript enum is not supported in strip-only mode, at line 1, column 8");
  });

  it.each([
    ["waits for what never comes", "await new Promise(() => {});\nexport const x = 1;\n"],
    ["ends the process", "process.exit(0);\n"],
  ])("says of a file that %s that it cannot be loaded, and ends with 1", async (_, text) => {
    await writeFile(join(folder, "never.ts"), text);
    const { code, stdout, stderr } = await tilewright(["build", "never.ts"]);
    await rm(join(folder, "never.ts"));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^error\[CLI101\]: cannot load `never\.ts`/);
    expect(stderr).not.toContain("main.ts");
  });

  it("builds into a folder, new or not, and leaves nothing else behind", async () => {
    await mkdir(join(folder, "old"));
    await writeFile(join(folder, "old", "kept.txt"), "");
    for (const out of ["new", "old"]) expect((await tilewright(["build", "kernel.ts", "--out", out])).code).toBe(0);
    expect((await readdir(join(folder, "new"))).sort()).toEqual(["increment.tilewright", "increment.wasm"]);
    expect((await readdir(join(folder, "old"))).sort()).toEqual(["increment.tilewright", "increment.wasm", "kept.txt"]);
    const others = ["constants.ts", "kernel.ts", "new", "old", "wrong.ts"];
    expect((await readdir(folder)).sort()).toEqual(others);
  });

  it("ends with 1 where the results cannot be written", async () => {
    const { code, stderr } = await tilewright(["build", "kernel.ts", "--out", "kernel.ts"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error\[CLI108\]: cannot write `kernel\.ts`/);
  });

  it("says what to install where a target has no tools", async () => {
    const { code, stderr } = await tilewright(["build", "kernel.ts", "--target", "native"], { PATH: "" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error\[CLI104\]: the target `native` is not usable here/);
    expect(stderr).toContain("install a C compiler");
  });

  it("ends with 2 for a command line that cannot be understood, in colour when asked and never under NO_COLOR", async () => {
    const colored = await tilewright(["fly"], { FORCE_COLOR: "1" });
    expect(colored.code).toBe(2);
    expect(colored.stderr).toContain("\u001b[31musage:\u001b[39m");
    const plain = await tilewright(["fly"], { FORCE_COLOR: "1", NO_COLOR: "1" });
    expect(plain.stderr).toContain('usage: there is no command "fly"'); // after a warning of Node's own
  });
});
