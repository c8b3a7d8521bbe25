import { CompileError, type Diagnostic } from "@tilewright/diagnostics";
import type { Buffer, PrimFunc } from "@tilewright/ir";
import { untakenKernel } from "./errors.js";
import type { KernelTensors } from "./group-tensors.js";
import { cName, uniqueNames } from "./names.js";
import { mayOverwrite, type ScheduleChoice, type Scheduled, scheduleKernel, withAliases } from "./schedule-kernel.js";
import { type SplitKernel, splitPreparation } from "./split-preparation.js";
import { obstacleTo, type TargetSide } from "./target-side.js";

/** A scheduled group, before it is known which memory it overwrites. */
export interface Kernel {
  readonly name: string;
  readonly key: string;
  readonly scheduled: Scheduled;
  readonly operators: readonly string[];
  /** Positions of inputs whose memory the output may take. */
  readonly overwrites: ReadonlySet<number>;
  /** The target that it is for, by its position. */
  readonly side: number;
  /** Why it is not for the first one. */
  readonly reason: string | null;
}

/** A kernel whose constants are prepared once. */
export interface PreparedKernel {
  /** Parameters: inputs by their positions in `kept`, what is prepared, the output. */
  readonly run: Kernel;
  readonly kept: readonly number[];
  /** Parameters: constants by their positions in `constants`, what it prepares. */
  readonly prepare: Kernel;
  readonly constants: readonly number[];
  readonly prepared: readonly Buffer[];
}

/** A kernel of the program, for reports. */
export interface KernelReport {
  readonly name: string;
  /** The rule of its schedule; `none` when it runs as written. */
  readonly rule: string;
  /** Operators that it computes, in order. */
  readonly operators: readonly string[];
  /** How often the program calls it: in every run, or, for what prepares constants, once at load. */
  readonly calls: number;
  /** Name of the backend whose module holds it. */
  readonly target: string;
  /** Why it runs on the host; null on the target. */
  readonly reason: string | null;
}

interface Made {
  readonly func: PrimFunc;
  readonly kernel: Kernel;
  calls: number;
}

/** A kernel on one side, with the warnings of its schedule. */
interface Trial {
  readonly scheduled: Scheduled;
  readonly warnings: readonly Diagnostic[];
}

export interface KernelsOptions {
  readonly schedule: ScheduleChoice;
  report(diagnostic: Diagnostic): void;
}

/**
 * Collects kernels: groups that are equal share one, made once for each pattern of memory that it overwrites. Of several sides a kernel is for the
 * first that takes it.
 */
export class Kernels {
  private readonly byKey = new Map<string, Kernel>();
  private readonly byConstants = new Map<string, PreparedKernel | null>();
  private readonly made = new Map<string, Made>();
  private readonly unique = uniqueNames();
  private readonly prefix: string;
  private readonly sides: readonly TargetSide[];
  private readonly options: KernelsOptions;

  constructor(graph: string, sides: readonly TargetSide[], options: KernelsOptions) {
    this.prefix = cName(graph);
    this.sides = sides;
    this.options = options;
  }

  /** A name that no other function has, with the graph's name in front. */
  name(base: string): string {
    return this.unique(`${this.prefix}_${cName(base)}`);
  }

  /** The kernel for a key; `tensors` is asked when it is the first. `preferred`: the side that is asked first, and why. */
  kernel(
    key: string,
    operators: readonly string[],
    tensors: () => KernelTensors,
    preferred: { readonly side: number; readonly reason: string | null } = { side: 0, reason: null },
  ): Kernel {
    const full = preferred.side === 0 ? key : `${key} on ${preferred.side}`;
    const before = this.byKey.get(full);
    if (before !== undefined) return before;
    const given = tensors();
    const { inputs, output } = given;
    const name = operators.slice(0, 4).join("_").toLowerCase();
    const { trial, ...where } = this.place(name, operators, given, preferred);
    const { scheduled } = trial;
    trial.warnings.forEach(this.options.report);
    const positions = inputs.flatMap((input, position) => (mayOverwrite(output, input, scheduled) ? [position] : []));
    const kernel: Kernel = { name, key: full, scheduled, operators, overwrites: new Set(positions), ...where };
    this.byKey.set(full, kernel);
    return kernel;
  }

  /** The first side that takes the kernel. @throws CompileError `CO108` there is none */
  private place(
    name: string,
    operators: readonly string[],
    tensors: KernelTensors,
    preferred: { readonly side: number; readonly reason: string | null },
  ): { readonly trial: Trial; readonly side: number; readonly reason: string | null } {
    const order = [preferred.side, ...this.sides.keys()].filter((side, k, all) => all.indexOf(side) === k);
    const obstacles: Diagnostic[] = [];
    for (const side of order) {
      const at = this.sides[side] as TargetSide;
      const trial = this.schedule(name, tensors, at);
      // One side alone is not asked here: what it refuses is an error later.
      const obstacle = order.length === 1 ? null : obstacleTo(withAliases(trial.scheduled, cName(name), []), at);
      if (obstacle === null) {
        const reason = side === 0 ? null : (obstacles[0]?.message ?? preferred.reason);
        return { trial, side, reason };
      }
      obstacles.push(obstacle);
    }
    const targets = order.map((side) => this.sides[side]?.name ?? "");
    throw new CompileError(untakenKernel(name, operators, targets, obstacles), ...obstacles);
  }

  private schedule(
    name: string,
    { inputs, output, constants }: KernelTensors,
    { capabilities, rules, intrinsics = [] }: TargetSide,
  ): Trial {
    const warnings: Diagnostic[] = [];
    const report = (each: Diagnostic): void => void warnings.push(each);
    const context = { capabilities, rules, intrinsics, constants, schedule: this.options.schedule, report };
    return { scheduled: scheduleKernel(name, [output], [...inputs, output], context), warnings };
  }

  /** The kernel with what it computes from constants, inputs by their positions, apart; null when that is nothing. */
  prepared(kernel: Kernel, constants: readonly number[]): PreparedKernel | null {
    const key = `${kernel.key} with constants ${constants.join(",")}`;
    const before = this.byConstants.get(key);
    if (before !== undefined) return before;
    const split = splitPreparation(kernel.scheduled.func, new Set(buffersAt(kernel.scheduled.func, constants)));
    const made = split === null ? null : preparedKernel(kernel, key, split);
    this.byConstants.set(key, made);
    return made;
  }

  /** The name of the kernel's function for the positions of the parameters that it overwrites. */
  functionFor(kernel: Kernel, overwritten: readonly number[]): string {
    const key = `${kernel.key} over ${overwritten.join(",")}`;
    const before = this.made.get(key);
    if (before !== undefined) {
      before.calls++;
      return before.func.name;
    }
    const name = this.name(kernel.name);
    this.made.set(key, { func: withAliases(kernel.scheduled, name, overwritten), kernel, calls: 1 });
    return name;
  }

  /** The functions for a side, in the order in which they were asked for. */
  functions(side: number): readonly PrimFunc[] {
    return [...this.made.values()].filter(({ kernel }) => kernel.side === side).map(({ func }) => func);
  }

  report(): readonly KernelReport[] {
    return [...this.made.values()].map(({ func, kernel, calls }) => {
      const { scheduled, operators, side, reason } = kernel;
      return { name: func.name, rule: scheduled.rule, operators, calls, target: this.sides[side]?.name ?? "", reason };
    });
  }
}

function buffersAt({ parameters }: PrimFunc, positions: readonly number[]): readonly Buffer[] {
  return positions.map((position) => parameters[position]).filter((parameter) => parameter?.kind === "Buffer");
}

function preparedKernel(kernel: Kernel, key: string, { prepare, run, prepared }: SplitKernel): PreparedKernel {
  const { scheduled } = kernel;
  const positions = (func: PrimFunc): readonly number[] =>
    func.parameters.map((each) => scheduled.func.parameters.indexOf(each)).filter((at) => at >= 0);
  return {
    run: { ...kernel, key, scheduled: { ...scheduled, func: run } },
    kept: positions(run).slice(0, -1),
    prepare: {
      ...kernel,
      name: `${kernel.name}_prepare`,
      key: `${key}, prepared`,
      scheduled: { ...scheduled, func: prepare },
    },
    constants: positions(prepare),
    prepared,
  };
}
