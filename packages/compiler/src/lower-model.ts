import type { LaunchProgram } from "@tilewright/artifact";
import { type Diagnostic, invariant } from "@tilewright/diagnostics";
import {
  checkGraph,
  type FusedGroup,
  fuse,
  type GraphPass,
  graphPasses,
  type OnGraphPass,
  runGraphPasses,
} from "@tilewright/graph";
import { bytesOf, type IRModule, type PrimFunc, type Value } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import type { Model, Operators } from "@tilewright/ops";
import { movedToHost, untakenKernel } from "./errors.js";
import { checkBlobs, evaluateModel } from "./evaluate-model.js";
import { copyTensors, countOf, groupKey, groupTensors, memoryInputs, scalarConstants } from "./group-tensors.js";
import { callerNotes, type HostCall, hostProgram, launchProgram } from "./host-program.js";
import { type Kernel, type KernelReport, Kernels } from "./kernels.js";
import { type KernelStep, type Location, layOut, type MemoryLayout } from "./memory.js";
import { type Preparation, Preparations } from "./preparations.js";
import type { ScheduleChoice } from "./schedule-kernel.js";
import { type Copy, planTransfers, type RootOf, rootsOf, type Transfers } from "./storage.js";
import { blaming, moduleOf, type TargetSide } from "./target-side.js";

/** The target is given by its own fields. */
export interface LowerModelOptions extends Omit<TargetSide, "name"> {
  /** Name of the target in reports. */
  readonly name?: string;
  /** Takes the kernels that the target does not. */
  readonly host?: TargetSide;
  readonly operators: Operators;
  readonly schedule: ScheduleChoice;
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

/** What one target is given; nothing when it has no functions. */
export interface LoweredModule {
  /** At level `scheduled`: kernels and, where it is there, the host program. */
  readonly scheduled: IRModule;
  /** At level `device`. */
  readonly module: IRModule;
}

/** `scheduled` and `module` are the target's. */
export interface LoweredModel extends LoweredModule {
  /** What the host is given. */
  readonly host: LoweredModule | null;
  /** The host program: a function of the only module when its target holds host code, else data. The other one is null. */
  readonly entry: string | null;
  readonly program: LaunchProgram | null;
  /** The host function that computes once what needs constants alone; null where that is nothing. */
  readonly prepare: string | null;
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
 * and the lowering of all of it. With a `host`, kernels that the target does not take are for that one.
 * @throws CompileError `GR1xx` an ill-formed graph · what operators, schedules and lowering throw · `CO101` · `CO108` a kernel that no target takes;
 * the reason of an aborted signal
 */
export function lowerModel(original: Model, options: LowerModelOptions): LoweredModel {
  const diagnostics: Diagnostic[] = [];
  const { operators, schedule, host, name = "target" } = options;
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
  const sides: readonly TargetSide[] = [{ ...options, name }, ...(host === undefined ? [] : [host])];
  const kernels = new Kernels(model.graph.name, sides, { schedule, report: (each) => void diagnostics.push(each) });
  const constants = new Set(host === undefined && options.capabilities.hostCode ? constantsOf(model) : []);
  const preparations = new Preparations(kernels, constants, rootOf);
  const steps = stepsOf(groups, model, kernels, preparations, rootOf, options);
  options.onProgress?.({ stage: "memory", done: 0, total: 1 });
  options.signal?.throwIfAborted();
  const transfers = planTransfers(model.graph, rootOf);
  const needed = constantsNeeded([...steps, ...preparations.all()], transfers, rootOf, model);
  const prepared = preparations.all().flatMap(({ outputs }) => outputs);
  const layout = layOut(model.graph, steps, transfers, rootOf, needed, prepared);
  const calls = callsOf(steps, transfers, layout, kernels, rootOf, model);
  const early = preparingCalls(preparations.all(), layout, kernels, rootOf);
  const modules = sides.map((_, side) => kernels.functions(side));
  const entry = hostCodeSide(sides, modules) === null ? null : { name: kernels.name("run"), calls };
  const prepare = early.length === 0 ? null : { name: kernels.name("prepare"), calls: early };
  options.onProgress?.({ stage: "lower", done: 0, total: 1 });
  options.signal?.throwIfAborted();
  const lowered = sides.map((side, k) => {
    const programs = k === hostCodeSide(sides, modules) ? programsOf(entry, prepare, layout, model) : [];
    return lowerSide(side, [...(modules[k] ?? []), ...programs], kernels.report(), options, diagnostics);
  });
  const reports = kernels.report();
  const moved = reports.filter(({ reason }) => reason !== null);
  if (host !== undefined && moved.length > 0) diagnostics.push(movedToHost(name, host.name, reports.length, moved));
  const [first, second = null] = lowered;
  invariant(first !== undefined, "there is a target");
  return {
    ...first,
    host: second,
    entry: entry?.name ?? null,
    program: entry === null ? launchProgram(calls) : null,
    prepare: prepare?.name ?? null,
    model,
    layout,
    kernels: reports,
    diagnostics: distinct(diagnostics),
  };
}

interface HostFunction {
  readonly name: string;
  readonly calls: readonly HostCall[];
}

function programsOf(
  entry: HostFunction | null,
  prepare: HostFunction | null,
  layout: MemoryLayout,
  { graph }: Model,
): readonly PrimFunc[] {
  const none = { inputs: [], outputs: [] };
  const [early, notes] = [callerNotes(layout, null), callerNotes(layout, prepare?.name ?? null)];
  return [
    ...(prepare === null ? [] : [hostProgram(prepare.name, prepare.calls, layout, none, early)]),
    ...(entry === null ? [] : [hostProgram(entry.name, entry.calls, layout, graph, notes)]),
  ];
}

/** The only side with kernels, if its target holds host code. */
function hostCodeSide(sides: readonly TargetSide[], modules: readonly (readonly PrimFunc[])[]): number | null {
  const used = [...modules.keys()].filter((side) => (modules[side]?.length ?? 0) > 0);
  const only = used[0] ?? 0;
  return used.length < 2 && sides[only]?.capabilities.hostCode === true ? only : null;
}

function lowerSide(
  side: TargetSide,
  functions: readonly PrimFunc[],
  reports: readonly KernelReport[],
  options: LowerModelOptions,
  diagnostics: Diagnostic[],
): LoweredModule {
  const scheduled = moduleOf(functions);
  const untaken = untakenOf(reports, side);
  const { capabilities, passes, intrinsics = [] } = side;
  const lowered = blaming(side, functions, untaken, () =>
    lower(scheduled, {
      capabilities,
      passes,
      intrinsics,
      ...(options.verify === undefined ? {} : { verify: options.verify }),
      ...(options.onPass === undefined ? {} : { onPass: options.onPass }),
    }),
  );
  diagnostics.push(...lowered.diagnostics);
  return { scheduled, module: lowered.module };
}

/** The error of a kernel that a side does not take. */
export function untakenOf(
  reports: readonly KernelReport[],
  { name }: TargetSide,
): (kernel: string, obstacle: Diagnostic) => Diagnostic {
  return (kernel, obstacle) => {
    const operators = reports.find((report) => report.name === kernel)?.operators ?? [];
    return untakenKernel(kernel, operators, [name], [obstacle]);
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
  preparations: Preparations,
  rootOf: RootOf,
  { operators, onProgress, signal }: LowerModelOptions,
): readonly Step[] {
  const scalars = scalarConstants(model);
  const isConstant = (value: Value): boolean => preparations.prepares(value);
  const work = groups.filter(({ kind, outputs }) => kind !== "view" && outputs.some((output) => countOf(output) > 0));
  return work.map((group, done) => {
    onProgress?.({ stage: "schedule", done, total: work.length });
    signal?.throwIfAborted();
    const [output] = group.outputs;
    invariant(output !== undefined && group.outputs.length === 1, "a group has one output");
    const names = group.nodes.map(({ operator }) => operator.name);
    const kernel = kernels.kernel(groupKey(group, scalars, isConstant), names, () =>
      groupTensors(group, operators, scalars, isConstant),
    );
    const inputs = memoryInputs(group, scalars);
    return { ...preparations.called(kernel, inputs), output, overwrites: overwritable(inputs, kernel, rootOf) };
  });
}

/** Inputs whose memory the output may take: all that share it are read only where the output is written. */
function overwritable(inputs: readonly Value[], { overwrites }: Kernel, rootOf: RootOf): readonly Value[] {
  const kept = new Set(inputs.filter((_, position) => !overwrites.has(position)).map(rootOf));
  return inputs.filter((value) => !kept.has(rootOf(value)));
}

function constantsOf({ graph }: Model): readonly Value[] {
  return graph.constants.map(({ value }) => value);
}

/** Constants that kernels or copies read from memory. */
function constantsNeeded(
  calls: readonly { readonly inputs: readonly Value[] }[],
  { before, after }: Transfers,
  rootOf: RootOf,
  model: Model,
): ReadonlySet<Value> {
  const read = new Set<Value>([...before, ...after].map(({ from }) => from));
  for (const { inputs } of calls) for (const input of inputs) read.add(rootOf(input));
  return new Set(constantsOf(model).filter((value) => read.has(value)));
}

/** The calls that prepare constants. */
function preparingCalls(
  preparations: readonly Preparation[],
  { locations }: MemoryLayout,
  kernels: Kernels,
  rootOf: RootOf,
): readonly HostCall[] {
  return preparations.map(({ kernel, inputs, outputs }) => ({
    kernel: kernels.functionFor(kernel, []),
    arguments: [...inputs, ...outputs].map((value) => locationOf(value, locations, rootOf)),
  }));
}

function locationOf(value: Value, locations: MemoryLayout["locations"], rootOf: RootOf): Location {
  const location = locations.get(rootOf(value));
  invariant(location !== undefined, `\`${value.name}\` has no memory`);
  return location;
}

/** The calls of the program: first copies, the kernels, last copies. */
function callsOf(
  steps: readonly Step[],
  transfers: Transfers,
  layout: MemoryLayout,
  kernels: Kernels,
  rootOf: RootOf,
  { graph }: Model,
): readonly HostCall[] {
  const sideOf = sidesOf(steps, rootOf);
  const at = (value: Value): Location => locationOf(value, layout.locations, rootOf);
  const copy = ({ from, to }: Copy, source: Location): HostCall => {
    const count = countOf(from);
    const goal = to.kind === "state" ? graph.states[to.position]?.value : undefined;
    const kernel = kernels.kernel(`copy ${from.dtype}[${count}]`, ["copy"], () => copyTensors(from.dtype, count), {
      side: sideOf(from) ?? (goal && sideOf(goal)) ?? 0,
      reason: "what it copies is there",
    });
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

/** Where the data of values is: with the kernel that makes it, else with the first that reads it. */
function sidesOf(steps: readonly Step[], rootOf: RootOf): (value: Value) => number | undefined {
  const sides = new Map<Value, number>();
  for (const { inputs, output, kernel } of steps) {
    for (const input of inputs.map(rootOf)) if (!sides.has(input)) sides.set(input, kernel.side);
    sides.set(output, kernel.side);
  }
  return (value) => sides.get(rootOf(value));
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
