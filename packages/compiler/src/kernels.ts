import type { PrimFunc } from "@tilewright/ir";
import type { KernelTensors } from "./group-tensors.js";
import { cName, uniqueNames } from "./names.js";
import { mayOverwrite, type ScheduleContext, type Scheduled, scheduleKernel, withAliases } from "./schedule-kernel.js";

/** A scheduled group, before it is known which memory it overwrites. */
export interface Kernel {
  readonly name: string;
  readonly key: string;
  readonly scheduled: Scheduled;
  readonly operators: readonly string[];
  /** Positions of inputs whose memory the output may take. */
  readonly overwrites: ReadonlySet<number>;
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

/** Collects kernels: groups that are equal share one, made once for each pattern of memory that it overwrites. */
export class Kernels {
  readonly functions = new Map<string, PrimFunc>();
  private readonly byKey = new Map<string, Kernel>();
  private readonly made = new Map<string, { readonly name: string; readonly kernel: Kernel; calls: number }>();
  private readonly unique = uniqueNames();
  private readonly prefix: string;
  private readonly context: ScheduleContext;

  constructor(graph: string, context: ScheduleContext) {
    this.prefix = cName(graph);
    this.context = context;
  }

  /** A name that no other function has, with the graph's name in front. */
  name(base: string): string {
    return this.unique(`${this.prefix}_${cName(base)}`);
  }

  /** The kernel for a key; `tensors` is asked when it is the first. */
  kernel(key: string, operators: readonly string[], tensors: () => KernelTensors): Kernel {
    const before = this.byKey.get(key);
    if (before !== undefined) return before;
    const { inputs, output } = tensors();
    const name = operators.slice(0, 4).join("_").toLowerCase();
    const scheduled = scheduleKernel(name, [output], [...inputs, output], this.context);
    const positions = inputs.flatMap((input, position) => (mayOverwrite(output, input, scheduled) ? [position] : []));
    const kernel: Kernel = { name, key, scheduled, operators, overwrites: new Set(positions) };
    this.byKey.set(key, kernel);
    return kernel;
  }

  /** The name of the kernel's function for the positions of the parameters that it overwrites. */
  functionFor(kernel: Kernel, overwritten: readonly number[]): string {
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

  report(): readonly KernelReport[] {
    return [...this.made.values()].map(({ name, kernel, calls }) => {
      const { scheduled, operators } = kernel;
      return { name, rule: scheduled.rule, operators, calls };
    });
  }
}
