/**
 * Packs every published package as `pnpm publish` would, checks the tarballs (publint, attw), and installs each into an
 * empty project of its own, where the example of its README must compile and run. What it takes there must be what its README says, and no
 * other package of ours may come along than the table of layers allows. Then the bars of scripts/bars.mjs. Arguments choose packages by
 * folder name, or `bars`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { BARS } from "./bars.mjs";
import { closureOf, inProject } from "./consumer.mjs";
import { footprintOf } from "./footprint.mjs";
import { strangersAmong } from "./layers.mjs";
import { packedPackages, publishedPackages } from "./packing.mjs";
import { examplesOf, runExample, toJavaScript } from "./readme-examples.mjs";
import { withRegistry } from "./registry.mjs";
import { capture, root, tool } from "./run.mjs";
import { sizeProblems } from "./size-line.mjs";
import { isPlanned, readText, report } from "./workspace.mjs";

const wanted = process.argv.slice(2);
const chosen = publishedPackages().filter(({ short }) => wanted.length === 0 || wanted.includes(short));
const tarballs = packedPackages();
const names = [...publishedPackages().map(({ short }) => short), "bars"];
const problems = wanted.filter((name) => !names.includes(name)).map((name) => `there is no package ${name}`);

await withRegistry(tarballs, async (registry) => {
  for (const entry of chosen) {
    const consumed = attempt(() => consume(entry, registry));
    const found = [...(await lint(entry)), ...typesWrong(entry), ...consumed];
    console.error(`${found.length === 0 ? "good" : "BAD "} ${entry.manifest.name}`);
    problems.push(...found.map((problem) => `${entry.manifest.name}: ${problem}`));
  }
  if (wanted.length === 0 || wanted.includes("bars"))
    problems.push(...BARS.flatMap((bar) => attempt(() => bar(registry))));
});
process.exit(report("packages", problems));

/** The problems that some work finds, or what stopped it. */
function attempt(work) {
  try {
    return work();
  } catch (error) {
    return [error.message];
  }
}

async function lint({ manifest }) {
  const { buffer, byteOffset, byteLength } = readFileSync(tarballs[manifest.name]);
  const tarball = buffer.slice(byteOffset, byteOffset + byteLength);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  const serious = messages.filter(({ type }) => type !== "suggestion");
  return serious.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

function typesWrong({ manifest }) {
  const args = [tool("@arethetypeswrong/cli", "attw"), tarballs[manifest.name], "--profile", "esm-only", "--no-color"];
  const { status, output } = capture(process.execPath, [
    ...args,
    "--no-emoji",
    "--exclude-entrypoints",
    "package.json",
  ]);
  return status === 0 ? [] : [`attw:\n${output}`];
}

/** Installs a package into an empty project, as a user would with npm, then compiles and runs its examples there. */
function consume(entry, registry) {
  const examples = examplesOf(entry);
  if (examples.length === 0 && !isPlanned(entry)) return ["its README has no example"];
  const { name } = entry.manifest;
  const companions = examples.flatMap((example) => example.companions);
  return inProject([name, ...companions], registry, (project) => {
    const found = examples.map((example, index) =>
      runExample(
        example,
        join(project, `example-${index + 1}`),
        (file, code) => [toJavaScript(file, code)],
        join(project, "node_modules/.bin"),
      ),
    );
    return [
      ...found.filter((problem) => problem !== undefined),
      ...declarationProblems(project, examples),
      ...(isPlanned(entry) ? [] : costs(entry, project)),
    ];
  });
}

/** What came along that should not have, and whether the README tells the size. */
function costs({ folder, short, manifest: { name } }, project) {
  const closure = closureOf(name, project).map((each) => each.name);
  const strangers = folder.startsWith("packages/") ? strangersAmong(closure, [name]) : [];
  const update = `node scripts/sizes.mjs --write ${short}`;
  return [...strangers, ...sizeProblems(readText(`${folder}/README.md`), footprintOf(name, project), update)];
}

/** Compiles the examples against the declarations that were packed, and checks those too. */
function declarationProblems(project, examples) {
  if (!examples.some(({ language }) => language === "ts")) return [];
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.AsyncIterable"],
    module: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["example-*/*.ts"] }));
  const { status, output } = capture(process.execPath, [tool("typescript", "tsc"), "-p", project]);
  return status === 0 ? [] : [`its example does not compile:\n${output}`];
}
