import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

function mnist(...args: string[]) {
  const node = ["--conditions=@tilewright/source", `--import=${TSX}`, MAIN, ...args];
  return spawnSync(process.execPath, node, { encoding: "utf8" });
}

describe("the process", () => {
  it("explains itself", () => {
    const { status, stdout } = mnist("--help");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: pnpm mnist/);
  });

  it("ends with 2 and the usage for a command line that cannot be understood", () => {
    const { status, stdout, stderr } = mnist("--target", "cuda", "--json");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("--target is wasm, native, c-wasm");
    expect(stderr).toContain("Usage: pnpm mnist");
  });
});
