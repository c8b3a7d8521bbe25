/**
 * The contracts that others build on change only on purpose: what they promise is in `api.md` of each, and must be what
 * their declarations say. `--write` accepts; arguments choose packages by folder name.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiReport, difference } from "./api-report.mjs";
import { build, root } from "./run.mjs";
import { readText, report } from "./workspace.mjs";

const CONTRACTS = ["diagnostics", "artifact", "ir", "backend"];

const write = process.argv.includes("--write");
const wanted = process.argv.slice(2).filter((name) => name !== "--write");
const unknown = wanted.filter((name) => !CONTRACTS.includes(name));
if (unknown.length > 0)
  process.exit(
    report(
      "api",
      unknown.map((name) => `${name} is none of ${CONTRACTS.join(", ")}`),
    ),
  );
const chosen = CONTRACTS.filter((name) => wanted.length === 0 || wanted.includes(name));
const built = build({ filter: chosen.map((name) => `@tilewright/${name}`) });
if (built !== 0) process.exit(built);
process.exit(report("api", chosen.flatMap(compare)));

function compare(name) {
  const file = `packages/${name}/api.md`;
  const current = apiReport(join(root, "packages", name));
  if (write) writeFileSync(join(root, file), current);
  if (!existsSync(join(root, file))) return [`${file} is missing: \`node scripts/api.mjs --write\` writes it`];
  const changes = difference(readText(file), current);
  if (changes === undefined) return [];
  return [
    `${file}: the contract changed:\n${changes}\nIf that is meant, accept it with \`node scripts/api.mjs --write\` and add a changeset.`,
  ];
}
