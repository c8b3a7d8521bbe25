import type { Capabilities, IntrinsicMeaning, PlacedPass, ScheduleRule } from "@tilewright/backend";
import { type Diagnostic, invariant, NO_SPAN } from "@tilewright/diagnostics";
import {
  checkGraph,
  type FusedGroup,
  fuse,
  type GraphPass,
  graphPasses,
  type OnGraphPass,
  runGraphPasses,
} from "@tilewright/graph";
import { bytesOf, type IRModule, type Value } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import type { Model, Operators } from "@tilewright/ops";
import { checkBlobs, evaluateModel } from "./evaluate-model.js";
import { copyTensors, countOf, groupKey, groupTensors, memoryInputs, scalarConstants } from "./group-tensors.js";
import { type HostCall, hostProgram } from "./host-program.js";
import { type Kernel, type KernelReport, Kernels } from "./kernels.js";
import { type KernelStep, type Location, layOut, type MemoryLayout } from "./memory.js";
import type { ScheduleChoice, ScheduleContext } from "./schedule-kernel.js";
import { type Copy, planTransfers, type RootOf, rootsOf, type Transfers } from "./storage.js";

export interface LowerModelOptions {
  readonly capabilities: Capabilities;
  readonly operators: Operators;
  readonly schedule: ScheduleChoice;
  /** Asked before the default rules. */
  readonly rules: readonly ScheduleRule[];
  /** Passes of the backend. */
  readonly passes: readonly PlacedPass[];
  /** That the rules may use. */
  readonly intrinsics?: readonly IntrinsicMeaning[];
  readonly graphPasses?: readonly GraphPass[];
  readonly verify?: boolean;
  readonly onGraphPass?: OnGraphPass;
  readonly onPass?: (name: string, module: IRModule, changed: boolean) => void;
  readonly onProgress?: (progress: Progress) => void;
  /** Asked before each kernel and each stage. */
  readonly signal?: AbortSignal;
}

/** What is being done; `done` of `total` kernels are scheduled. */
export interface Progress {
  readonly stage: "graph" | "schedule" | "memory" | "lower" | "backend" | "toolchain";
  readonly done: number;
  readonly total: number;
}

export interface LoweredModel {
  /** At level `scheduled`: kernels and the host program. */
  readonly scheduled: IRModule;
  /** At level `device`. */
  readonly module: IRModule;
  readonly entry: string;
  /** The model after the graph passes; inputs, states and outputs stand in the order of the original. */
  readonly model: Model;
  readonly layout: MemoryLayout;
  readonly kernels: readonly KernelReport[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Step extends KernelStep {
  readonly kernel: Kernel;
}

/**
 * The pure part of compiling a model: graph passes, fusion, a kernel for each different group, memory for every value, the host program,
 * and the lowering of all of it.
 * @throws CompileError `GR1xx` an ill-formed graph · what operators, schedules and lowering throw · `CO101`; the reason of an aborted signal
 */
export function lowerModel(original: Model, options: LowerModelOptions): LoweredModel {
  const diagnostics: Diagnostic[] = [];
  const { operators, capabilities, rules, schedule, intrinsics = [] } = options;
  checkGraph(original.graph, operators);
  checkBlobs(original);
  options.onProgress?.({ stage: "graph", done: 0, total: 1 });
  options.signal?.throwIfAborted();
  const model = runGraphPasses(
    original,
    options.graphPasses ?? graphPasses,
    { operators, evaluate: folder(operators) },
    options.onGraphPass,
  );
  const groups = fuse(model.graph, { operators });
  const rootOf = rootsOf(groups);
  const report = (each: Diagnostic): void => void diagnostics.push(each);
  const context: ScheduleContext = { capabilities, rules, schedule, intrinsics, report };
  const kernels = new Kernels(model.graph.name, context);
  const steps = stepsOf(groups, model, kernels, rootOf, options);
  options.onProgress?.({ stage: "memory", done: 0, total: 1 });
  options.signal?.throwIfAborted();
  const transfers = planTransfers(model.graph, rootOf);
  const needed = constantsNeeded(steps, transfers, rootOf, model);
  const layout = layOut(model.graph, steps, transfers, rootOf, needed);
  const calls = callsOf(steps, transfers, layout, kernels, rootOf);
  const entry = kernels.name("run");
  const host = hostProgram(entry, model.graph, calls, {
    arenaBytes: layout.plan.arenaBytes,
    weightsBytes: layout.weightsBytes,
    stateBytes: layout.stateBytes,
  });
  const scheduled: IRModule = {
    kind: "IRModule",
    span: NO_SPAN,
    functions: [...kernels.functions.values(), host],
    attributes: {},
  };
  options.onProgress?.({ stage: "lower", done: 0, total: 1 });
  options.signal?.throwIfAborted();
  const lowered = lower(scheduled, {
    capabilities,
    passes: options.passes,
    intrinsics,
    ...(options.verify === undefined ? {} : { verify: options.verify }),
    ...(options.onPass === undefined ? {} : { onPass: options.onPass }),
  });
  diagnostics.push(...lowered.diagnostics);
  return {
    scheduled,
    module: lowered.module,
    entry,
    model,
    layout,
    kernels: kernels.report(),
    diagnostics: distinct(diagnostics),
  };
}

/** Diagnostics that read alike once: the same code is lowered many times. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((each) => [`${each.code} ${each.message}`, each])).values()];
}

/** Evaluates constant parts of a graph with the reference interpreter. */
function folder(operators: Operators): (model: Model, wanted: readonly Value[]) => readonly Uint8Array[] {
  return (model, wanted) =>
    evaluateModel(model, wanted, new Map(), { operators }).map(
      (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    );
}

/** A step for each group that makes memory; groups of nothing and views need none. */
function stepsOf(
  groups: readonly FusedGroup[],
  model: Model,
  kernels: Kernels,
  rootOf: RootOf,
  { operators, onProgress, signal }: LowerModelOptions,
): readonly Step[] {
  const scalars = scalarConstants(model);
  const work = groups.filter(({ kind, outputs }) => kind !== "view" && outputs.some((output) => countOf(output) > 0));
  return work.map((group, done) => {
    onProgress?.({ stage: "schedule", done, total: work.length });
    signal?.throwIfAborted();
    const [output] = group.outputs;
    invariant(output !== undefined && group.outputs.length === 1, "a group has one output");
    const names = group.nodes.map(({ operator }) => operator.name);
    const kernel = kernels.kernel(groupKey(group, scalars), names, () => groupTensors(group, operators, scalars));
    const inputs = memoryInputs(group, scalars);
    return { inputs, output, overwrites: overwritable(inputs, kernel, rootOf), kernel };
  });
}

/** Inputs whose memory the output may take: all that share it are read only where the output is written. */
function overwritable(inputs: readonly Value[], { overwrites }: Kernel, rootOf: RootOf): readonly Value[] {
  const kept = new Set(inputs.filter((_, position) => !overwrites.has(position)).map(rootOf));
  return inputs.filter((value) => !kept.has(rootOf(value)));
}

/** Constants that a kernel or a copy reads from memory. */
function constantsNeeded(
  steps: readonly Step[],
  { before, after }: Transfers,
  rootOf: RootOf,
  { graph }: Model,
): ReadonlySet<Value> {
  const read = new Set<Value>([...before, ...after].map(({ from }) => from));
  for (const { inputs } of steps) for (const input of inputs) read.add(rootOf(input));
  return new Set(graph.constants.map(({ value }) => value).filter((value) => read.has(value)));
}

/** The calls of the program: first copies, the kernels, last copies. */
function callsOf(
  steps: readonly Step[],
  transfers: Transfers,
  layout: MemoryLayout,
  kernels: Kernels,
  rootOf: RootOf,
): readonly HostCall[] {
  const at = (value: Value): Location => {
    const location = layout.locations.get(rootOf(value));
    invariant(location !== undefined, `\`${value.name}\` has no memory`);
    return location;
  };
  const copy = ({ from, to }: Copy, source: Location): HostCall => {
    const count = countOf(from);
    const kernel = kernels.kernel(`copy ${from.dtype}[${count}]`, ["copy"], () => copyTensors(from.dtype, count));
    return { kernel: kernels.functionFor(kernel, []), arguments: [source, destination(from, to, layout)] };
  };
  const full = ({ from }: Copy): boolean => countOf(from) > 0;
  const before = transfers.before.filter(full).map((each) => copy(each, at(each.from)));
  const calls = steps.map(({ inputs, kernel, output }, step): HostCall => {
    const over = layout.overwritten[step] ?? [];
    const positions = inputs.flatMap((value, position) => (over.includes(value) ? [position] : []));
    return { kernel: kernels.functionFor(kernel, positions), arguments: [...inputs.map(at), at(output)] };
  });
  const after = layout.after
    .filter(full)
    .map((each) => copy(each, layout.savedLocations.get(each.from) ?? at(each.from)));
  return [...before, ...calls, ...after];
}

function destination(from: Value, to: Copy["to"], layout: MemoryLayout): Location {
  if (to.kind === "output") return { kind: "output", position: to.position };
  const bytes = layout.savedLocations.get(from);
  if (to.kind === "saved" && bytes !== undefined) return bytes;
  invariant(to.kind === "state", "a saved state has memory");
  const offset = layout.stateOffsets[to.position] ?? 0;
  const location = layout.locations.get(from);
  const size = location !== undefined && "bytes" in location ? location.bytes : countOf(from) * bytesOf(from.dtype);
  return { kind: "state", offset, bytes: size };
}
