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
    const { status, stdout, stderr } = mnist("--targt", "wasm", "--json");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Unknown option '--targt'");
    expect(stderr).toContain("Usage: pnpm mnist");
  });

  it("ends with 2 and the usage for a target that is nowhere", () => {
    const { status, stdout, stderr } = mnist("--target", "natve", "--json");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("error[CLI109]: there is no target `natve`");
    expect(stderr).toContain("did you mean `native`?");
    expect(stderr).toContain("Usage: pnpm mnist");
  });
});
