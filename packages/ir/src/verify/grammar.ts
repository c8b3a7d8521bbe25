import type { NodeKind } from "../fields.js";
import type { Level } from "../level.js";
import type { LoopKind } from "../stmt.js";

/** What a level of loop IR allows. */
export interface Grammar {
  readonly loops: readonly LoopKind[];
  /** Kinds that may not occur. */
  readonly without: readonly NodeKind[];
  /** One index per access, counted in elements; else one per dimension. */
  readonly flat: boolean;
  /** Allocations have constant sizes. */
  readonly constantSizes: boolean;
  /** Vectors are powers of two long and are loaded and stored contiguously; else any ramp may index. */
  readonly contiguous: boolean;
  /** The condition of an IfThenElse may have lanes. */
  readonly maskedChoice: boolean;
}

const TENSOR_ONLY = ["Read", "Reduce"] as const;
const LOWERED_LOOPS = ["serial", "parallel", "thread"] as const;

export const GRAMMARS: { readonly [L in Level]: Grammar } = {
  scheduled: {
    loops: ["serial", "parallel", "vectorized", "unrolled", "thread", "virtual"],
    without: TENSOR_ONLY,
    flat: false,
    constantSizes: false,
    contiguous: false,
    maskedChoice: false,
  },
  lowered: {
    loops: LOWERED_LOOPS,
    without: TENSOR_ONLY,
    flat: false,
    constantSizes: false,
    contiguous: false,
    maskedChoice: true,
  },
  flat: {
    loops: LOWERED_LOOPS,
    without: TENSOR_ONLY,
    flat: true,
    constantSizes: true,
    contiguous: false,
    maskedChoice: true,
  },
  device: {
    loops: ["serial", "thread"],
    without: TENSOR_ONLY,
    flat: true,
    constantSizes: true,
    contiguous: true,
    maskedChoice: true,
  },
};
