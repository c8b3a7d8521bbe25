import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { capture, root, tool } from "./run.mjs";
import { workspacePackages } from "./workspace.mjs";

type Versions = { readonly [name: string]: string };
interface Entry {
  readonly folder: string;
  readonly manifest: {
    readonly name: string;
    readonly version: string;
    readonly private?: boolean;
    readonly dependencies?: Versions;
    readonly peerDependencies?: Versions;
  };
}

const entries = (workspacePackages() as readonly Entry[]).filter(({ manifest }) => !manifest.private);
const CONTRACTS = ["diagnostics", "artifact", "ir", "backend"].map((name) => `@tilewright/${name}`);

/** Packages that need `name` through a field of their manifests. */
function dependents(name: string, field: "dependencies" | "peerDependencies"): string[] {
  return entries.flatMap(({ manifest }) => (name in (manifest[field] ?? {}) ? [manifest.name] : [])).sort();
}

/** What `changeset version` does to a copy of the manifests: the new version of each package that moved, and its changelog. */
function release(changesets: { readonly [file: string]: string }) {
  const place = mkdtempSync(join(tmpdir(), "tilewright-versions-"));
  try {
    const copied = ["package.json", "pnpm-workspace.yaml", ".changeset/config.json"];
    for (const { folder } of workspacePackages() as readonly Entry[]) copied.push(`${folder}/package.json`);
    for (const file of copied) {
      mkdirSync(dirname(join(place, file)), { recursive: true });
      cpSync(join(root, file), join(place, file));
    }
    for (const [file, text] of Object.entries(changesets)) writeFileSync(join(place, ".changeset", file), text);
    symlinkSync(join(root, "node_modules"), join(place, "node_modules"), "junction");
    capture("git", ["init", "--quiet", "."], { cwd: place });
    const { status, output } = capture(process.execPath, [tool("@changesets/cli", "changeset"), "version"], {
      cwd: place,
    });
    if (status !== 0) throw new Error(output);
    const moved: { [name: string]: string } = {};
    const notes: { [name: string]: string } = {};
    for (const { folder, manifest } of entries) {
      const { version } = JSON.parse(readFileSync(join(place, folder, "package.json"), "utf8")) as Entry["manifest"];
      if (version !== manifest.version) moved[manifest.name] = version;
      const changelog = join(place, folder, "CHANGELOG.md");
      if (existsSync(changelog)) notes[manifest.name] = readFileSync(changelog, "utf8");
    }
    return { moved, notes, left: readdirSync(join(place, ".changeset")).filter((file) => file.endsWith(".md")) };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

const change = (name: string, step: string) => ({ "a.md": `---\n"${name}": ${step}\n---\nWhat changed.\n` });
const versionOf = (name: string): readonly number[] =>
  entries
    .find(({ manifest }) => manifest.name === name)
    ?.manifest.version.split(".")
    .map(Number) ?? [];
const stepped = (name: string, step: "major" | "minor" | "patch"): string => {
  const [major = 0, minor = 0, patch = 0] = versionOf(name);
  if (step === "patch") return `${major}.${minor}.${patch + 1}`;
  return step === "minor" ? `${major}.${minor + 1}.0` : `${major + 1}.0.0`;
};

describe("a release moves only what must move", () => {
  it("a patch of a package that many need: that package alone", () => {
    const name = "@tilewright/schedule";
    expect(dependents(name, "dependencies").length).toBeGreaterThan(1);
    const { moved, notes } = release(change(name, "patch"));
    expect(moved).toEqual({ [name]: stepped(name, "patch") });
    expect(notes[name]).toContain("What changed.");
  });

  it.each(CONTRACTS)("a minor step of the contract %s: that package alone, nobody's major step", (name) => {
    expect(dependents(name, "peerDependencies").length).toBeGreaterThan(1);
    expect(release(change(name, "minor")).moved).toEqual({ [name]: stepped(name, "minor") });
  });

  it("a minor step before 1.0.0 may break: who depends on it follows with a patch", () => {
    const name = "@tilewright/te";
    expect(versionOf(name)[0]).toBe(0);
    const followers = dependents(name, "dependencies").map((each) => [each, stepped(each, "patch")]);
    expect(release(change(name, "minor")).moved).toEqual({
      [name]: stepped(name, "minor"),
      ...Object.fromEntries(followers),
    });
  });

  it("a major step of a contract reaches everybody who builds on it, and says so", () => {
    const name = "@tilewright/backend";
    const { moved } = release(change(name, "major"));
    expect(moved[name]).toBe(stepped(name, "major"));
    for (const each of dependents(name, "peerDependencies")) expect(moved[each]).toBe(stepped(each, "major"));
  });
});

it("the changes that wait for a release name packages that there are, and no contract breaks", () => {
  const folder = join(root, ".changeset");
  const files = readdirSync(folder).filter((file) => file.endsWith(".md") && file !== "README.md");
  const { moved, left } = release(
    Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), "utf8")])),
  );
  expect(left).toEqual([]);
  expect(Object.keys(moved).length > 0).toBe(files.length > 0);
  for (const name of CONTRACTS) if (moved[name] !== undefined) expect(moved[name]).not.toBe(stepped(name, "major"));
});
