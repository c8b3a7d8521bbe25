import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capture, root, tool } from "./run.mjs";

const TARBALL = join(root, "fixtures/first-generation/backend-javascript-0.1.0.tgz");
/** Of the one time that it was packed. */
const SHA_256 = "50596c4992ae7ab12c7ed507386dff268a60c4b43d26b16cb289ba07a87b5638";
const NAME = "tilewright-backend-javascript-example";

const project = mkdtempSync(join(tmpdir(), "tilewright-first-generation-"));
const modules = join(project, "node_modules");

/** The frozen package, and today's packages in the place of those that it was made for. */
beforeAll(() => {
  mkdirSync(modules);
  const { status, output } = capture("tar", ["-xzf", TARBALL, "-C", project]);
  if (status !== 0) throw new Error(output);
  renameSync(join(project, "package"), join(modules, NAME));
  symlinkSync(join(root, "node_modules/@tilewright"), join(modules, "@tilewright"), "junction");
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe("a backend that was published for the first contract", () => {
  it("is the one that was packed then", () => {
    expect(createHash("sha256").update(readFileSync(TARBALL)).digest("hex")).toBe(SHA_256);
  });

  it("passes the kit of today with the IR of today", { timeout: 180_000 }, () => {
    const kit = [tool("tsx"), "--conditions=@tilewright/source", join(root, "packages/backend-test/src/main.ts")];
    const { status, stdout, output } = capture(process.execPath, [...kit, NAME, "--json", "--runs", "30"], {
      cwd: project,
    });
    expect(stdout, output).toMatch(/^\{/);
    const report = JSON.parse(stdout) as { readonly [field: string]: unknown };
    expect(report).toMatchObject({ backend: "javascript", device: "javascript", failed: 0, failures: [] });
    expect(report.passed).toBeGreaterThan(100);
    expect(status).toBe(0);
  });
});
