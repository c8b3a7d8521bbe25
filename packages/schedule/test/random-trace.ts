import { isCompileError } from "@tilewright/diagnostics";
import { type Expr, type IterVar, type Tensor, visit } from "@tilewright/ir";
import {
  annotate, axesOf, bind, blockize, cacheRead, cacheWrite, computeAt, computeInline, computeRoot, createSchedule, decomposePadding, decomposeReduction, doubleBuffer, fuse, type LayoutDimensionOptions, pad, parallel, reindex, reorder, reverseComputeAt, reverseComputeInline, rfactor, rollingBuffer, type Schedule, type StorePredicate, sampleCategorical, sampleComputeLocation, samplePerfectTile, setScope, softwarePipeline, split, storageAlign, storePredicate,
  type TailStrategy, tensorize, tile, transformLayout, unroll, vectorize,
} from "@tilewright/schedule"; // biome-ignore format: a list
import { intrinsicOfNest } from "./nest-intrinsic.js";

/** A choice among `count` things; fast-check's integers, so that a failing sequence shrinks. */
export class Choices {
  private readonly numbers: readonly number[];
  private next = 0;

  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }

  get exhausted(): boolean {
    return this.next >= this.numbers.length;
  }

  below(count: number): number {
    const number = this.numbers[this.next++] ?? 0;
    return count <= 0 ? 0 : number % count;
  }

  of<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }
}

const TAILS: readonly TailStrategy[] = ["guard", "guard", "shift", "roundUp", "exact"];

/** Applies random primitives with random arguments; those that the schedule refuses with a diagnostic are counted and skipped. */
export function randomSchedule(
  outputs: readonly Tensor[],
  choices: Choices,
  { threads = true } = {},
): { schedule: Schedule; refused: number; applied: number } {
  const schedule = createSchedule(outputs);
  let [refused, applied] = [0, 0];
  while (!choices.exhausted) {
    try {
      randomPrimitive(schedule, choices, threads);
      applied++;
    } catch (error) {
      if (!isCompileError(error)) throw error;
      refused++;
    }
  }
  return { schedule, refused, applied };
}

function randomPrimitive(schedule: Schedule, choices: Choices, threads: boolean): void {
  const stages = schedule.stages.map(({ name }) => name);
  const stage = choices.of(stages) as string;
  const axes = axesOf(schedule, stage);
  const axis = (): IterVar | string => choices.of(axes) ?? "none";
  const choose = (weights: readonly number[]): number => choices.below(weights.length);
  const actions: readonly (() => unknown)[] = [
    () => split(schedule, stage, axis(), { factor: 1 + choices.below(6), tail: choices.of(TAILS) as TailStrategy }),
    () => split(schedule, stage, axis(), { parts: 1 + choices.below(4) }),
    () => split(schedule, stage, axis(), { factor: 1 + choices.below(4) }),
    () => tile(schedule, stage, axis(), axis(), { factors: [1 + choices.below(3), 1 + choices.below(4)] }),
    () => {
      const at = choices.below(Math.max(1, axes.length - 1));
      return fuse(schedule, stage, axes[at] ?? "none", axes[at + 1] ?? "none");
    },
    () => reorder(schedule, stage, [axis(), axis()]),
    () => vectorize(schedule, stage, axis()),
    () => unroll(schedule, stage, axis()),
    () => decomposeReduction(schedule, stage, axis()),
    () => blockize(schedule, stage, axis()),
    () => randomTensorize(schedule, stage, axis(), choices),
    () => rfactor(schedule, stage, axis(), { position: choices.below(2) }),
    () => reverseComputeAt(schedule, choices.of(readersOf(schedule, stage)) ?? stage, stage, axis()),
    () => reverseComputeInline(schedule, stage),
    () => {
      const [first, last] = [axes[choices.below(2)]?.name ?? "i", axes.at(-1)?.name ?? "k"];
      return pad(schedule, stage, { [first]: 1 + choices.below(5), [last]: 1 + choices.below(4) });
    },
    () => decomposePadding(schedule, stage, axis()),
    () => reindex(schedule, stage, choices.of(readersOf(schedule, stage)) ?? stage, { read: choices.below(2) }),
    () => parallel(schedule, stage, axis()),
    () => (threads ? bind(schedule, stage, axis(), "blockIdx.x") : parallel(schedule, stage, axis())),
    () => randomComputeAt(schedule, stage, choices),
    () => randomComputeAt(schedule, stage, choices),
    () => doubleBuffer(schedule, stage),
    () => rollingBuffer(schedule, stage, choices.of([undefined, 0, 1] as const)),
    () => {
      randomComputeAt(schedule, stage, choices);
      return rollingBuffer(schedule, stage);
    },
    () => randomPipeline(schedule, stage, choices),
    () => computeInline(schedule, stage),
    () => computeRoot(schedule, stage),
    () => cacheRead(schedule, stage, choices.of(["global", "local"] as const) ?? "global"),
    () => cacheWrite(schedule, stage, choices.of(["global", "local"] as const) ?? "global"),
    () => {
      const first = choices.below(Math.max(1, axes.length - 1));
      return cacheWrite(schedule, stage, "global", { flatten: axes.slice(first, first + 2 + choices.below(2)) });
    },
    () => {
      const [dimension, divisor] = [choices.below(Math.max(1, axes.length)), 2 + choices.below(3)];
      const others = axes.flatMap((_, other) => (other === dimension ? [] : [{ dimension: other }]));
      const parts = [{ dimension, modulus: divisor }, ...others, { dimension, divisor }];
      return cacheWrite(schedule, stage, "global", { layout: choices.below(2) === 0 ? parts : parts.reverse() });
    },
    () => randomLayout(schedule, stage, choices),
    () => {
      const factor = 1 + choices.below(9);
      return storageAlign(schedule, stage, choices.below(3), { factor, offset: choices.below(factor) });
    },
    () => annotate(schedule, stage, axis(), { partition: choices.below(4) === 0 ? "auto" : "never" }),
    () => {
      const loop = axis();
      const sizes = samplePerfectTile(schedule, stage, loop, { parts: 2, maxInnermost: 8 }, choose);
      return split(schedule, stage, loop, { factor: sizes[1] ?? 1, tail: choices.of(TAILS) as TailStrategy });
    },
    () => {
      const factor = sampleCategorical(schedule, stage, [1, 2, 3], {}, choose);
      return split(schedule, stage, axis(), { factor });
    },
    () => sampleComputeLocation(schedule, stage, choose),
    () => {
      const conditions: readonly StorePredicate[] = [
        { op: "le", left: { axis: 1 }, right: { axis: 0 } },
        { op: "le", left: { axis: 1 }, right: { axis: 0 } },
        {
          op: "and",
          left: { op: "le", left: { axis: 1 }, right: { axis: 0 } },
          right: { op: "ge", left: { axis: 0 }, right: 0 },
        },
        { op: "lt", left: { axis: 0 }, right: choices.below(13) },
        true,
      ];
      return storePredicate(schedule, stage, choices.of(conditions) ?? true);
    },
    () => setScope(schedule, stage, choices.of(["global", "shared", "local"] as const) ?? "global"),
  ];
  actions[choices.below(actions.length)]?.();
}

function readersOf(schedule: Schedule, producer: string): readonly string[] {
  const made = schedule.stages.find(({ name }) => name === producer)?.tensors ?? [];
  const reads = (bodies: readonly Expr[]): boolean => {
    const read = new Set<Tensor>();
    for (const body of bodies) visit(body, { Read: ({ tensor }) => void read.add(tensor) });
    return made.some((tensor) => read.has(tensor));
  };
  return schedule.stages.filter((stage) => reads(stage.bodies)).map(({ name }) => name);
}

function randomComputeAt(schedule: Schedule, producer: string, choices: Choices): void {
  const readers = readersOf(schedule, producer);
  const consumer = choices.of(choices.below(4) === 0 ? schedule.stages.map(({ name }) => name) : readers) ?? producer;
  computeAt(schedule, producer, consumer, choices.of(axesOf(schedule, consumer)) ?? "none");
}

/** Replaces a nest by an intrinsic that is that nest, perhaps with two of its loops swapped. */
function randomTensorize(schedule: Schedule, stage: string, axis: IterVar | string, choices: Choices): void {
  const name = typeof axis === "string" ? axis : axis.name;
  const intrinsic = intrinsicOfNest(schedule, stage, name, choices.below(2) === 0);
  if (intrinsic !== null) tensorize(schedule, stage, axis, intrinsic);
}

/** Pipelines a loop in which something is computed, mostly so that nothing is read too early. */
function randomPipeline(schedule: Schedule, name: string, choices: Choices): void {
  const places = schedule.stages.flatMap(({ attachment }) => (attachment.kind === "at" ? [attachment] : []));
  const { stage: owner, axis } = choices.of(places) ?? { stage: { name }, axis: "none" };
  const inside = schedule.stages.filter(
    ({ attachment }) => attachment.kind === "at" && attachment.stage === owner && attachment.axis === axis,
  );
  const names = [...inside.map((stage) => stage.name), owner.name];
  const stages: Record<string, number> = {};
  let number = 0;
  for (const each of names) {
    number += choices.below(3);
    stages[each] = choices.below(9) === 0 ? 0 : number;
  }
  softwarePipeline(schedule, owner.name, axis, {
    stages,
    order: choices.below(3) === 0 ? [...names].reverse() : names,
  });
}

function randomLayout(schedule: Schedule, stage: string, choices: Choices): void {
  const rank = schedule.stages.find(({ name }) => name === stage)?.axes.length ?? 0;
  const dimension = choices.below(Math.max(1, rank));
  const factor = 2 + choices.below(4);
  const others = Array.from({ length: rank }, (_, other) => other).filter((other) => other !== dimension);
  const whole = others.map((other) => ({ dimension: other }));
  const [outer, inner] = [
    { dimension, divisor: factor },
    { dimension, modulus: factor },
  ];
  const fused = { digits: [...whole, { dimension }] };
  const layouts: readonly (readonly LayoutDimensionOptions[])[] = [
    [outer, ...whole, inner],
    [outer, ...whole, inner],
    [{ digits: [outer, ...whole] }, inner],
    [{ digits: [inner, outer], offset: 1 }, ...whole],
    [fused],
    [
      { dimension: fused, modulus: factor },
      { dimension: fused, divisor: factor },
    ],
  ];
  const padValue = choices.below(3) === 0 ? { padValue: 7 } : {};
  transformLayout(schedule, stage, choices.of(layouts) ?? [], padValue);
}
