import { CompileError } from "@tilewright/diagnostics";
import { badAlignment } from "./errors.js";
import { peak } from "./lower-bound.js";
import { checkRequests, type MemoryRequest } from "./request.js";
import { search } from "./search.js";
import { shareMemory } from "./share.js";

export interface PlanOptions {
  /** Of every offset, in bytes; a power of two. 64 unless told. */
  readonly alignment?: number;
  /** Comparisons that the search for a smaller arena may make after the first plan. */
  readonly budget?: number;
}

export interface MemoryPlan {
  /** Where each request lives in the arena, in bytes. */
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
  /** No plan with this sharing can be smaller: the most bytes alive at one step. */
  readonly lowerBoundBytes: number;
  /** The step at which that many bytes are alive. */
  readonly peakStep: number;
  /** The request whose memory each request took over in place, or null. */
  readonly reused: readonly (number | null)[];
}

const ALIGNMENT = 64;
const BUDGET = 500_000;

/**
 * One arena for tensors with lifetimes: tensors that live at the same time never overlap. Deterministic; the work grows with the number of
 * requests and of pairs that live together.
 * @throws CompileError `MEM101` a request that makes no sense · `MEM102` alignment.
 */
export function planMemory(requests: readonly MemoryRequest[], options: PlanOptions = {}): MemoryPlan {
  const { alignment = ALIGNMENT, budget = BUDGET } = options;
  if (!Number.isSafeInteger(alignment) || alignment < 1 || !Number.isInteger(Math.log2(alignment))) {
    throw new CompileError(badAlignment(alignment));
  }
  checkRequests(requests);
  const { blocks, blockOf, reused } = shareMemory(requests, alignment);
  const { bytes: lowerBoundBytes, step: peakStep } = peak(blocks);
  const { offsets, bytes: arenaBytes } = search(blocks, lowerBoundBytes, budget);
  return { offsets: blockOf.map((block) => offsets[block] ?? 0), arenaBytes, lowerBoundBytes, peakStep, reused };
}
