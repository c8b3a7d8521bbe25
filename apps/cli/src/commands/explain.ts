import { basename, dirname } from "node:path";
import type { Backend } from "@tilewright/backend";
import {
  type Explanation,
  explain,
  type Machine,
  machineOf,
  renderText,
  WASM_ON_V8,
  ZEN3_NATIVE,
} from "@tilewright/explain";
import { renderSvg } from "@tilewright/explain/svg";
import { type Command, flag, integer, onlyArgument, text } from "../command.js";
import { chooseKernel } from "../errors.js";
import { EXIT, UsageError } from "../io.js";
import { loadKernels, scheduleOf } from "../kernels.js";
import { backendOf, loadTarget, onBehalfOf } from "../load-target.js";

const HELP = `Usage: tilewright explain <file.ts> [options]

Tells of each kernel what its schedule costs: loop nests, arithmetic, memory traffic, what fits in which cache, vectors, and what bounds the time.
The machine is a described one, two cores of a Zen 3 processor, not the one that this runs on; times are lower bounds.

  --kernel <name>   only this export of the file
  --target <name>   c (AVX2 code, the default), wasm (SIMD of 16 bytes), another name of \`tilewright targets\`, a package, or ./file.js:
                    what the target declares, at the rates of that processor
  --threads <n>     cores of the machine (2)
  --svg <file>      also a picture of one kernel
  --json            everything as data
`;

export const explainCommand: Command = {
  name: "explain",
  summary: "tells what a schedule costs, and why",
  help: HELP,
  options: {
    kernel: { type: "string" },
    target: { type: "string" },
    threads: { type: "string" },
    svg: { type: "string" },
    json: { type: "boolean" },
  },
  async run(call, io) {
    const file = onlyArgument(call, "the file of the kernel");
    const threads = integer(call, "threads", ZEN3_NATIVE.cores, 1, 256);
    const picture = text(call, "svg");
    if (picture === "") throw new UsageError("--svg is the name of a file");
    const target = await loadTarget(text(call, "target") ?? "c", io);
    const backend = await onBehalfOf(target, () => backendOf(target, { threads }));
    const kernels = await loadKernels(file, io, text(call, "kernel"));
    const names = kernels.map(({ name }) => name);
    if (picture !== undefined && kernels.length > 1) throw chooseKernel(file, undefined, names);
    const machine = machineFor(target.name, backend, threads);
    const explained = await onBehalfOf(target, () =>
      kernels.map((kernel) => ({ ...explain(scheduleOf(kernel, backend), machine), name: kernel.name })),
    );
    if (flag(call, "json")) io.write(`${JSON.stringify({ kernels: explained }, null, 2)}\n`);
    else io.write(explained.map(renderText).join("\n"));
    const [only] = explained;
    if (picture !== undefined && only !== undefined) await io.writeFolder(dirname(picture), pictureOf(picture, only));
    return EXIT.ok;
  },
};

function pictureOf(path: string, explanation: Explanation): ReadonlyMap<string, Uint8Array> {
  return new Map([[basename(path), new TextEncoder().encode(renderSvg(explanation))]]);
}

/** The described machine of a built-in target; for another one, and for `native`, what its capabilities say, at the rates of the native machine. */
function machineFor(target: string, { name, capabilities }: Backend, cores: number): Machine {
  const described = MACHINES[target];
  if (described !== undefined) return { ...described, cores };
  const { caches, peakFlopsPerSecond, memoryBytesPerSecond, vectorBytes } = ZEN3_NATIVE;
  return machineOf(capabilities, {
    name: `${name} at the rates of Zen 3`,
    cores,
    peakFlopsPerSecond: (peakFlopsPerSecond * (capabilities.vector?.bytes ?? 8)) / vectorBytes,
    cacheBytesPerSecond: capabilities.caches.map((_, level) => (caches[level] ?? caches.at(-1))?.bytesPerSecond ?? 1),
    memoryBytesPerSecond,
  });
}

const MACHINES: Readonly<Record<string, Machine>> = {
  c: ZEN3_NATIVE,
  wasm: WASM_ON_V8,
  "c-wasm": WASM_ON_V8,
};
