import type { Capabilities, PlacedPass, ScheduleRule } from "@tilewright/backend";
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
import { bytesOf, type IRModule, type PrimFunc, type Tensor, type Value } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import type { Model, Operators } from "@tilewright/ops";
import { checkBlobs, evaluateModel } from "./evaluate-model.js";
import { copyTensors, countOf, type GroupTensors, groupTensors, scalarConstants } from "./group-tensors.js";
import { type HostCall, hostProgram } from "./host-program.js";
import { type KernelStep, type Location, layOut, type MemoryLayout } from "./memory.js";
import { cName, uniqueNames } from "./names.js";
import {
  mayOverwrite,
  type ScheduleChoice,
  type ScheduleContext,
  type Scheduled,
  scheduleKernel,
  withAliases,
} from "./schedule-kernel.js";
import { type Copy, planTransfers, type RootOf, rootsOf, type Transfers } from "./storage.js";

export interface LowerModelOptions {
  readonly capabilities: Capabilities;
  readonly operators: Operators;
  readonly schedule: ScheduleChoice;
  /** Asked before the default rules. */
  readonly rules: readonly ScheduleRule[];
  /** Passes of the backend. */
  readonly passes: readonly PlacedPass[];
  readonly graphPasses?: readonly GraphPass[];
  readonly verify?: boolean;
  readonly onGraphPass?: OnGraphPass;
  readonly onPass?: (name: string, module: IRModule, changed: boolean) => void;
  readonly onProgress?: (progress: Progress) => void;
}

/** What is being done; `done` of `total` kernels are scheduled. */
export interface Progress {
  readonly stage: "graph" | "schedule" | "memory" | "lower" | "backend" | "toolchain";
  readonly done: number;
  readonly total: number;
}

/** A kernel of the program, for reports. */
export interface KernelReport {
  readonly name: string;
  /** The rule of its schedule; `none` when it runs as written. */
  readonly rule: string;
  /** Operators that it computes, in order. */
  readonly operators: readonly string[];
  /** How often the program calls it. */
  readonly calls: number;
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

/** What a kernel is made from; group inputs and those of copies alike. */
interface KernelTensors {
  readonly key: string;
  readonly inputs: readonly { readonly tensor: Tensor }[];
  readonly outputs: readonly Tensor[];
}

interface Step extends KernelStep {
  readonly tensors: GroupTensors;
  readonly kernel: Kernel;
}

interface Kernel {
  readonly name: string;
  readonly key: string;
  readonly scheduled: Scheduled;
  readonly operators: readonly string[];
}

/**
 * The pure part of compiling a model: graph passes, fusion, a kernel for each different group, memory for every value, the host program,
 * and the lowering of all of it.
 * @throws CompileError `GR1xx` an ill-formed graph · what operators, schedules and lowering throw · `CO101`
 */
export function lowerModel(original: Model, options: LowerModelOptions): LoweredModel {
  const diagnostics: Diagnostic[] = [];
  const { operators, capabilities } = options;
  checkGraph(original.graph, operators);
  checkBlobs(original);
  options.onProgress?.({ stage: "graph", done: 0, total: 1 });
  const model = runGraphPasses(
    original,
    options.graphPasses ?? graphPasses,
    { operators, evaluate: folder(operators) },
    options.onGraphPass,
  );
  const groups = fuse(model.graph, { operators });
  const rootOf = rootsOf(groups);
  const context: ScheduleContext = {
    capabilities,
    rules: options.rules,
    schedule: options.schedule,
    report: (each) => void diagnostics.push(each),
  };
  const program = new ProgramDraft(model, context);
  const steps = stepsOf(groups, model, program, rootOf, options);
  options.onProgress?.({ stage: "memory", done: 0, total: 1 });
  const transfers = planTransfers(model.graph, rootOf);
  const needed = constantsNeeded(steps, transfers, rootOf, model);
  const layout = layOut(model.graph, steps, transfers, rootOf, needed);
  const calls = program.calls(steps, transfers, layout, rootOf);
  const entry = program.name("run");
  const host = hostProgram(entry, model.graph, calls, {
    arenaBytes: layout.plan.arenaBytes,
    weightsBytes: layout.weightsBytes,
    stateBytes: layout.stateBytes,
  });
  const scheduled: IRModule = {
    kind: "IRModule",
    span: NO_SPAN,
    functions: [...program.functions.values(), host],
    attributes: {},
  };
  options.onProgress?.({ stage: "lower", done: 0, total: 1 });
  const lowered = lower(scheduled, {
    capabilities,
    passes: options.passes,
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
    kernels: program.report(),
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
  program: ProgramDraft,
  rootOf: RootOf,
  options: LowerModelOptions,
): readonly Step[] {
  const scalars = scalarConstants(model);
  const steps: Step[] = [];
  const work = groups.filter(({ kind, outputs }) => kind !== "view" && outputs.some((output) => countOf(output) > 0));
  for (const [done, group] of work.entries()) {
    options.onProgress?.({ stage: "schedule", done, total: work.length });
    const tensors = groupTensors(group, options.operators, scalars);
    const [output] = group.outputs;
    const [made] = tensors.outputs;
    invariant(output !== undefined && made !== undefined && group.outputs.length === 1, "a group has one output");
    const kernel = program.kernel(
      tensors,
      group.nodes.map(({ operator }) => operator.name),
    );
    const overwrites = overwritable(tensors, made, kernel.scheduled, rootOf);
    steps.push({ inputs: tensors.inputs.map(({ value }) => value), output, overwrites, tensors, kernel });
  }
  return steps;
}

/** Inputs whose memory the output may take: all that share it are read only where the output is written. */
function overwritable(
  { inputs }: GroupTensors,
  output: Tensor,
  scheduled: Scheduled,
  rootOf: RootOf,
): readonly Value[] {
  const kept = new Set<Value>();
  for (const { value, tensor } of inputs) if (!mayOverwrite(output, tensor, scheduled)) kept.add(rootOf(value));
  return inputs.map(({ value }) => value).filter((value) => !kept.has(rootOf(value)));
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

/** Collects kernels: groups that are equal share one, made once for each pattern of memory that it overwrites. */
class ProgramDraft {
  readonly functions = new Map<string, PrimFunc>();
  private readonly kernels = new Map<string, Kernel>();
  private readonly made = new Map<string, { readonly name: string; readonly kernel: Kernel; calls: number }>();
  private readonly unique: (name: string) => string;
  private readonly prefix: string;
  private readonly context: ScheduleContext;

  constructor({ graph }: Model, context: ScheduleContext) {
    this.prefix = cName(graph.name);
    this.unique = uniqueNames();
    this.context = context;
  }

  name(base: string): string {
    return this.unique(`${this.prefix}_${cName(base)}`);
  }

  /** The kernel of a group, by its key. */
  kernel({ key, inputs, outputs }: KernelTensors, operators: readonly string[]): Kernel {
    const before = this.kernels.get(key);
    if (before !== undefined) return before;
    const name = operators.slice(0, 4).join("_").toLowerCase();
    const scheduled = scheduleKernel(name, outputs, [...inputs.map(({ tensor }) => tensor), ...outputs], this.context);
    const kernel: Kernel = { name, key, scheduled, operators };
    this.kernels.set(key, kernel);
    return kernel;
  }

  /** The name of the kernel's function for the positions of the parameters that it overwrites. */
  private functionFor(kernel: Kernel, overwritten: readonly number[]): string {
    const key = `${kernel.key} over ${overwritten.join(",")}`;
    const before = this.made.get(key);
    if (before !== undefined) {
      before.calls++;
      return before.name;
    }
    const name = this.name(kernel.name);
    this.functions.set(name, withAliases(kernel.scheduled, name, overwritten));
    this.made.set(key, { name, kernel, calls: 1 });
    return name;
  }

  /** The calls of the program, copies around the kernels included. */
  calls(steps: readonly Step[], transfers: Transfers, layout: MemoryLayout, rootOf: RootOf): readonly HostCall[] {
    const at = (value: Value): Location => {
      const location = layout.locations.get(rootOf(value));
      invariant(location !== undefined, `\`${value.name}\` has no memory`);
      return location;
    };
    const kernels = steps.map(({ tensors, kernel, output }, step): HostCall => {
      const over = layout.overwritten[step] ?? [];
      const positions = tensors.inputs.flatMap(({ value }, position) => (over.includes(value) ? [position] : []));
      const callee = this.functionFor(kernel, positions);
      return { kernel: callee, arguments: [...tensors.inputs.map(({ value }) => at(value)), at(output)] };
    });
    const copies = (list: readonly Copy[], late: boolean): readonly HostCall[] =>
      list
        .filter(({ from }) => countOf(from) > 0)
        .map((copy) =>
          this.copy(copy, layout, late ? (layout.savedLocations.get(copy.from) ?? at(copy.from)) : at(copy.from)),
        );
    return [...copies(transfers.before, false), ...kernels, ...copies(layout.after, true)];
  }

  private copy({ from, to }: Copy, layout: MemoryLayout, source: Location): HostCall {
    const kernel = this.kernel(copyTensors(from.dtype, countOf(from)), ["copy"]);
    const callee = this.functionFor(kernel, []);
    return { kernel: callee, arguments: [source, destination(from, to, layout)] };
  }

  report(): readonly KernelReport[] {
    return [...this.made.values()].map(({ name, kernel, calls }) => ({
      name,
      rule: kernel.scheduled.rule,
      operators: kernel.operators,
      calls,
    }));
  }
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
