import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineTarget, type TargetPlugin } from "@tilewright/backend";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { interpreterPlugin } from "./interpreter-plugin.js";
import { kitCommand } from "./kit-command.js";
import type { KitReport } from "./run-kit.js";

/** Modules on disk take their targets from here, so that these are of the sources under test. */
const shelf = globalThis as unknown as { kitTargets: Readonly<Record<string, unknown>> };

const { backend, device } = interpreterPlugin({ capabilities: { dtypes: { float32: "stable" } } });
const plain: TargetPlugin = {
  specVersion: "target/1",
  name: "plain",
  summary: "the interpreter",
  backend: () => backend,
  device: async () => device,
};
const toolchain = (usable: boolean) => ({
  name: usable ? "there" : "missing",
  accepts: "tilewright-ir",
  produces: "tilewright-ir",
  status: async () => ({ name: "", usable, detail: "install it" }),
  build: async <T>(module: T) => module,
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kit-"));
  const targets = {
    target: defineTarget(plain),
    wrong: { ...plain, backend: () => ({ ...backend, compile: () => ({ ...backend.compile, functions: [] }) }) },
    other: { ...plain, specVersion: "target/9" },
    deviceless: { ...plain, device: undefined },
    unusable: { ...plain, status: async () => ({ usable: false, detail: "no such engine" }) },
    unbuilt: { ...plain, toolchains: () => [toolchain(false)] },
    built: { ...plain, toolchains: () => [toolchain(false), toolchain(true)] },
    toolless: { ...plain, toolchains: () => 5 },
    unnamed: { ...plain, toolchains: () => [5] },
    broken: { ...plain, backend: () => { throw new TypeError("x is undefined"); } }, // biome-ignore format: short
  };
  shelf.kitTargets = targets;
  const module = Object.keys(targets).map((name) => `export const ${name} = globalThis.kitTargets.${name};\n`).join(""); // biome-ignore format: one expression
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write("target.mjs", module);
  write("throws.mjs", "throw new Error('not today');");
  write("package.json", JSON.stringify({ name: "here", type: "module", exports: { ".": { types: "./x.d.ts", import: "./target.mjs" } } })); // biome-ignore format: one call
  write("node_modules/@scope/chip/package.json", JSON.stringify({ exports: { "./target": { default: "./dist/target.mjs" } } })); // biome-ignore format: one call
  write("node_modules/@scope/chip/dist/target.mjs", module);
  write("node_modules/damaged/package.json", "{");
  write("node_modules/empty/package.json", "null");
  write("node_modules/unbuilt/package.json", JSON.stringify({ main: "dist/index.js" }));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: readonly string[]): Promise<{ code: number; written: string; noted: string }> {
  const [written, noted]: [string[], string[]] = [[], []];
  const code = await kitCommand(args, {
    write: (text) => void written.push(text),
    note: (text) => void noted.push(text),
    folder,
  });
  return { code, written: written.join(""), noted: noted.join("") };
}

describe("tilewright-kit", () => {
  it.each(["./target.mjs", ".", "@scope/chip/target"])("tries the target of %s", async (name) => {
    const { code, written, noted } = await run(name, "--json", "--runs", "2");
    const report = JSON.parse(written) as KitReport;
    expect(code).toBe(0);
    expect(report).toMatchObject({ backend: "interpreter", device: "interpreter", failed: 0, failures: [] });
    expect(report.passed).toBeGreaterThan(50);
    expect(noted.split("\n")[0]).toMatch(/^pass 1\/\d+ manifest: /);
  });

  it("prints a table, or what is wrong, and ends with 1 then", async () => {
    const table = await run(".", "--table", "--runs", "1", "--target", "built");
    expect(table).toMatchObject({ code: 0, written: expect.stringContaining("| element types | float32 |") });
    const { code, written, noted } = await run(".", "--runs", "1", "--target", "wrong");
    expect(code).toBe(1);
    expect(written).toMatch(/^FAIL describes its functions/);
    expect(noted).toMatch(/FAIL \d+\/\d+ manifest: describes its functions, in a format that the device accepts\n {5}/);
  });

  it("says how it is used", async () => {
    expect(await run("--help")).toMatchObject({ code: 0, written: expect.stringContaining("--threads <n>") });
  });

  it.each([
    [["KIT101", "0 modules instead of one"], []],
    [
      ["KIT101", "2 modules instead of one"],
      [".", "."],
    ],
    [
      ["KIT101", "--nonsense"],
      [".", "--nonsense"],
    ],
    [
      ["KIT101", "both --json and --table"],
      [".", "--json", "--table"],
    ],
    [
      ["KIT101", "--runs -1"],
      [".", "--runs=-1"],
    ],
    [
      ["KIT101", "--threads 0"],
      [".", "--threads", "0"],
    ],
    [["KIT102", "there is no such file"], ["./nothing.js"]],
    [["KIT102", "Error: not today"], ["./throws.mjs"]],
    [["KIT102", "no package of that name"], ["not-installed"]],
    [["KIT102", "exports nothing as `.`"], ["@scope/chip"]],
    [["KIT102", "names dist/index.js, which is not there"], ["unbuilt"]],
    [
      ["KIT103", "exports no `nothing`"],
      [".", "--target", "nothing"],
    ],
    [
      ["BE107", "target/9"],
      [".", "--target", "other"],
    ],
    [
      ["KIT104", "names no device"],
      [".", "--target", "deviceless"],
    ],
    [
      ["KIT104", "no such engine"],
      [".", "--target", "unusable"],
    ],
    [
      ["KIT104", "missing: install it"],
      [".", "--target", "unbuilt"],
    ],
    [["KIT102", "its package.json cannot be read"], ["damaged"]],
    [["KIT102", "names index.js, which is not there"], ["empty"]],
    [
      ["KIT104", "not iterable"],
      [".", "--target", "toolless"],
    ],
    [
      ["BE106", "toolchain"],
      [".", "--target", "unnamed"],
    ],
    [
      ["KIT104", "TypeError: x is undefined"],
      [".", "--target", "broken"],
    ],
  ] as const)("ends with 2 and %j where it cannot be run", async ([errorCode, words], args) => {
    const { code, written, noted } = await run(...args);
    expect(code).toBe(2);
    expect(written).toBe("");
    expect(noted).toContain(errorCode);
    expect(noted).toContain(words);
  });
});
