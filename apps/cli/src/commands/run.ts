import { type Artifact, decodeArtifact } from "@tilewright/artifact";
import { render } from "@tilewright/diagnostics";
import type { NDArray } from "@tilewright/runtime";
import { type Call, type Command, flag, integer, onlyArgument, text, texts } from "../command.js";
import { compileKernel } from "../compile-kernel.js";
import { driversFor, onDevices } from "../devices.js";
import { chooseKernel, unreadable } from "../errors.js";
import { type Executable, loadExecutable } from "../executable.js";
import { fileNames } from "../file-names.js";
import { findTarget } from "../find-target.js";
import { arraysFor, parseInputs } from "../inputs.js";
import { EXIT, type Io } from "../io.js";
import { type Kernel, loadKernels } from "../kernels.js";
import { onBehalfOf } from "../load-target.js";
import { formatNpy } from "../npy.js";
import { paint } from "../paint.js";
import { TARGET_NAMES } from "../target-names.js";

const HELP = `Usage: tilewright run <file.ts | file.tilewright> [options]

Runs a kernel on this machine, compiled now or loaded from an artifact, and says what it computed. The artifact may hold a model.

  --kernel <name>            which one, when there are several; of a model, one of its functions
  --target <name>            ${TARGET_NAMES.join(", ")}, a package, or ./file.js: for what a kernel is compiled (wasm), or on what an artifact
                             runs (what its modules are for)
  --threads <n>              threads that parallel loops may use (1)
  --input <name>=<value>     an .npy file, random (the default) or zeros; once for each input
  --seed <n>                 of random inputs (0)
  --out <folder>             write each output as <name>.npy; what a file name cannot hold becomes _
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
    const use = (executable: Executable): Promise<void> => runOnce(executable, inputs, seed, call, io);
    if (/\.[cm]?[jt]s$/.test(file)) await runKernel(file, call, io, use);
    else await runArtifact(file, call, io, use);
    return EXIT.ok;
  },
};

type Use = (executable: Executable) => Promise<void>;

const optionsOf = (call: Call) => ({ threads: integer(call, "threads", 1, 1, 64) });

/** A kernel of a file, compiled now for the target. */
async function runKernel(file: string, call: Call, io: Io, use: Use): Promise<void> {
  const found = await findTarget(text(call, "target") ?? "wasm", optionsOf(call), io);
  const kernel = onlyKernel(file, await loadKernels(file, io, text(call, "kernel")));
  await onBehalfOf(found, () =>
    onDevices([found], async (devices) => {
      const { artifact, warnings } = await compileKernel(kernel, found.target, io);
      for (const warning of warnings) io.note(`${paint(io.colors.note).diagnostic(render(warning))}\n`);
      await use(await loadExecutable(file, artifact, devices, null));
    }),
  );
}

/** A function or the model of an artifact, on the device that the target brings, or else that its modules are for. */
async function runArtifact(file: string, call: Call, io: Io, use: Use): Promise<void> {
  const options = optionsOf(call);
  const artifact = await readArtifact(file, io);
  const target = text(call, "target") ?? null;
  await onBehalfOf({ name: target ?? "wasm" }, async () => {
    const drivers = await driversFor(file, artifact, target, options, io);
    await onDevices(drivers, async (devices) =>
      use(await loadExecutable(file, artifact, devices, text(call, "kernel") ?? null)),
    );
  });
}

async function readArtifact(file: string, io: Io): Promise<Artifact> {
  const bytes = await io.readFile(file).catch((error: Error) => {
    throw unreadable(file, error.message);
  });
  return decodeArtifact(bytes);
}

function onlyKernel(file: string, kernels: readonly Kernel[]): Kernel {
  const [kernel, second] = kernels;
  const names = kernels.map(({ name }) => name);
  if (kernel === undefined || second !== undefined) throw chooseKernel(file, undefined, names);
  return kernel;
}

async function runOnce(
  executable: Executable,
  inputs: ReadonlyMap<string, string>,
  seed: number,
  call: Call,
  io: Io,
): Promise<void> {
  const arrays = await arraysFor(executable.parameters, inputs, seed, io);
  const started = performance.now();
  const outputs = await executable.run(arrays);
  await report(executable.name, outputs, performance.now() - started, call, io);
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
    const stems = fileNames([...outputs.keys()]);
    const files = [...outputs.values()].map(({ dtype, shape, bytes }, k) => {
      const path = `${stems[k]}.npy`;
      return [path, formatNpy(path, { dtype, shape, bytes })] as const;
    });
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
