import { isCompileError } from "@tilewright/diagnostics";
import type { Scope, ThreadTag, TraceRecord } from "@tilewright/ir";
import { annotate } from "./annotate.js";
import type { Arguments } from "./arguments.js";
import type { AxisCondition } from "./axis-condition.js";
import { blockize } from "./blockize.js";
import { cacheRead } from "./cache-read.js";
import { cacheWrite } from "./cache-write.js";
import { computeAt, computeInline, computeRoot } from "./compute-at.js";
import { decomposePadding } from "./decompose-padding.js";
import { decomposeReduction } from "./decompose-reduction.js";
import { doubleBuffer } from "./double-buffer.js";
import { fuse } from "./fuse.js";
import { findStage } from "./lookup.js";
import { bind, parallel, unroll, vectorize } from "./mark.js";
import { pad } from "./pad.js";
import { reindex } from "./reindex.js";
import { reorder } from "./reorder.js";
import { reverseComputeAt } from "./reverse-compute-at.js";
import { reverseComputeInline } from "./reverse-compute-inline.js";
import { rfactor } from "./rfactor.js";
import { rollingBuffer } from "./rolling-buffer.js";
import { sampleCategorical } from "./sample-categorical.js";
import { type ComputeLocation, sampleComputeLocation } from "./sample-compute-location.js";
import { samplePerfectTile } from "./sample-perfect-tile.js";
import type { Choose } from "./sampled.js";
import type { LoopHints, Schedule, TailStrategy } from "./schedule.js";
import { setScope } from "./set-scope.js";
import { softwarePipeline } from "./software-pipeline.js";
import { split } from "./split.js";
import { storageAlign } from "./storage-align.js";
import { storePredicate } from "./store-predicate.js";
import { intrinsicNamed, tensorize } from "./tensorize.js";
import { type LayoutLike, transformLayout } from "./transform-layout.js";

export type Apply = (schedule: Schedule, record: TraceRecord, args: Arguments) => void;

/** How each primitive is called again. Results get the names that the record gave them. */
export const PRIMITIVES: Readonly<Record<string, Apply>> = {
  split: (s, { stage, results }, args) => {
    const [factor, parts] = [args.size("factor", s), args.size("parts", s)];
    const tail = args.string("tail");
    const sizes = factor === undefined ? { parts: parts ?? 0 } : { factor };
    const [outer, inner] = results;
    const names = outer === undefined || inner === undefined ? {} : { names: [outer, inner] as const };
    split(s, stage, args.string("axis"), {
      ...sizes,
      ...names,
      tail: tail as TailStrategy,
    });
  },
  fuse: (s, { stage }, args) => void fuse(s, stage, ...args.strings("axes")),
  reorder: (s, { stage }, args) => reorder(s, stage, args.strings("axes")),
  vectorize: (s, { stage }, args) => vectorize(s, stage, args.string("axis")),
  unroll: (s, { stage }, args) => unroll(s, stage, args.string("axis")),
  parallel: (s, { stage }, args) => parallel(s, stage, args.string("axis")),
  bind: (s, { stage }, args) => bind(s, stage, args.string("axis"), args.string("thread") as ThreadTag),
  computeAt: (s, { stage }, args) => computeAt(s, stage, args.string("consumer"), args.string("axis")),
  computeInline: (s, { stage }) => computeInline(s, stage),
  computeRoot: (s, { stage }) => computeRoot(s, stage),
  softwarePipeline: (s, { stage }, args) =>
    softwarePipeline(s, stage, args.string("axis"), { stages: args.numbers("stages"), order: args.strings("order") }),
  rollingBuffer: (s, { stage }, args) => rollingBuffer(s, stage, args.number("dimension")),
  doubleBuffer: (s, { stage }) => doubleBuffer(s, stage),
  blockize: (s, { stage }, args) => blockize(s, stage, args.string("axis")),
  tensorize: (s, { stage }, args) =>
    tensorize(s, stage, args.string("axis"), intrinsicNamed(s, args.string("intrinsic"))),
  decomposeReduction: (s, { stage }, args) => decomposeReduction(s, stage, args.string("axis")),
  decomposePadding: (s, { stage }, args) => decomposePadding(s, stage, args.string("axis")),
  pad: (s, { stage }, args) => void pad(s, stage, args.numbers("multiples")),
  reindex: (s, { stage }, args) => void reindex(s, stage, args.string("reader"), { read: args.number("read") ?? 0 }),
  reverseComputeAt: (s, { stage }, args) =>
    void reverseComputeAt(s, stage, args.string("producer"), args.string("axis")),
  reverseComputeInline: (s, { stage }) => void reverseComputeInline(s, stage),
  rfactor: (s, { stage }, args) =>
    void rfactor(s, stage, args.string("axis"), { position: args.number("position") ?? 0 }),
  cacheRead: (s, { stage }, args) => {
    const tensor = findStage(s, stage)?.tensors[args.number("tensor") ?? 0] ?? stage;
    cacheRead(s, tensor, args.string("scope") as Scope, args.strings("readers"));
  },
  cacheWrite: (s, { stage }, args) =>
    void cacheWrite(s, stage, args.string("scope") as Scope, {
      flatten: args.json("flatten") === undefined ? [] : args.strings("flatten"),
      ...(args.json("digits") === undefined ? {} : { layout: args.list("digits") as never as LayoutLike }),
    }),
  samplePerfectTile: (s, { stage, results }, args) => {
    const options = {
      parts: args.number("parts") ?? 0,
      maxInnermost: args.number("maxInnermost") ?? 0,
      ...named(results),
    };
    const decision = args.json("decision") as readonly number[];
    decided(args, decision, (choose) => void samplePerfectTile(s, stage, args.string("axis"), options, choose));
  },
  sampleCategorical: (s, { stage, results }, args) => {
    const options = { probabilities: args.list("probabilities") as readonly number[], ...named(results) };
    const candidates = args.list("candidates") as readonly number[];
    decided(
      args,
      args.number("decision") ?? -1,
      (choose) => void sampleCategorical(s, stage, candidates, options, choose),
    );
  },
  sampleComputeLocation: (s, { stage }, args) => {
    const decision = args.json("decision") as ComputeLocation;
    decided(args, decision, (choose) => void sampleComputeLocation(s, stage, choose));
  },
  setScope: (s, { stage }, args) => setScope(s, stage, args.string("scope") as Scope),
  annotate: (s, { stage }, args) =>
    annotate(s, stage, args.string("axis"), { partition: args.string("partition") as LoopHints["partition"] }),
  storePredicate: (s, { stage }, args) => storePredicate(s, stage, args.json("condition") as AxisCondition),
  storageAlign: (s, { stage }, args) =>
    storageAlign(s, stage, args.number("dimension") ?? -1, {
      factor: args.size("factor", s) ?? 0,
      offset: args.number("offset") ?? 0,
    }),
  transformLayout: (s, { stage }, args) => {
    const padValue = args.anyNumber("padValue");
    transformLayout(s, stage, args.list("digits") as never as LayoutLike, padValue === undefined ? {} : { padValue });
  },
};

/** The name that a record gave its first result. */
const named = ([name]: readonly string[]): { readonly name?: string } => (name === undefined ? {} : { name });

/** Samples as the record decided; anew where the decision does not fit and the caller of `replay` chooses. */
function decided<D>({ resample }: Arguments, decision: D, sample: (choose: D | Choose) => void): void {
  try {
    sample(decision);
  } catch (error) {
    if (resample === null || !isCompileError(error)) throw error;
    sample(resample);
  }
}
