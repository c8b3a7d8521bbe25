import { type Artifact, type Device, decodeArtifact } from "@tilewright/artifact";
import { render } from "@tilewright/diagnostics";
import { loadFunctions, type NDArray } from "@tilewright/runtime";
import { nodeWasmDevice } from "@tilewright/runtime/node";
import { type Call, type Command, flag, integer, onlyArgument, text, texts } from "../command.js";
import { compileKernel } from "../compile-kernel.js";
import { chooseKernel, unreadable } from "../errors.js";
import { findTarget, openNative } from "../find-target.js";
import { arraysFor, parseInputs } from "../inputs.js";
import { EXIT, type Io } from "../io.js";
import { loadKernels } from "../kernels.js";
import { formatNpy } from "../npy.js";
import { paint } from "../paint.js";
import { targetOf } from "./build.js";

const HELP = `Usage: tilewright run <file.ts | file.tilewright> [options]

Runs a kernel on this machine, compiled now or loaded from an artifact, and says what it computed.

  --kernel <name>            which one, when there are several
  --target <name>            of a kernel that is compiled: wasm (the default), native, c-wasm
  --threads <n>              threads that parallel loops may use (1)
  --input <name>=<value>     an .npy file, random (the default) or zeros; once for each input
  --seed <n>                 of random inputs (0)
  --out <folder>             write each output as <name>.npy
  --json                     the outputs as a JSON object, with shapes and figures
`;

export const runCommand: Command = {
  name: "run",
  summary: "runs a kernel or an artifact",
  help: HELP,
  options: {
    kernel: { type: "string" },
    target: { type: "string" },
    threads: { type: "string" },
    input: { type: "string", multiple: true },
    seed: { type: "string" },
    out: { type: "string" },
    json: { type: "boolean" },
  },
  async run(call, io) {
    const file = onlyArgument(call, "the file of the kernel");
    const inputs = parseInputs(texts(call, "input"));
    const seed = integer(call, "seed", 0, 0, 2 ** 32 - 1);
    targetOf(call);
    const { artifact, open } = await artifactOf(file, call, io);
    const device = await open();
    try {
      const functions = await loadFunctions(artifact, device);
      const name = chosen(file, [...functions.entries.keys()], text(call, "kernel"));
      const entry = functions.entries.get(name);
      if (entry === undefined) throw chooseKernel(file, name, [...functions.entries.keys()]);
      const arrays = await arraysFor(entry, inputs, seed, io);
      const started = performance.now();
      await functions.call(name, ...arrays.map(({ array }) => array));
      const milliseconds = performance.now() - started;
      const outputs = new Map(
        arrays.filter((each) => each.entry.access !== "read").map((each) => [each.entry.name, each.array]),
      );
      await report(name, outputs, milliseconds, call, io);
      await functions.dispose();
    } finally {
      await device.close();
    }
    return EXIT.ok;
  },
};

/** A kernel file compiled for the target, or an artifact with the device that its module is for. */
async function artifactOf(
  file: string,
  call: Call,
  io: Io,
): Promise<{ artifact: Artifact; open: () => Promise<Device> }> {
  const threads = integer(call, "threads", 1, 1, 64);
  if (/\.[cm]?[jt]s$/.test(file)) {
    const kernels = await loadKernels(file, io, text(call, "kernel"));
    const [kernel, second] = kernels;
    if (kernel === undefined || second !== undefined)
      throw chooseKernel(
        file,
        undefined,
        kernels.map(({ name }) => name),
      );
    const { target, open } = await findTarget(targetOf(call), { threads });
    const { artifact, warnings } = await compileKernel(kernel, target);
    for (const warning of warnings) io.note(`${paint(io.colors.note).diagnostic(render(warning))}\n`);
    return { artifact, open };
  }
  const bytes = await io.readFile(file).catch((error: Error) => {
    throw unreadable(file, error.message);
  });
  const artifact = decodeArtifact(bytes);
  const needsThreads = artifact.manifest.modules.some(({ features }) => features.includes("threads"));
  const isNative = artifact.manifest.modules.some(({ format }) => format === "shared-library");
  const open = (): Promise<Device> =>
    isNative ? openNative(threads) : nodeWasmDevice.open({ threads: needsThreads ? Math.max(2, threads) : threads });
  return { artifact, open };
}

function chosen(file: string, names: readonly string[], asked: string | undefined): string {
  const [first] = names;
  // A kernel that was compiled now was chosen by its export, whose name may differ from the function's.
  if (names.length === 1 && first !== undefined && (asked === undefined || !file.endsWith(".tilewright"))) return first;
  if (asked === undefined || !names.includes(asked)) throw chooseKernel(file, asked, names);
  return asked;
}

async function report(
  name: string,
  outputs: ReadonlyMap<string, NDArray>,
  milliseconds: number,
  call: Call,
  io: Io,
): Promise<void> {
  const out = text(call, "out");
  if (out !== undefined) {
    const files = [...outputs].map(
      ([output, { dtype, shape, bytes }]) =>
        [`${output}.npy`, formatNpy(`${output}.npy`, { dtype, shape, bytes })] as const,
    );
    await io.writeFolder(out, new Map(files));
  }
  const figures = [...outputs].map(([output, array]) => ({
    name: output,
    dtype: array.dtype,
    shape: array.shape,
    ...figuresOf(array),
  }));
  if (flag(call, "json")) {
    io.write(`${JSON.stringify({ kernel: name, milliseconds, outputs: figures }, null, 2)}\n`);
    return;
  }
  for (const { name: output, dtype, shape, first, min, max, mean } of figures) {
    io.write(
      `${output}: ${dtype}[${shape.join(", ")}]  min ${min}  max ${max}  mean ${mean}\n  ${first.join(", ")}${first.length === 8 ? ", …" : ""}\n`,
    );
  }
  io.note(`${name} took ${milliseconds.toFixed(3)} ms, copies included\n`);
}

/** Numbers that describe an array: its first elements, its least, its greatest, its mean. */
function figuresOf(array: NDArray): {
  first: readonly number[];
  min: number | null;
  max: number | null;
  mean: number | null;
} {
  const flat = array.reshape([-1]);
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  const first: number[] = [];
  for (let k = 0; k < flat.size; k++) {
    const value = Number(flat.item(k));
    if (k < 8) first.push(value);
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return flat.size === 0 ? { first, min: null, max: null, mean: null } : { first, min, max, mean: sum / flat.size };
}
