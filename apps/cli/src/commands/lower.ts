import type { Backend } from "@tilewright/backend";
import { render } from "@tilewright/diagnostics";
import type { IRModule } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { lower } from "@tilewright/lower";
import { traceOf } from "@tilewright/schedule";
import { type Command, flag, integer, onlyArgument, text } from "../command.js";
import { checkCompiled, loweringFor, ownWarnings } from "../compile-kernel.js";
import { noSuchPass } from "../errors.js";
import { EXIT, type Io } from "../io.js";
import { type Kernel, loadKernels, scheduleOf, toModule } from "../kernels.js";
import { backendOf, loadTarget, onBehalfOf } from "../load-target.js";
import { paint } from "../paint.js";
import { TARGET_NAMES } from "../target-names.js";

const HELP = `Usage: tilewright lower <file.ts> [options]

Prints a kernel at every level, from its tensor expression to the code of a target.

  --kernel <name>            only this export of the file
  --target <name>            ${["c", ...TARGET_NAMES].join(", ")} (c), a package, or ./file.js
  --threads <n>              threads that parallel loops may use (1)
  --print-ir-after <pass>    also the loop IR after this pass, or after \`all\` that change something
  --verify                   check the grammar of the IR after every pass
  --json                     one object with every text
`;

/** A kernel at each level, as texts. */
export interface Levels {
  readonly name: string;
  readonly tensorIR: string;
  readonly trace: string;
  readonly loopNest: string;
  readonly passes: readonly { readonly name: string; readonly changed: boolean; readonly text: string }[];
  readonly loweredIR: string;
  readonly code: string;
  readonly warnings: readonly string[];
}

export const lowerCommand: Command = {
  name: "lower",
  summary: "prints a kernel at every level, from expression to code",
  help: HELP,
  options: {
    kernel: { type: "string" },
    target: { type: "string" },
    threads: { type: "string" },
    "print-ir-after": { type: "string" },
    verify: { type: "boolean" },
    json: { type: "boolean" },
  },
  async run(call, io) {
    const file = onlyArgument(call, "the file of the kernel");
    const threads = integer(call, "threads", 1, 1, 256);
    const target = await loadTarget(text(call, "target") ?? "c", io);
    const backend = await onBehalfOf(target, () => backendOf(target, { threads }));
    const kernels = await loadKernels(file, io, text(call, "kernel"));
    const after = text(call, "print-ir-after");
    const levels = await onBehalfOf(target, () =>
      kernels.map((kernel) => levelsOf(kernel, backend, after, flag(call, "verify"))),
    );
    if (flag(call, "json")) io.write(`${JSON.stringify({ target: backend.name, kernels: levels }, null, 2)}\n`);
    else for (const each of levels) writeLevels(each, backend, io);
    for (const each of levels)
      for (const warning of each.warnings) io.note(`${paint(io.colors.note).diagnostic(warning)}\n`);
    return EXIT.ok;
  },
};

/** @throws CompileError CLI105, and what scheduling, lowering and the backend throw */
function levelsOf(kernel: Kernel, backend: Backend, after: string | undefined, verify: boolean): Levels {
  const schedule = scheduleOf(kernel, backend);
  const module = toModule(kernel, schedule);
  const passes: { name: string; changed: boolean; text: string }[] = [];
  let last = print(module);
  const onPass = (name: string, result: IRModule): void => {
    const printed = after === undefined ? last : print(result);
    const changed = printed !== last;
    passes.push({ name, changed, text: after === name || (after === "all" && changed) ? printed : "" });
    last = printed;
  };
  const lowered = lower(module, { ...loweringFor(backend, schedule), verify, onPass });
  if (after !== undefined && after !== "all" && !passes.some(({ name }) => name === after)) {
    throw noSuchPass(after, [...new Set(passes.map(({ name }) => name))]);
  }
  const compiled = checkCompiled(backend.name, backend.compile(lowered.module));
  return {
    name: kernel.name,
    tensorIR: print(kernel.outputs),
    trace: print(traceOf(schedule)),
    loopNest: print(module),
    passes: passes.filter(({ text: printed }) => printed !== ""),
    loweredIR: print(lowered.module),
    code: asText(compiled.bytes) ?? `${compiled.bytes.length} bytes of ${compiled.format}\n`,
    warnings: [...ownWarnings(kernel, lowered.diagnostics), ...compiled.warnings].map(render),
  };
}

/** The text that the bytes are; undefined where they are none. Formats of text are UTF-8. */
function asText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function writeLevels(levels: Levels, backend: Backend, io: Io): void {
  const c = paint(io.colors.write);
  const section = (title: string, body: string): void =>
    io.write(`${c.bold(`=== ${levels.name}: ${title}`)}\n${body.trimEnd()}\n\n`);
  section("tensor IR, what is computed", levels.tensorIR);
  section("schedule, how", levels.trace);
  section("loop nest, level scheduled", levels.loopNest);
  for (const pass of levels.passes) section(`after ${pass.name}${pass.changed ? "" : " (unchanged)"}`, pass.text);
  section("loop IR, level device", levels.loweredIR);
  section(`code for ${backend.name}`, levels.code);
}
