import type { Artifact } from "@tilewright/artifact";
import type { Backend, IntrinsicMeaning, ScheduleRule, Target } from "@tilewright/backend";
import { CompileError, type Diagnostic, NO_SPAN } from "@tilewright/diagnostics";
import type { IRModule, PrimFunc, Tensor, Trace } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import { intrinsicsOf, replay, type Schedule, toPrimFunc } from "@tilewright/schedule";
import { checkSchedule, toTarget } from "./check-options.js";
import { build } from "./compile.js";
import { duplicateFunction } from "./errors.js";
import { type ScheduleChoice, scheduleKernel } from "./schedule-kernel.js";
import { functionsArtifact } from "./to-artifact.js";

interface KernelOptions {
  readonly target: Target | Backend;
  /** Of the function. */
  readonly name?: string;
  /** Placeholders and outputs in the order of the parameters. */
  readonly parameters?: readonly Tensor[];
  /** What the functions call beside each other; those of the backend are known. */
  readonly intrinsics?: readonly IntrinsicMeaning[];
  readonly verify?: boolean;
  readonly onPass?: (name: string, module: IRModule, changed: boolean) => void;
  readonly signal?: AbortSignal;
}

export interface CompileTensorsOptions extends KernelOptions {
  /** `auto` unless told; a trace is replayed. */
  readonly schedule?: ScheduleChoice | Trace;
  readonly rules?: readonly ScheduleRule[];
}

export interface CompiledKernel {
  /** Functions that are called by name; no model. */
  readonly artifact: Artifact;
  readonly diagnostics: readonly Diagnostic[];
  /** The rule of the schedule, `trace` for a given one, `none` for loops as written. */
  readonly rule: string;
  /** Loop IR of levels `scheduled` and `device`. */
  readonly scheduled: IRModule;
  readonly module: IRModule;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Compiles tensor expressions into one function.
 * @throws CompileError of every layer
 */
export async function compileTensors(
  outputs: Tensor | readonly Tensor[],
  options: CompileTensorsOptions,
): Promise<CompiledKernel> {
  const list: readonly Tensor[] = Array.isArray(outputs) ? outputs : [outputs as Tensor];
  const { backend } = toTarget(options?.target);
  const { schedule = "auto", rules = [], signal } = options;
  checkSchedule(schedule, true);
  signal?.throwIfAborted();
  const diagnostics: Diagnostic[] = [];
  const context = {
    capabilities: backend.capabilities,
    rules: [...rules, ...(backend.rules ?? [])],
    schedule: typeof schedule === "string" ? schedule : ("none" as const),
    intrinsics: [...(backend.intrinsics ?? []), ...(options.intrinsics ?? [])],
    report: (each: Diagnostic) => void diagnostics.push(each),
  };
  const name = options.name ?? list[0]?.name ?? "kernel";
  if (typeof schedule !== "string")
    return compileSchedule(replay(list, schedule, { intrinsics: context.intrinsics }), options);
  const { func, rule } = scheduleKernel(name, list, options.parameters, context);
  return compileFunctions([func], options, rule, diagnostics);
}

/** Compiles a schedule into one function. @throws CompileError of every layer */
export function compileSchedule(schedule: Schedule, options: KernelOptions): Promise<CompiledKernel> {
  const name = options.name ?? schedule.outputs[0]?.name ?? "kernel";
  const intrinsics = [...intrinsicsOf(schedule), ...(options.intrinsics ?? [])];
  return compileFunctions([toPrimFunc(schedule, primFuncOptions(name, options))], { ...options, intrinsics }, "trace");
}

/**
 * Compiles functions of loop IR of level `scheduled` into one module.
 * @throws CompileError of lowering, backend and toolchain · `CO105` two functions of one name
 */
export async function compileFunctions(
  functions: readonly PrimFunc[],
  options: KernelOptions,
  rule = "none",
  reported: readonly Diagnostic[] = [],
): Promise<CompiledKernel> {
  const names = new Set<string>();
  for (const { name, span } of functions) {
    if (names.has(name)) throw new CompileError(duplicateFunction(name, span));
    names.add(name);
  }
  const target = toTarget(options?.target);
  const { capabilities, passes = [] } = target.backend;
  const scheduled: IRModule = { kind: "IRModule", span: NO_SPAN, functions, attributes: {} };
  const { module, diagnostics } = lower(scheduled, {
    capabilities,
    passes,
    intrinsics: [...(target.backend.intrinsics ?? []), ...(options.intrinsics ?? [])],
    ...(options.verify === undefined ? {} : { verify: options.verify }),
    ...(options.onPass === undefined ? {} : { onPass: options.onPass }),
  });
  const built = await build(module, target, undefined, options.signal);
  return {
    artifact: functionsArtifact(options.name ?? functions[0]?.name ?? "kernels", built),
    diagnostics: [...reported, ...diagnostics, ...built.warnings],
    rule,
    scheduled,
    module,
    files: built.files,
  };
}

function primFuncOptions(
  name: string,
  { parameters }: KernelOptions,
): { name: string; parameters?: readonly Tensor[] } {
  return parameters === undefined ? { name } : { name, parameters };
}
