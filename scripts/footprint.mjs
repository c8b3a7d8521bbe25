/** What a package costs who installs it: bytes on disk, bytes that an import loads, and the time that it takes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { closureOf } from "./consumer.mjs";
import { capture } from "./run.mjs";

/** Modules that a bundle does without: a compiler that is a package of its own and optional, and binaries. */
const OUTSIDE = ["node:*", "@yowasp/clang"];
const RUNS = 9;

/** Bytes of the unpacked package, of all that it needs, how many packages that is, and the bytes (minified, gzip) that an import loads. */
export function footprintOf(name, project) {
  const closure = closureOf(name, project);
  return {
    own: closure[0].bytes,
    whole: closure.reduce((sum, { bytes }) => sum + bytes, 0),
    packages: closure.length,
    loaded: loadedBytes(`export * from ${JSON.stringify(name)};`, project),
  };
}

/** Bytes, minified and with gzip, of a program and all that it imports before it runs; what it imports later counts when it does. */
export function loadedBytes(code, project) {
  const { outputFiles, metafile } = buildSync({
    stdin: { contents: code, resolveDir: project },
    absWorkingDir: project,
    outdir: project,
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    external: OUTSIDE,
    loader: { ".node": "empty" },
    logLevel: "error",
  });
  const texts = new Map(outputFiles.map(({ path, contents }) => [path, contents]));
  const [entry] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === "<stdin>");
  const chunks = new Set([entry]);
  for (const chunk of chunks) {
    for (const { path, kind, external } of metafile.outputs[chunk].imports)
      if (kind === "import-statement" && !external) chunks.add(path);
  }
  return gzipSync(Buffer.concat([...chunks].map((chunk) => texts.get(join(project, chunk)))), { level: 9 }).length;
}

/** Milliseconds from the begin to the end of an import in a process of Node that has just begun. */
const IMPORT = `
  const begin = performance.now();
  await import(process.argv[2]);
  console.log(performance.now() - begin);
`;

/** Milliseconds that importing a package takes beyond importing an empty file: medians of nine fresh processes each, in turns. */
export function importMilliseconds(name, project) {
  const program = join(project, "import.mjs");
  writeFileSync(program, IMPORT);
  writeFileSync(join(project, "empty.mjs"), "");
  const imports = [name, "./empty.mjs"].map((what) => ({ what, times: [] }));
  for (let run = 0; run < RUNS; run++) {
    for (const { what, times } of imports) {
      const { status, output, stdout } = capture(process.execPath, [program, what], { cwd: project });
      if (status !== 0) throw new Error(`importing ${what}:\n${output}`);
      times.push(Number(stdout));
    }
  }
  const [whole, empty] = imports.map(({ times }) => times.sort((a, b) => a - b)[RUNS >> 1]);
  return Math.max(0, whole - empty);
}
