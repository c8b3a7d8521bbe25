import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCommand, USAGE } from "./create-command.js";
import { createBackend, Refusal } from "./index.js";

let place = "";
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "create-"));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const text = (...path: readonly string[]) => readFileSync(join(place, ...path), "utf8");
const manifest = (folder: string) => JSON.parse(text(folder, "package.json")) as Record<string, unknown>;

function command(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = createCommand(args, { write: (more) => void out.push(more), note: (more) => void err.push(more) });
  return { code, out: out.join(""), err: err.join("") };
}

describe("a new project", () => {
  it("has every file of the template, with its names and no word left open", () => {
    const { files, target, package: name } = createBackend(join(place, "my-chip"));
    expect([target, name]).toEqual(["my-chip", "my-chip"]);
    expect(files).toEqual([".gitignore", "README.md", "package.json", "src/backend.ts", "src/code.ts", "src/device.ts", "src/index.ts", "test/conformance.test.ts", "tsconfig.json"]); // biome-ignore format: a list
    for (const file of files) expect(text("my-chip", file)).not.toMatch(/\{\{\s*[@\w]/);
    expect(text("my-chip", "src/index.ts")).toContain('name: "my-chip"');
    expect(manifest("my-chip")).toMatchObject({
      name: "my-chip",
      keywords: ["tilewright-target"],
      license: "UNLICENSED",
    });
    expect(readdirSync(place)).toEqual(["my-chip"]);
  });

  it("takes an empty folder, and folders above it that are not there", () => {
    mkdirSync(join(place, "empty"));
    expect(createBackend(join(place, "empty")).files).toHaveLength(9);
    expect(createBackend(join(place, "a/b/turbo")).target).toBe("turbo");
    expect(readdirSync(place).sort()).toEqual(["a", "empty"]);
  });

  it("names the package as told, and the target after it", () => {
    const named = (name: string, folder: string) => createBackend(join(place, folder), { name }).target;
    expect(named("@acme/tilewright-backend-turbo", "1")).toBe("turbo");
    expect(named("tilewright-target-npu", "2")).toBe("npu");
    expect(named("tilewright-vta", "Some Folder")).toBe("vta");
    expect(manifest("1").name).toBe("@acme/tilewright-backend-turbo");
  });

  it("is refused in a folder that holds something, which stays as it was", () => {
    mkdirSync(join(place, "full"));
    writeFileSync(join(place, "full/.hidden"), "mine");
    writeFileSync(join(place, "file"), "mine");
    expect(() => createBackend(join(place, "full"))).toThrow(Refusal);
    expect(() => createBackend(join(place, "file"))).toThrow(/is a file/);
    expect(readdirSync(join(place, "full"))).toEqual([".hidden"]);
    expect(readdirSync(place).sort()).toEqual(["file", "full"]);
  });

  it("is refused under names that npm or the contract would not take, and nothing is made", () => {
    for (const name of ["My-Chip", "a b", "../up", "@/x", "", "é", "x".repeat(215)])
      expect(() => createBackend(join(place, "x"), { name }), name).toThrow(/cannot be the name of a package/);
    for (const name of ["1chip", "tilewright-", "my.chip"])
      expect(() => createBackend(join(place, "x"), { name }), name).toThrow(/cannot be the name of a target|package/);
    expect(() => createBackend(join(place, "My Folder"))).toThrow(/--name|cannot be the name/);
    expect(readdirSync(place)).toEqual([]);
  });
});

describe("the command", () => {
  it("says what it made and what to do next", () => {
    const { code, out, err } = command(join(place, "chip"));
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^chip: a backend of Tilewright, in 9 files\n\n {2}cd .*chip\n {2}npm install\n {2}npm test\n/);
  });

  it("shows its usage and version", () => {
    expect(command("--help")).toEqual({ code: 0, out: USAGE, err: "" });
    expect(command("--version").out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("exits with 2 for wrong arguments and with 1 for what is refused, in one sentence and a hint", () => {
    for (const args of [[], [""], ["a", "b"], ["--no-such"], ["a", "--name"]]) {
      const { code, out, err } = command(...args);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(/^create-tilewright-backend: .+\n {2}.+\n$/);
    }
    const { code, err } = command(place.slice(0, place.lastIndexOf("/")));
    expect(code).toBe(1);
    expect(err).toMatch(/is not empty\n/);
  });

  it("tells what the file system says, and leaves nothing", () => {
    writeFileSync(join(place, "file"), "");
    const { code, err } = command(join(place, "file/chip"));
    expect([code, err]).toEqual([1, expect.stringMatching(/ENOTDIR|EEXIST/)]);
    expect(readdirSync(place)).toEqual(["file"]);
  });
});
