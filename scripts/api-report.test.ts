import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { apiReport, difference } from "./api-report.mjs";

const folder = mkdtempSync(join(tmpdir(), "tilewright-api-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const declarations = {
  "index.d.ts": `import type { Hidden } from "./hidden.js";
/** A box. */
export interface Box {
  /** In bytes. */
  readonly size: number;
  readonly hidden: Hidden;
}
export declare function openBox(box: Box, times?: number): string;
export type { Extra } from "./hidden.js";
`,
  "hidden.d.ts":
    "export interface Hidden {\n  readonly key: string;\n}\nexport interface Extra {\n  readonly more: boolean;\n}\n",
  "sub.d.ts": 'import type { Box } from "./index.js";\nexport declare function closeBox(box: Box): void;\n',
};

/** The report of a package of two entry points, with one of its files changed. */
function reportWith(file: keyof typeof declarations = "index.d.ts", before = "", after = ""): string {
  mkdirSync(join(folder, "dist"), { recursive: true });
  const entry = (name: string) => ({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` });
  const manifest = {
    name: "boxes",
    version: "1.0.0",
    type: "module",
    exports: { ".": entry("index"), "./sub": entry("sub"), "./internal/*": null, "./package.json": "./package.json" },
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(declarations)) {
    writeFileSync(join(folder, "dist", name), name === file ? text.replace(before, after) : text);
  }
  return apiReport(folder);
}

describe("a report of what a package promises", () => {
  const accepted = reportWith();

  it("shows every entry point, and what its declarations refer to, once and without comments", () => {
    for (const part of ["## `boxes`", "## `boxes/sub`", "export function openBox(box: Box, times?: number): string;"])
      expect(accepted).toContain(part);
    expect(accepted.match(/interface Box/g)).toHaveLength(1);
    expect(accepted).toContain("\ninterface Hidden {");
    expect(accepted).not.toMatch(/In bytes|@public|undocumented/);
    expect(difference(accepted, reportWith())).toBeUndefined();
  });

  it.each([
    ["a parameter", "index.d.ts", "times?: number", "times: number", "times: number): string"],
    ["a field", "index.d.ts", "size: number", "size: bigint", "readonly size: bigint;"],
    ["a type that no entry point names", "hidden.d.ts", "key: string", "key: symbol", "readonly key: symbol;"],
    ["another entry point", "sub.d.ts", "void", "boolean", "closeBox(box: Box): boolean;"],
    [
      "a name that is gone",
      "index.d.ts",
      "export type { Extra }",
      "import type { Extra }",
      "- export interface Extra {",
    ],
  ] as const)("is another when %s changes", (_, file, before, after, line) => {
    expect(difference(accepted, reportWith(file, before, after))).toContain(line);
  });

  it("is the same when only a comment changes", () => {
    expect(difference(accepted, reportWith("index.d.ts", "In bytes.", "In units of eight bits."))).toBeUndefined();
  });
});
