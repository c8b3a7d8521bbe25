import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CompiledModule } from "@tilewright/backend";
import { type CompileError, isCompileError } from "@tilewright/diagnostics";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { placeOf } from "./c-toolchain.js";
import { clangWasm, emcc, sharedLibrary, yowasp } from "./index.js";

let folder = "";
let cache = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tilewright-test-"));
  cache = join(folder, "cache");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const source = (text: string): CompiledModule => ({
  format: "c-source",
  bytes: new TextEncoder().encode(text),
  features: [],
  functions: [],
  files: new Map([["module.h", new Uint8Array([1])]]),
  warnings: [],
});

/** A program that poses as a compiler: logs its folder, then does what `behaviour` says with the output's path. */
async function fakeCompiler(behaviour: string, version = "fake cc 1.0"): Promise<string> {
  const path = join(folder, "fake-cc");
  const script = `#!${process.execPath}
const { appendFileSync, readFileSync, writeFileSync } = require("node:fs");
const args = process.argv.slice(2);
if (args[0] === "--version") { console.log(${JSON.stringify(version)}); process.exit(0); }
appendFileSync(${JSON.stringify(join(folder, "log"))}, JSON.stringify({ folder: process.cwd(), args }) + "\\n");
const output = args[args.indexOf("-o") + 1];
${behaviour}
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

const COPIES = 'writeFileSync(output, "built:" + readFileSync("module.c", "utf8"));';

async function calls(): Promise<readonly { readonly folder: string; readonly args: readonly string[] }[]> {
  const text = await readFile(join(folder, "log"), "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { folder: string; args: string[] });
}

async function failure(work: Promise<unknown>): Promise<CompileError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isCompileError(error)) throw error instanceof Error ? error : new Error(`no CompileError but ${String(error)}`);
  return error;
}

const textOf = ({ bytes }: CompiledModule): string => new TextDecoder().decode(bytes);
const posix = it.runIf(process.platform !== "win32");

describe("a toolchain", () => {
  posix("builds in a folder of its own, which it removes", async () => {
    const built = await sharedLibrary({ compiler: await fakeCompiler(COPIES), cache: false }).build(source("int x;"));
    expect(textOf(built)).toBe("built:int x;");
    expect(built).toMatchObject({ format: "shared-library", features: [`${process.platform}-${process.arch}`] });
    expect(existsSync((await calls())[0]?.folder ?? "")).toBe(false);
  });

  posix("hands arguments to the program as they are: no shell reads them", async () => {
    const compiler = await fakeCompiler(COPIES);
    expect((await failure((async () => sharedLibrary({ compiler, cpu: "native; touch x" }))())).code).toBe("TC106");
    const { status } = sharedLibrary({ compiler: `${compiler} --version; echo` });
    expect((await status()).usable).toBe(false);
  });

  posix("keeps what it built, until text, flags or version change", async () => {
    const compiler = await fakeCompiler(COPIES);
    const count = async (): Promise<number> => (await calls()).length;
    for (const turn of [1, 2])
      expect(textOf(await sharedLibrary({ compiler, cache }).build(source("a"))), `${turn}`).toBe("built:a");
    expect(await count()).toBe(1);
    await sharedLibrary({ compiler, cache }).build(source("b"));
    await sharedLibrary({ compiler, cache, cpu: "baseline" }).build(source("a"));
    await sharedLibrary({ compiler, cache, optimization: 1 }).build(source("a"));
    expect(await count()).toBe(4);
    await fakeCompiler(COPIES, "fake cc 2.0");
    await sharedLibrary({ compiler, cache }).build(source("a"));
    expect(await count()).toBe(5);
  });

  posix("builds anew where the cache is damaged", async () => {
    const toolchain = sharedLibrary({ compiler: await fakeCompiler(COPIES), cache });
    await toolchain.build(source("a"));
    const [entry = ""] = await readdir(cache);
    for (const damage of ["", "short", `${"x".repeat(32)}built:evil`]) {
      await writeFile(join(cache, entry), damage);
      expect(textOf(await toolchain.build(source("a")))).toBe("built:a");
    }
    expect((await readdir(cache)).length).toBe(1);
  });

  posix("keeps the cache within its size, the last used last, and leaves other files alone", async () => {
    const toolchain = sharedLibrary({
      compiler: await fakeCompiler('writeFileSync(output, "x".repeat(1000));'),
      cache,
      cacheMaxBytes: 3500,
    });
    for (let at = 0; at < 8; at++) await toolchain.build(source(`int x${at};`));
    await writeFile(join(cache, "not-ours"), "y".repeat(9000));
    await toolchain.build(source("int last;"));
    expect((await readdir(cache)).length).toBe(4);
    expect((await readdir(cache)).includes("not-ours")).toBe(true);
    expect((await calls()).length).toBe(9);
    await toolchain.build(source("int last;"));
    expect((await calls()).length).toBe(9);
  });

  posix("warns when it cannot keep results, and works on", async () => {
    await writeFile(join(folder, "file"), "");
    const built = await sharedLibrary({ compiler: await fakeCompiler(COPIES), cache: join(folder, "file") }).build(
      source("a"),
    );
    expect(built.warnings.map(({ code }) => code)).toEqual(["TC201"]);
  });

  posix("leaves nothing half-written when builds run at once", async () => {
    const toolchain = sharedLibrary({ compiler: await fakeCompiler(COPIES), cache });
    const built = await Promise.all(Array.from({ length: 6 }, (_, at) => toolchain.build(source(`${at % 2}`))));
    expect(built.map(textOf)).toEqual(["built:0", "built:1", "built:0", "built:1", "built:0", "built:1"]);
    expect((await readdir(cache)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  posix("tries again with less when the compiler itself breaks down", async () => {
    const behaviour = `if (!args.includes("-O1")) { console.error("internal compiler error: oh"); process.exit(1); }\n${COPIES}`;
    const built = await sharedLibrary({ compiler: await fakeCompiler(behaviour), cache: false }).build(source("a"));
    expect(built.warnings.map(({ code }) => code)).toEqual(["TC202"]);
  });
});

describe("errors", () => {
  posix("TC102 holds the tool's words, and the place in the C text", async () => {
    const words = "module.c:12:7: error: expected expression";
    const error = await failure(
      sharedLibrary({
        compiler: await fakeCompiler(`console.error(${JSON.stringify(words)}); process.exit(1);`),
        cache,
      }).build(source("a")),
    );
    expect(error.code).toBe("TC102");
    expect(error.message).toContain(words);
    expect(error.diagnostics[0]?.span).toEqual({ file: "module.c", line: 12, column: 7 });
    expect(existsSync(cache)).toBe(false);
  });

  posix("TC103: a tool that hangs is stopped, with what it started", async () => {
    const error = await failure(
      sharedLibrary({
        compiler: await fakeCompiler("setInterval(() => {}, 1000);"),
        cache: false,
        timeoutMs: 500,
      }).build(source("a")),
    );
    expect(error.code).toBe("TC103");
  });

  posix("an aborted signal stops the tool, and the reason comes back", async () => {
    const controller = new AbortController();
    const build = sharedLibrary({ compiler: await fakeCompiler("setInterval(() => {}, 1000);"), cache: false }).build(
      source("a"),
      { signal: controller.signal },
    );
    setTimeout(() => controller.abort(new Error("enough")), 300);
    await expect(build).rejects.toThrow("enough");
  });

  it.each([
    ["shared-library", sharedLibrary({ compiler: "/no/such/compiler" })],
    ["clang-wasm", clangWasm({ clang: "/no/such/clang", linker: "/no/such/ld" })],
    ["emcc", emcc({ emcc: "/no/such/emcc" })],
  ])("TC101: %s says what is missing and how to install it", async (name, toolchain) => {
    const status = await toolchain.status();
    expect(status).toMatchObject({ name, usable: false });
    expect(status.detail).toMatch(/not found: .*install/);
    expect((await failure(toolchain.build(source("")))).code).toBe("TC101");
  });

  it("TC104: another format", async () => {
    expect((await failure(sharedLibrary().build({ ...source(""), format: "wasm" }))).code).toBe("TC104");
  });

  it("TC106: options that do not exist", async () => {
    for (const options of [{ cache: "" }, { timeoutMs: -1 }, { cacheMaxBytes: 0 }, { optimization: 9 as 3 }])
      expect((await failure((async () => yowasp(options))())).code).toBe("TC106");
    expect((await failure((async () => sharedLibrary({ compiler: "" }))())).code).toBe("TC106");
  });

  posix("TC107: a tool that writes nothing", async () => {
    expect(
      (await failure(sharedLibrary({ compiler: await fakeCompiler(""), cache: false }).build(source("a")))).code,
    ).toBe("TC107");
  });
});

it("finds the place of the first error in what compilers say", () => {
  expect(placeOf("/tmp/x/module.c:3:14: fatal error: a\nmodule.c:9:1: error: b")).toEqual({
    file: "module.c",
    line: 3,
    column: 14,
  });
  expect(placeOf("module.c:3:14: warning: a").line).toBe(0);
});
