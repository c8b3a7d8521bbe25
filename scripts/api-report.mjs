/**
 * What a package promises, as text: the declarations that each entry point of its `exports` shows to users, and those they
 * refer to, without comments. API Extractor finds them in the built declarations (https://api-extractor.com).
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CompilerState, Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const head = (name) => `# What \`${name}\` promises

Generated from its declarations: \`node scripts/api.mjs --write\`. A change here is a change of the contract: it needs a
changeset that says what it means for those who use it.
`;

/** The report of the package in a folder, which is built. @throws Error where API Extractor refuses its declarations */
export function apiReport(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const entries = Object.entries(manifest.exports).filter(([, target]) => target?.types !== undefined);
  const place = mkdtempSync(join(tmpdir(), "tilewright-api-"));
  try {
    const texts = declarations(folder, entries, place);
    const shown = new Set();
    const sections = entries.map(([path], position) => {
      // What an earlier entry shows is not repeated where a later one refers to it.
      const fresh = texts[position].filter((text) => !shown.has(unexported(text)));
      for (const text of fresh) shown.add(unexported(text));
      return `\n## \`${join(manifest.name, path)}\`\n\n\`\`\`ts\n${fresh.join("\n\n")}\n\`\`\`\n`;
    });
    return head(manifest.name) + sections.join("");
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The lines that differ, in the manner of diff, or undefined where the texts are the same. */
export function difference(accepted, current) {
  if (accepted === current) return undefined;
  const [before, after] = [accepted.split("\n"), current.split("\n")];
  const [gone, come] = [without(before, after), without(after, before)];
  const lines = [...gone.map((line) => `- ${line}`), ...come.map((line) => `+ ${line}`)];
  return lines.length === 0 ? "the same lines in another order" : lines.join("\n");
}

/** The lines of one list that another does not hold as often. */
function without(lines, others) {
  const counts = new Map();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
}

function unexported(text) {
  return text.replaceAll(/^export /gm, "");
}

/** The declarations of each entry point, each as one text, sorted by name. */
function declarations(folder, entries, place) {
  mkdirSync(join(place, "temporary"));
  const configurations = entries.map(([, { types }]) => ExtractorConfig.prepare(configuration(folder, types, place)));
  const additionalEntryPoints = entries.map(([, { types }]) => join(folder, types));
  const compilerState = CompilerState.create(configurations[0], { additionalEntryPoints });
  return configurations.map((prepared) => {
    const problems = [];
    const { succeeded } = Extractor.invoke(prepared, {
      compilerState,
      localBuild: true,
      messageCallback: (message) => {
        if (message.logLevel === "error") problems.push(message.text);
        message.handled = true;
      },
    });
    if (!succeeded) throw new Error(`${prepared.mainEntryPointFilePath} has no report:\n${problems.join("\n")}`);
    return split(readFileSync(prepared.reportFilePath, "utf8"));
  });
}

function configuration(folder, types, place) {
  const compilerOptions = {
    target: "ES2022",
    // Of the libraries with AbortSignal, the one whose global names are not those of our types.
    lib: ["ES2023", "ESNext.Disposable", "WebWorker"],
    module: "NodeNext",
    moduleResolution: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    types: [],
  };
  const silent = { default: { logLevel: "none" } };
  return {
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, types),
      compiler: { overrideTsconfig: { compilerOptions, include: [join(folder, types)] } },
      apiReport: {
        enabled: true,
        includeForgottenExports: true,
        reportFileName: "report.api.md",
        reportFolder: place,
        reportTempFolder: join(place, "temporary"),
      },
      newlineKind: "lf",
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
        compilerMessageReporting: { default: { logLevel: "error" } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, "package.json"),
  };
}

/** Cuts a report into declarations; remarks on missing release tags and documentation are not part of a promise. */
function split(report) {
  const code = /```ts\n(.*)```/s.exec(report)?.[1] ?? "";
  const kept = code.replaceAll(/^ *\/\/ (@public( \(undocumented\))?|\(undocumented\)|\(No @packageDoc.*)\n/gm, "");
  return kept
    .split(/\n{2,}/)
    .map((text) => text.trim())
    .filter((text) => text !== "" && !text.startsWith("import "));
}
