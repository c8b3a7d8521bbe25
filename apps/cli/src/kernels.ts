import { autoschedule } from "@tilewright/autoschedule";
import type { Backend } from "@tilewright/backend";
import { isCompileError } from "@tilewright/diagnostics";
import type { IRModule, Tensor } from "@tilewright/ir";
import { replay, type Schedule, toPrimFunc } from "@tilewright/schedule";
import { chooseKernel, equalNames, noKernel, unreadable } from "./errors.js";
import { fileKey } from "./file-names.js";
import { finishing } from "./finishing.js";
import type { Io } from "./io.js";

/** What a file exports: expressions alone, or expressions with the schedule that their author chose. */
export interface Kernel {
  readonly name: string;
  readonly outputs: readonly Tensor[];
  readonly schedule: Schedule | null;
}

/**
 * The kernels that a file exports, in the order of its exports; `only` chooses one by the name of its export.
 * @throws CompileError CLI101 · CLI102 · CLI103; what building the kernels threw
 */
export async function loadKernels(path: string, io: Io, only?: string): Promise<readonly Kernel[]> {
  const load = () => io.importModule(path);
  const exports = await finishing((why) => unreadable(path, why), load).catch((error: unknown) => {
    if (isCompileError(error)) throw error;
    throw unreadable(path, error);
  });
  const kernels = Object.entries(exports).flatMap(([name, value]) => toKernel(name, value) ?? []);
  if (kernels.length === 0) throw noKernel(path, Object.keys(exports));
  const chosen = only === undefined ? kernels : kernels.filter(({ name }) => name === only);
  if (chosen.length === 0)
    throw chooseKernel(
      path,
      only,
      kernels.map(({ name }) => name),
    );
  refuseEqualNames(path, chosen);
  return chosen;
}

/** Kernels become files and functions of their names: the second would take the place of the first. */
function refuseEqualNames(path: string, kernels: readonly Kernel[]): void {
  const seen = new Map<string, string>();
  for (const { name } of kernels) {
    const first = seen.get(fileKey(name));
    if (first !== undefined) throw equalNames(path, first, name);
    seen.set(fileKey(name), name);
  }
}

function toKernel(exported: string, value: unknown): Kernel | undefined {
  const outputs = isSchedule(value) ? value.outputs : isTensor(value) ? [value] : value;
  if (!Array.isArray(outputs) || outputs.length === 0 || !outputs.every(isTensor)) return undefined;
  const name = exported === "default" ? (outputs[0]?.name ?? exported) : exported;
  return { name, outputs, schedule: isSchedule(value) ? value : null };
}

function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === "object" && value !== null && "kind" in value && value.kind === "Tensor" && "operation" in value
  );
}

function isSchedule(value: unknown): value is Schedule {
  return typeof value === "object" && value !== null && "stages" in value && "records" in value && "outputs" in value;
}

/** The author's schedule, or the one that the rules of the backend choose, or else the default ones. */
export function scheduleOf(kernel: Kernel, { capabilities, rules = [], intrinsics = [] }: Backend): Schedule {
  if (kernel.schedule !== null) return kernel.schedule;
  return replay(kernel.outputs, autoschedule(kernel.outputs, { capabilities, rules }).trace, { intrinsics });
}

/** A schedule as a module of one function with the kernel's name. */
export function toModule(kernel: Kernel, schedule: Schedule): IRModule {
  const func = toPrimFunc(schedule, { name: identifier(kernel.name) });
  return { kind: "IRModule", span: func.span, functions: [func], attributes: {} };
}

/** A name that every target can hold. */
function identifier(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]/g, "_");
  return /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`;
}
