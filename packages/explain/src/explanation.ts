import type { Diagnostic } from "@tilewright/diagnostics";
import type { LoopKind } from "@tilewright/ir";
import type { Machine } from "./machine.js";
import type { Vectorization } from "./vectorization.js";
import type { Work } from "./work.js";

/** What a schedule does on a machine. Plain data: it survives JSON. */
export interface Explanation {
  /** Name of the function. */
  readonly name: string;
  readonly machine: Machine;
  /** Threads that parallel loops were counted with. */
  readonly threads: number;
  /** In the order in which they begin to run; inlined stages and placeholders have no loops and do not appear. */
  readonly stages: readonly StageExplanation[];
  readonly total: Totals;
  /** What is legal but slow. Severity `warning`, codes EXP001 to EXP011. */
  readonly warnings: readonly Diagnostic[];
  /** What was counted conservatively, and why. */
  readonly notes: readonly string[];
}

export interface Totals {
  readonly work: Work;
  /** All operations on data: flops, integer operations, divisions and functions, each counted once. */
  readonly operations: number;
  readonly traffic: readonly LevelTraffic[];
  readonly bound: Bound;
}

export interface StageExplanation extends Totals {
  readonly name: string;
  /** Shape and type of what it stores. */
  readonly type: string;
  /** Where it is computed: `at the root`, or in which loop of which stage. */
  readonly place: string;
  /** Times that its nest runs. */
  readonly executions: number;
  readonly nest: readonly NestLine[];
  /** How much of the loops fits in which cache, smallest cache first. */
  readonly workingSets: readonly WorkingSet[];
  readonly vectorization: Vectorization;
  readonly computed: Computed;
}

/** One line of a stage's nest. */
export interface NestLine {
  readonly depth: number;
  readonly kind: "loop" | "guard" | "statement" | "stage";
  /** The loop as `i in 0..4`, a condition, or what is done. */
  readonly text: string;
  /** Null for lines that are no loops. */
  readonly loop: {
    readonly name: string;
    readonly extent: number;
    readonly loopKind: LoopKind;
    readonly isOwn: boolean;
  } | null;
  /** Distinct bytes that one iteration touches on one core, and the smallest cache that holds them; null: none does. */
  readonly workingSet: { readonly bytes: number; readonly cache: string | null } | null;
}

/** Stands for a loop where all loops around a stage fit. */
export const WHOLE_NEST = "whole nest";

/** The outermost loop of which one iteration fits in a cache. */
export interface WorkingSet {
  readonly cache: string;
  readonly cacheBytes: number;
  /** `whole nest` when everything in the loops around the stage fits; null when not even the innermost iteration does. */
  readonly loop: string | null;
  readonly bytes: number;
}

/** Bytes that one level of the hierarchy serves: to registers (the first cache), or to the cache before it. */
export interface LevelTraffic {
  /** `L1`, `L2`, …, `memory`. */
  readonly level: string;
  /** While the whole function runs, on all cores. */
  readonly read: number;
  readonly written: number;
  /** Operations for each byte; null without traffic. */
  readonly intensity: number | null;
  readonly buffers: readonly { readonly buffer: string; readonly read: number; readonly written: number }[];
}

/** The roofs over a stage (Williams, Waterman and Patterson, 2009). The highest time is predicted: a lower bound of the real one. */
export interface Bound {
  readonly kind: "compute" | "memory";
  /** The level that holds it up: `compute`, `L1`, …, `memory`. */
  readonly limit: string;
  readonly seconds: number;
  /** Time at each roof, compute first. */
  readonly roofs: readonly { readonly limit: string; readonly seconds: number }[];
  readonly operationsPerSecond: number;
  /** Of the peak of all cores of the machine. */
  readonly shareOfPeak: number;
}

/** How much a stage computes, against how much it has to. */
export interface Computed {
  /** Elements of the folded domain that are computed: each output element counts once for each element folded into it. */
  readonly points: number;
  /** Distinct ones. */
  readonly needed: number;
  /** points / needed: above 1, some are computed more than once, or nobody needs them. */
  readonly factor: number;
}
