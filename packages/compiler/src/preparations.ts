import type { Buffer, Value } from "@tilewright/ir";
import type { Kernel, Kernels, PreparedKernel } from "./kernels.js";
import type { RootOf } from "./storage.js";

/** A call at load: what a kernel computes from constants, in the order of its parameters. */
export interface Preparation {
  readonly kernel: Kernel;
  /** Constants. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** A kernel as the program calls it, and the values that it reads. */
export interface CalledKernel {
  readonly kernel: Kernel;
  readonly inputs: readonly Value[];
}

/** Collects what is computed from constants once, at load: the same from the same constants once. */
export class Preparations {
  private readonly made = new Map<string, Preparation>();
  private readonly numbers = new Map<Value, number>();
  private readonly kernels: Kernels;
  private readonly constants: ReadonlySet<Value>;
  private readonly rootOf: RootOf;

  constructor(kernels: Kernels, constants: ReadonlySet<Value>, rootOf: RootOf) {
    this.kernels = kernels;
    this.constants = constants;
    this.rootOf = rootOf;
  }

  /** True for a constant of a target that prepares them. */
  prepares(value: Value): boolean {
    return this.constants.has(this.rootOf(value));
  }

  /** The kernel without what is computed from constants alone. */
  called(kernel: Kernel, inputs: readonly Value[]): CalledKernel {
    const positions = [...inputs.keys()].filter((k) => this.prepares(inputs[k] as Value));
    const split = positions.length === 0 ? null : this.kernels.prepared(kernel, positions);
    if (split === null) return { kernel, inputs };
    const at = (k: number): Value => inputs[k] as Value;
    return { kernel: split.run, inputs: [...split.kept.map(at), ...this.prepared(split, split.constants.map(at))] };
  }

  private prepared({ prepare, prepared }: PreparedKernel, constants: readonly Value[]): readonly Value[] {
    const key = `${prepare.key} of ${constants.map((value) => this.numberOf(this.rootOf(value))).join(",")}`;
    const before = this.made.get(key);
    if (before !== undefined) return before.outputs;
    const outputs = prepared.map(valueFor);
    this.made.set(key, { kernel: prepare, inputs: constants, outputs });
    return outputs;
  }

  private numberOf(value: Value): number {
    const number = this.numbers.get(value) ?? this.numbers.size;
    this.numbers.set(value, number);
    return number;
  }

  /** All of them, in the order in which they were needed. */
  all(): readonly Preparation[] {
    return [...this.made.values()];
  }
}

function valueFor({ name, dtype, shape, span }: Buffer): Value {
  return { kind: "Value", span, name, dtype, shape: shape.filter((extent) => extent.kind === "Const") };
}
