/**
 * Packs every published package as `pnpm publish` would, checks the tarballs (publint, attw), and installs each into an
 * empty project of its own, where the example of its README must compile and run. Arguments choose packages by folder name.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packedPackages, publishedPackages } from "./packing.mjs";
import { examplesOf, runExample, toJavaScript } from "./readme-examples.mjs";
import { withRegistry } from "./registry.mjs";
import { capture, root, tool } from "./run.mjs";
import { isPlanned, report } from "./workspace.mjs";

const wanted = process.argv.slice(2);
const chosen = publishedPackages().filter(({ short }) => wanted.length === 0 || wanted.includes(short));
const tarballs = packedPackages();
const problems = [];
let registry = {};

await withRegistry(tarballs, async (env) => {
  registry = env;
  for (const entry of chosen) {
    const found = [...(await lint(entry)), ...typesWrong(entry), ...consume(entry)];
    console.error(`${found.length === 0 ? "good" : "BAD "} ${entry.manifest.name}`);
    problems.push(...found.map((problem) => `${entry.manifest.name}: ${problem}`));
  }
});
process.exit(report("packages", problems));

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
function consume(entry) {
  const project = mkdtempSync(join(tmpdir(), "tilewright-consumer-"));
  try {
    const examples = examplesOf(entry);
    if (examples.length === 0 && !isPlanned(entry)) return ["its README has no example"];
    const companions = examples.flatMap((example) => example.companions);
    const installed = install([entry.manifest.name, ...companions], project);
    if (installed.status !== 0) return [`npm install:\n${installed.output}`];
    const found = examples.map((example, index) =>
      runExample(
        example,
        join(project, `example-${index + 1}`),
        (file, code) => [toJavaScript(file, code)],
        join(project, "node_modules/.bin"),
      ),
    );
    return [...found.filter((problem) => problem !== undefined), ...declarationProblems(project, examples)];
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** No package of ours comes from a registry elsewhere: all that these need, in any depth, are the tarballs. */
function install(names, project) {
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  return capture(npm, ["install", "--ignore-scripts", ...names], { cwd: project, env: registry });
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
