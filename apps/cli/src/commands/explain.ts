import { basename, dirname } from "node:path";
import { c } from "@tilewright/codegen-c";
import { wasm } from "@tilewright/codegen-wasm";
import { type Explanation, explain, type Machine, renderText, WASM_ON_V8, ZEN3_NATIVE } from "@tilewright/explain";
import { renderSvg } from "@tilewright/explain/svg";
import { type Call, type Command, flag, integer, onlyArgument, text } from "../command.js";
import { chooseKernel } from "../errors.js";
import { EXIT, UsageError } from "../io.js";
import { loadKernels, scheduleOf } from "../kernels.js";

const HELP = `Usage: tilewright explain <file.ts> [options]

Tells of each kernel what its schedule costs: loop nests, arithmetic, memory traffic, what fits in which cache, vectors, and what bounds the time.
The machine is a described one, two cores of a Zen 3 processor, not the one that this runs on; times are lower bounds.

  --kernel <name>   only this export of the file
  --target <name>   c (AVX2 code, the default) or wasm (SIMD of 16 bytes)
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
    const { machine, capabilities } = targetOf(call);
    const picture = text(call, "svg");
    if (picture === "") throw new UsageError("--svg is the name of a file");
    const kernels = await loadKernels(file, io, text(call, "kernel"));
    const names = kernels.map(({ name }) => name);
    if (picture !== undefined && kernels.length > 1) throw chooseKernel(file, undefined, names);
    const explained = kernels.map((kernel) => ({
      ...explain(scheduleOf(kernel, capabilities), machine),
      name: kernel.name,
    }));
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

function targetOf(call: Call) {
  const threads = integer(call, "threads", ZEN3_NATIVE.cores, 1, 256);
  const name = text(call, "target") ?? "c";
  const of = (machine: Machine): Machine => ({ ...machine, cores: threads });
  if (name === "c") return { machine: of(ZEN3_NATIVE), capabilities: c({ threads, cpu: "x86-64-v3" }).capabilities };
  if (name === "wasm") return { machine: of(WASM_ON_V8), capabilities: wasm({ threads }).capabilities };
  throw new UsageError(`--target is c or wasm, not ${JSON.stringify(name)}`);
}
