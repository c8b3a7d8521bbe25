import type { Artifact } from "@tilewright/artifact";
import type { Backend, CompiledModule, ScheduleRule, Target } from "@tilewright/backend";
import { CompileError, type Diagnostic } from "@tilewright/diagnostics";
import type { GraphPass, OnGraphPass } from "@tilewright/graph";
import type { Graph, IRModule } from "@tilewright/ir";
import { defaultOperators, type Model, type Operators } from "@tilewright/ops";
import { checkSchedule, toModel, toTarget } from "./check-options.js";
import { noHostCode, toolchainMismatch } from "./errors.js";
import type { KernelReport } from "./kernels.js";
import { type LoweredModel, type LowerModelOptions, lowerModel, type Progress } from "./lower-model.js";
import type { ScheduleChoice } from "./schedule-kernel.js";
import { modelArtifact } from "./to-artifact.js";

export interface CompileOptions {
  /** A backend, with the toolchain that finishes its work if it needs one. */
  readonly target: Target | Backend;
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
  /** Loop IR of level `device`, as the backend got it. */
  readonly module: IRModule;
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
 * Compiles a model (or a graph without constants and initial states) into an artifact. Everything but the toolchain is pure.
 * @throws CompileError of every layer; `CO103` a toolchain that does not fit · `CO104` a backend without host code · `CO107` an option that
 * does not exist; the reason of an aborted `signal`
 */
export async function compile(input: Model | Graph, options: CompileOptions): Promise<Compiled> {
  const { backend, toolchain } = toTarget(options);
  const model = toModel(input);
  checkSchedule(options.schedule, false);
  options.signal?.throwIfAborted();
  if (!backend.capabilities.hostCode) throw new CompileError(noHostCode(backend.name));
  const lowered = lowerModel(model, lowerOptions(backend, options));
  options.onProgress?.({ stage: "backend", done: 0, total: 1 });
  const module = await build(lowered.module, { backend, toolchain }, options.onProgress, options.signal);
  return {
    artifact: modelArtifact(model, lowered, module),
    diagnostics: [...lowered.diagnostics, ...module.warnings],
    report: reportOf(lowered, module),
  };
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

function lowerOptions(backend: Backend, options: CompileOptions): LowerModelOptions {
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
    capabilities: backend.capabilities,
    operators,
    schedule,
    rules: [...rules, ...(backend.rules ?? [])],
    passes: backend.passes ?? [],
    intrinsics: backend.intrinsics ?? [],
    ...(options.graphPasses === undefined ? {} : { graphPasses: options.graphPasses }),
    ...(verify === undefined ? {} : { verify }),
    ...(onGraphPass === undefined ? {} : { onGraphPass }),
    ...(onPass === undefined ? {} : { onPass }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function reportOf({ kernels, layout, module }: LoweredModel, { files }: CompiledModule): CompileReport {
  const { plan, weightsBytes, stateBytes, overwritten } = layout;
  const { arenaBytes, lowerBoundBytes } = plan;
  const inPlace = overwritten.filter((values) => values.length > 0).length;
  return { kernels, memory: { arenaBytes, lowerBoundBytes, weightsBytes, stateBytes, inPlace }, module, files };
}
