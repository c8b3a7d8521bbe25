import { parseArgs } from "node:util";
import { checkDriver } from "@tilewright/artifact";
import { type Backend, checkBackend, checkToolchain, type TargetPlugin, type Toolchain } from "@tilewright/backend";
import { isCompileError, render } from "@tilewright/diagnostics";
import { badUsage, notUsable, USAGE } from "./errors.js";
import { loadTarget } from "./load-target.js";
import { type KitProgress, type KitReport, runKit } from "./run-kit.js";
import type { KitSubject } from "./subject.js";
import { supportTable } from "./support-table.js";

/** Where a command writes, and where it looks for modules. */
export interface CommandIo {
  write(text: string): void;
  note(text: string): void;
  readonly folder: string;
}

const HELP = `${USAGE}

Runs the conformance kit on a target: the backend, the toolchain and the device of a module's export \`target\`.
The module is a file (./dist/index.js), a folder with a package.json (.), or a package that is installed here.

  --json             the report as JSON
  --table            the support table of a README, as Markdown
  --target <export>  another export than \`target\`
  --threads <n>      threads that run parallel loops, 1 unless told
  --runs <n>         random programs of each kind, 100 unless told
  --seed <n>         of the random programs, 1 unless told

Progress goes to stderr. Ends with 0 when everything passed, 1 when something failed, 2 when the kit could not be run.`;

interface Request {
  readonly name: string;
  readonly exported: string;
  readonly threads: number;
  readonly runs: number;
  readonly seed: number;
  readonly output: "json" | "table" | "text";
}

/** The command `tilewright-kit`. 0: everything passed · 1: something failed · 2: the kit could not be run. */
export async function kitCommand(args: readonly string[], io: CommandIo): Promise<0 | 1 | 2> {
  if (args.includes("--help")) {
    io.write(`${HELP}\n`);
    return 0;
  }
  try {
    const request = requestOf(args);
    const target = await loadTarget(request.name, request.exported, io.folder);
    const { threads, runs, seed, output } = request;
    const subject = { ...(await subjectOf(target, threads)), runs, seed };
    const report = await runKit(subject, { onProgress: (progress) => io.note(lineOf(progress)) });
    io.write(`${{ json: () => JSON.stringify(report), table: () => supportTable(report), text: () => summary(report) }[output]()}\n`); // biome-ignore format: one glance
    return report.failed === 0 ? 0 : 1;
  } catch (error) {
    if (!isCompileError(error)) throw error;
    io.note(`${error.diagnostics.map((each) => render(each)).join("\n")}\n`);
    return 2;
  }
}

/** @throws CompileError `KIT101` */
function requestOf(args: readonly string[]): Request {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    json: flag,
    table: flag,
    target: { ...text, default: "target" },
    threads: text,
    runs: text,
    seed: text,
  };
  const read = () => parseArgs({ args: [...args], options, allowPositionals: true });
  let parsed: ReturnType<typeof read>;
  try {
    parsed = read();
  } catch (error) {
    throw badUsage(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw badUsage(`${positionals.length} modules instead of one`);
  if (values.json && values.table) throw badUsage("both --json and --table");
  return {
    name,
    exported: values.target,
    threads: number("threads", values.threads ?? "1", 1),
    runs: number("runs", values.runs ?? "100", 1),
    seed: number("seed", values.seed ?? "1", 0),
    output: values.json ? "json" : values.table ? "table" : "text",
  };
}

function number(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > 2 ** 31 - 1)
    throw badUsage(`--${option} ${text} is no integer of at least ${least}`);
  return value;
}

/** What a target is tried with: its device, and the first of its toolchains that is usable. @throws CompileError `KIT104` */
export async function subjectOf(target: TargetPlugin, threads: number): Promise<KitSubject> {
  const { name } = target;
  if (target.device === undefined) throw notUsable(name, "it names no device: what it compiles runs elsewhere");
  const status = await own(name, () => target.status?.());
  if (status?.usable === false) throw notUsable(name, status.detail);
  const toolchain = await usableToolchain(target, threads);
  const backend = await own(name, () => target.backend({ threads }));
  checkBackend(backend);
  const device = await own(name, () => target.device?.({ threads }));
  checkDriver(device);
  return { backend: backend as Backend, device, ...(toolchain === null ? {} : { toolchain }) };
}

/** What code of the target gives. @throws CompileError its own, or `KIT104` with what it threw */
async function own<T>(target: string, use: () => T | Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (isCompileError(error)) throw error;
    throw notUsable(target, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
}

async function usableToolchain(target: TargetPlugin, threads: number): Promise<Toolchain | null> {
  const { name, toolchains } = target;
  if (toolchains === undefined) return null;
  const reasons: string[] = [];
  for (const toolchain of await own(name, () => [...toolchains({ threads })])) {
    checkToolchain(toolchain);
    const { usable, detail } = await own(name, async () => ({ ...(await toolchain.status()) }));
    if (usable) return toolchain;
    reasons.push(`${toolchain.name}: ${detail}`);
  }
  throw notUsable(name, reasons.length === 0 ? "it names no toolchain" : reasons.join("; "));
}

function lineOf({ test, failure, done, total }: KitProgress): string {
  const [first = ""] = (failure ?? "").split("\n");
  return `${failure === null ? "pass" : "FAIL"} ${done}/${total} ${test.section}: ${test.name}${failure === null ? "" : `\n     ${first}`}\n`;
}

function summary({ backend, device, passed, failed, skipped, failures, lacks }: KitReport): string {
  return [
    ...failures.map(({ name, message }) => `FAIL ${name}\n${message}\n`),
    `backend ${backend} on device ${device}: ${passed} passed, ${failed} failed, ${skipped} skipped`,
    ...lacks.map((sentence) => `- ${sentence}`),
  ].join("\n");
}
