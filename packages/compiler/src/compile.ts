import type { Artifact } from "@tilewright/artifact";
import type { Backend, CompiledModule, ScheduleRule, Target } from "@tilewright/backend";
import { CompileError, type Diagnostic } from "@tilewright/diagnostics";
import type { GraphPass, OnGraphPass } from "@tilewright/graph";
import type { Graph, IRModule } from "@tilewright/ir";
import { defaultOperators, type Model, type Operators } from "@tilewright/ops";
import { checkSchedule, toModel, toTarget } from "./check-options.js";
import { toolchainMismatch } from "./errors.js";
import type { KernelReport } from "./kernels.js";
import {
  type LoweredModel, type LoweredModule, type LowerModelOptions, lowerModel, type Progress, untakenOf,
} from "./lower-model.js"; // biome-ignore format: a list
import type { ScheduleChoice } from "./schedule-kernel.js";
import { blaming, sideOf } from "./target-side.js";
import { modelArtifact } from "./to-artifact.js";

export interface CompileOptions {
  /** A backend, with the toolchain that finishes its work if it needs one. */
  readonly target: Target | Backend;
  /** Compiles the kernels that the target does not take, into the same artifact; without it the first such kernel is an error. */
  readonly host?: Target | Backend;
  /** `defaultOperators` unless told. */
  readonly operators?: Operators;
  /** `auto` unless told. `none`: loops as written. */
  readonly schedule?: ScheduleChoice;
  /** Schedule rules, asked before those of the backend and the default ones. */
  readonly rules?: readonly ScheduleRule[];
  /** The default passes unless told. */
  readonly graphPasses?: readonly GraphPass[];
  /** Check the IR after every pass. */
  readonly verify?: boolean;
  readonly onGraphPass?: OnGraphPass;
  readonly onPass?: (name: string, module: IRModule, changed: boolean) => void;
  readonly onProgress?: (progress: Progress) => void;
  /** Stops between kernels and stages, and the toolchain; `compile` then rejects with the reason. */
  readonly signal?: AbortSignal;
}

export interface CompileReport {
  readonly kernels: readonly KernelReport[];
  readonly memory: {
    readonly arenaBytes: number;
    /** The arena cannot be smaller with these kernels. */
    readonly lowerBoundBytes: number;
    readonly weightsBytes: number;
    readonly stateBytes: number;
    /** Kernels that write their result over an input. */
    readonly inPlace: number;
  };
  /** Loop IR of level `device`, as the backend of the target got it. */
  readonly module: IRModule;
  /** What the backend of the host got; null without one. */
  readonly hostModule: IRModule | null;
  /** Further files of backend and toolchain, as the source and header in C. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface Compiled {
  readonly artifact: Artifact;
  /** Warnings. */
  readonly diagnostics: readonly Diagnostic[];
  readonly report: CompileReport;
}

/**
 * Compiles a model (or a graph without constants and initial states) into an artifact. Everything but the toolchain is pure. A target that holds
 * host code and takes all kernels gets a host program as code; else the artifact holds a launch program.
 * @throws CompileError of every layer; `CO103` a toolchain that does not fit · `CO107` an option that does not exist · `CO108` a kernel that
 * neither target nor host takes; the reason of an aborted `signal`
 */
export async function compile(input: Model | Graph, options: CompileOptions): Promise<Compiled> {
  const target = toTarget(options?.target);
  const host = options.host === undefined ? null : toTarget(options.host, "host");
  const model = toModel(input);
  checkSchedule(options.schedule, false);
  options.signal?.throwIfAborted();
  const lowered = lowerModel(model, lowerOptions(target.backend, host?.backend ?? null, options));
  options.onProgress?.({ stage: "backend", done: 0, total: 1 });
  const modules = [await buildPart(lowered, lowered, target, options)];
  if (host !== null && lowered.host !== null) modules.push(await buildPart(lowered, lowered.host, host, options));
  const built = modules.filter((module) => module !== null);
  return {
    artifact: modelArtifact(model, lowered, built),
    diagnostics: [...lowered.diagnostics, ...built.flatMap(({ warnings }) => warnings)],
    report: reportOf(lowered, built),
  };
}

/** The module of one target; null for a part of a program without functions. */
async function buildPart(
  { kernels }: LoweredModel,
  { module, scheduled }: LoweredModule,
  target: Target,
  { rules = [], onProgress, signal }: CompileOptions,
): Promise<CompiledModule | null> {
  if (module.functions.length === 0) return null;
  const side = sideOf(target.backend, rules);
  const compile = (whole: IRModule): CompiledModule =>
    blaming(side, scheduled.functions, untakenOf(kernels, side), () => target.backend.compile(whole));
  return build(module, { ...target, backend: { ...target.backend, compile } }, onProgress, signal);
}

/** Backend and toolchain. @throws CompileError `CO103`, `BE`, `TC` */
export async function build(
  module: IRModule,
  { backend, toolchain }: Target,
  onProgress?: (progress: Progress) => void,
  signal?: AbortSignal,
): Promise<CompiledModule> {
  signal?.throwIfAborted();
  const compiled = backend.compile(module);
  if (toolchain === null) return compiled;
  if (toolchain.accepts !== compiled.format) {
    throw new CompileError(toolchainMismatch(backend.name, compiled.format, toolchain.name, toolchain.accepts));
  }
  onProgress?.({ stage: "toolchain", done: 0, total: 1 });
  const built = await toolchain.build(compiled, signal === undefined ? {} : { signal });
  return {
    ...built,
    warnings: [...compiled.warnings, ...built.warnings],
    files: new Map([...compiled.files, ...built.files]),
  };
}

function lowerOptions(backend: Backend, host: Backend | null, options: CompileOptions): LowerModelOptions {
  const {
    operators = defaultOperators,
    schedule = "auto",
    rules = [],
    verify,
    onGraphPass,
    onPass,
    onProgress,
    signal,
  } = options;
  return {
    ...sideOf(backend, rules),
    ...(host === null ? {} : { host: sideOf(host, rules) }),
    operators,
    schedule,
    ...(options.graphPasses === undefined ? {} : { graphPasses: options.graphPasses }),
    ...(verify === undefined ? {} : { verify }),
    ...(onGraphPass === undefined ? {} : { onGraphPass }),
    ...(onPass === undefined ? {} : { onPass }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function reportOf({ kernels, layout, module, host }: LoweredModel, built: readonly CompiledModule[]): CompileReport {
  const { plan, weightsBytes, stateBytes, overwritten } = layout;
  const { arenaBytes, lowerBoundBytes } = plan;
  const inPlace = overwritten.filter((values) => values.length > 0).length;
  const memory = { arenaBytes, lowerBoundBytes, weightsBytes, stateBytes, inPlace };
  return { kernels, memory, module, hostModule: host?.module ?? null, files: filesOf(built) };
}

/** Files of the target, and of the host under names of their own. */
function filesOf(built: readonly CompiledModule[]): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const module of built)
    for (const [name, bytes] of module.files) files.set(files.has(name) ? `host-${name}` : name, bytes);
  return files;
}
