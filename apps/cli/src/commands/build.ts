import { join } from "node:path";
import { render } from "@tilewright/diagnostics";
import { type Command, flag, integer, onlyArgument, text } from "../command.js";
import { compileKernel, filesOf } from "../compile-kernel.js";
import { type FoundTarget, findTarget } from "../find-target.js";
import { EXIT, type Io } from "../io.js";
import { type Kernel, loadKernels } from "../kernels.js";
import { onBehalfOf } from "../load-target.js";
import { paint } from "../paint.js";
import { TARGET_NAMES } from "../target-names.js";

const HELP = `Usage: tilewright build <file.ts> [options]

Compiles the kernels that a file exports. For each, writes <name>.tilewright, the artifact that the runtime loads, and beside it what
it was made from and of: .wasm, or .c, .h and the library, or what another target makes. An artifact of WebAssembly holds a variant for
engines that lack this one's newest features.

  --kernel <name>    only this export of the file
  --target <name>    ${TARGET_NAMES.join(", ")} (wasm), c, a package, or ./file.js
  --threads <n>      threads that parallel loops may use (1)
  --out <folder>     where the files go (build)
  --json             the files as a JSON array
`;

export const buildCommand: Command = {
  name: "build",
  summary: "compiles the kernels of a file to artifacts",
  help: HELP,
  options: {
    kernel: { type: "string" },
    target: { type: "string" },
    threads: { type: "string" },
    out: { type: "string" },
    json: { type: "boolean" },
  },
  async run(call, io) {
    const file = onlyArgument(call, "the file of the kernels");
    const threads = integer(call, "threads", 1, 1, 64);
    const found = await findTarget(text(call, "target") ?? "wasm", { threads }, io);
    const kernels = await loadKernels(file, io, text(call, "kernel"));
    const files = await onBehalfOf(found, () => buildAll(kernels, found, io));
    const out = text(call, "out") ?? "build";
    await io.writeFolder(out, files);
    const sizes = [...files].map(([path, bytes]) => ({ file: join(out, path), bytes: bytes.length }));
    if (flag(call, "json")) io.write(`${JSON.stringify(sizes, null, 2)}\n`);
    else for (const { file: path, bytes } of sizes) io.write(`${String(bytes).padStart(9)} bytes  ${path}\n`);
    return EXIT.ok;
  },
};

/** The files of all kernels, by name; warnings are noted. */
async function buildAll(
  kernels: readonly Kernel[],
  { target, variants }: FoundTarget,
  io: Io,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const kernel of kernels) {
    const compiled = await compileKernel(kernel, target, io, variants);
    for (const warning of compiled.warnings) io.note(`${paint(io.colors.note).diagnostic(render(warning))}\n`);
    for (const [path, bytes] of filesOf(compiled)) files.set(path, bytes);
  }
  return files;
}
