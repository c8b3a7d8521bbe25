import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transformSync } from "@swc/wasm-typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const HEX = fileURLToPath(new URL("../test/hex-target.ts", import.meta.url));

const KERNEL = `import { add, compute, placeholder, read } from "@tilewright/te";
const X = placeholder([5], { name: "X" });
export const increment = compute([5], (i) => add(read(X, i), 1), { name: "Y" });
`;
const manifest = (name: string, keywords: readonly string[], more: object = {}): string =>
  JSON.stringify({
    name,
    version: "1.2.3",
    type: "module",
    exports: { ".": { import: "./index.js" } },
    keywords,
    ...more,
  });
const KEYWORD = ["tilewright-target"];

/** A project that is no part of this repository, with packages installed. */
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tilewright-plugins-"));
  const typescript = await readFile(HEX, "utf8");
  const javascript = transformSync(typescript, { mode: "strip-only" }).code;
  const names = ["tilewright-backend-hex", "plain", "@chips/hex", "broken", "absent", "damaged", "endless"];
  const files = {
    "package.json": JSON.stringify({
      name: "project",
      exports: "./sub/hex.ts",
      type: "module",
      dependencies: { [names[0] ?? ""]: "1", broken: "1", absent: "1" },
      devDependencies: { "@chips/hex": "1", plain: "1", broken: "1" },
      peerDependencies: { damaged: "1" },
    }),
    "old/package.json": JSON.stringify({ main: "./lib/main.js" }),
    "old/lib/main.js": 'export { target } from "../../sub/hex.js";\n',
    "old/lib/package.json": '{ "type": "module" }',
    "sub/kernel.ts": KERNEL,
    "sub/hex.ts": typescript,
    "sub/throws.js": `import { target as hex } from "./hex.js";
const compile = () => {
  return chip.program;
};
export const target = { ...hex, backend: (options) => ({ ...hex.backend(options), compile }) };
`,
    "sub/exits.js": `import { target as hex } from "./hex.js";
export const target = { ...hex, status: () => process.exit(0) };
`,
    "sub/leaves.js": `import { target as hex } from "./hex.js";
export const target = { ...hex, backend: (options) => ({ ...hex.backend(options), compile: () => process.exit() }) };
`,
    "sub/waits.js": `import { target as hex } from "./hex.js";
export const target = { ...hex, status: () => new Promise(() => {}) };
`,
    "sub/ticks.js": `export { target } from "./hex.js";
setInterval(() => {}, 1000);
`,
    "node_modules/tilewright-backend-hex/package.json": manifest("tilewright-backend-hex", KEYWORD),
    "node_modules/tilewright-backend-hex/index.js": javascript,
    "node_modules/plain/package.json": manifest("plain", ["compiler"]),
    "node_modules/plain/index.js": javascript,
    "node_modules/@chips/hex/package.json": manifest("@chips/hex", KEYWORD, { exports: { "./fast": "./fast.js" } }),
    "node_modules/@chips/hex/fast.js": javascript,
    "node_modules/broken/package.json": manifest("broken", KEYWORD),
    "node_modules/broken/index.js": '// a chip\nimport "./driver.js";\n',
    "node_modules/broken/driver.js": 'const chip = undefined;\nthrow new Error("no driver");\n',
    "node_modules/damaged/package.json": "{",
    "node_modules/endless/package.json": manifest("endless", []),
    "node_modules/endless/index.js": "await new Promise(() => {});\n",
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function tilewright(...args: readonly string[]) {
  const node = ["--conditions=@tilewright/source", `--import=${TSX}`, MAIN, ...args];
  return new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    const options = { cwd: join(folder, "sub"), env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "" } };
    execFile(process.execPath, node, options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr: stderr.replaceAll("\\", "/") });
    });
  });
}

describe("a target of somebody else", () => {
  it.each(["./hex.ts", "./hex.js", "tilewright-backend-hex", "plain", "@chips/hex/fast", "..", "../old"])(
    "is %s",
    async (target) => {
      const { code, stdout } = await tilewright("run", "kernel.ts", "--target", target, "--input", "X=zeros", "--json");
      expect(code).toBe(0);
      expect(JSON.parse(stdout).outputs[0].first).toEqual([1, 1, 1, 1, 1]);
    },
  );

  it.each([
    ["./gone.js", 1, "error[CLI101]: cannot load `./gone.js`", "gone.js'\n"],
    [".", 1, "error[CLI101]: cannot load `.`", "Cannot find module"],
    ["gone", 2, "error[CLI109]: there is no target `gone`", "no package `gone` is installed"],
    ["hex", 2, "error[CLI109]: there is no target `hex`", "did you mean `@chips/hex` or `tilewright-backend-hex`?"],
    ["@chips/hex", 1, "error[CLI101]: cannot load `@chips/hex`", 'No "exports" main defined'],
    ["broken", 1, "node_modules/broken/driver.js:2:7", "actual: no driver"],
    ["./throws.js", 1, "sub/throws.js:3:3", "actual: ReferenceError: chip is not defined"],
    ["./exits.js", 1, "error[CLI111]: the target `./exits.js` failed", "or it ended the process"],
    ["./leaves.js", 1, "error[CLI111]: the target `./leaves.js` failed", "it ended the process"],
    ["endless", 1, "error[CLI101]: cannot load `endless`", "it never finished: it waits for what never comes"],
  ])("that is %s ends with %i and its own place", async (target, expected, ...texts) => {
    const { code, stdout, stderr } = await tilewright("build", "kernel.ts", "--target", target);
    expect([code, stdout]).toEqual([expected, ""]);
    for (const text of texts) expect(stderr).toContain(text);
    expect(stderr).not.toContain("apps/cli");
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it("is passed over in a list when it never says how it is", async () => {
    const { code, stdout } = await tilewright("targets", "./waits.js", "./hex.js", "--json");
    expect(code).toBe(0);
    const { targets } = JSON.parse(stdout) as { targets: { usable: boolean; details: string[] }[] };
    const why = "it never finished: it waits for what never comes";
    expect(targets.map(({ usable, details }) => [usable, details[0]])).toEqual([
      [false, `the target \`./waits.js\` failed: ${why}`],
      [true, "digits 0 to f"],
    ]);
  });

  it("does not hold the process with what it left behind", async () => {
    const { code, stdout } = await tilewright("run", "kernel.ts", "--target", "./ticks.js", "--input", "X=zeros");
    expect([code, stdout]).toEqual([0, expect.stringContaining("Y: float32[5]")]);
  });

  it("is listed when its package has the keyword and the project depends on it", async () => {
    const { code, stdout } = await tilewright("targets", "--json");
    expect(code).toBe(0);
    const { targets } = JSON.parse(stdout) as { targets: { name: string; usable: boolean; details: string[] }[] };
    expect(targets.slice(3).map(({ name, usable }) => [name, usable])).toEqual([
      ["@chips/hex", false],
      ["broken", false],
      ["tilewright-backend-hex", true],
    ]);
    expect(targets[4]?.details[0]).toBe("cannot load `broken`: no driver");
    expect(targets[5]).toMatchObject({ version: "1.2.3", details: ["digits 0 to f"] });
  });
});
