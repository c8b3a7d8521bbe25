export { annotate } from "./annotate.js";
export { axesOf } from "./axes-of.js";
export { blockize } from "./blockize.js";
export { cacheRead } from "./cache-read.js";
export { cacheWrite } from "./cache-write.js";
export { compareTraces, renderComparison, type TraceComparison, type TraceDifference } from "./compare-traces.js";
export { computeAt, computeInline, computeRoot } from "./compute-at.js";
export { createSchedule, draftSchedule } from "./create-schedule.js";
export { type Decision, decisionsOf, withDecision } from "./decisions.js";
export { decomposePadding } from "./decompose-padding.js";
export { decomposeReduction } from "./decompose-reduction.js";
export { doubleBuffer } from "./double-buffer.js";
export { fuse } from "./fuse.js";
export type { LayoutDigitOptions, LayoutDimensionOptions, LayoutSumOptions } from "./layout-options.js";
export { bind, parallel, unroll, vectorize } from "./mark.js";
export { pad } from "./pad.js";
export { print } from "./print.js";
export { type ReindexOptions, reindex } from "./reindex.js";
export { reorder } from "./reorder.js";
export { reverseComputeAt } from "./reverse-compute-at.js";
export { reverseComputeInline } from "./reverse-compute-inline.js";
export { type RfactorOptions, rfactor } from "./rfactor.js";
export { rollingBuffer } from "./rolling-buffer.js";
export { type CategoricalOptions, sampleCategorical } from "./sample-categorical.js";
export { type ComputeLocation, sampleComputeLocation } from "./sample-compute-location.js";
export { type PerfectTileOptions, type SampledTile, samplePerfectTile } from "./sample-perfect-tile.js";
export type { Choose, Sampled, Size } from "./sampled.js";
export type {
  AxisLike,
  LayoutDigit,
  LayoutDimension,
  LoopHints,
  Schedule,
  Stage,
  TailStrategy,
  TensorIntrinsic,
  TensorLike,
} from "./schedule.js";
export { setScope } from "./set-scope.js";
export { type PipelineOptions, softwarePipeline } from "./software-pipeline.js";
export { type SplitOptions, split } from "./split.js";
export { type AlignOptions, storageAlign } from "./storage-align.js";
export { type StorePredicate, storePredicate } from "./store-predicate.js";
export { type TensorIntrinsicOptions, tensorIntrinsic } from "./tensor-intrinsic.js";
export { intrinsicsOf, tensorize } from "./tensorize.js";
export { type TileOptions, tile } from "./tile.js";
export { type PrimFuncOptions, toPrimFunc } from "./to-prim-func.js";
export { type TypeScriptOptions, toTypeScript } from "./to-typescript.js";
export { type ReplayOptions, replay, traceOf } from "./trace.js";
export { type LayoutLike, type LayoutOptions, transformLayout } from "./transform-layout.js";
