import { CompileError } from "@tilewright/diagnostics";
import { badAlignedDimension, badAlignment } from "./errors-layout.js";
import { stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import { type Size, sizeOf } from "./sampled.js";
import type { Schedule, TensorLike } from "./schedule.js";
import { checkOwnsMemory } from "./scope.js";

export interface AlignOptions {
  /** In elements. */
  readonly factor: Size;
  /** What the stride leaves when divided by `factor`; 0 unless told. */
  readonly offset?: number;
}

/**
 *     allocate B: float32[16, 5]   →   allocate B: float32[16, 5] strides [8, 1]        // storageAlign(s, B, 0, { factor: 8 })
 *
 * The stride of a dimension of a stage's memory becomes the next number of elements that is `offset` modulo `factor`: rows begin at
 * boundaries of vectors, or keep apart in the banks of a memory. Dimensions are those of the memory, after `transformLayout`; each keeps
 * its last alignment. (TVM: storage_align; Halide: align_storage.)
 *
 * @throws CompileError SCH103 · SCH110 the memory is the caller's, an extern operation's or a recurrence's · SCH140 no such dimension, or the
 *   innermost, whose stride is 1 · SCH141 factor or offset
 */
export function storageAlign(schedule: Schedule, tensor: TensorLike, dimension: number, options: AlignOptions): void {
  primitive(schedule, storageAlign, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    checkOwnsMemory(schedule, stage, "storageAlign", span);
    const rank = (stage.layout ?? stage.axes).length;
    if (!Number.isSafeInteger(dimension) || dimension < 0 || dimension > rank - 2)
      throw new CompileError(badAlignedDimension(stage.name, dimension, rank, span));
    const { value: factor, json } = sizeOf(schedule, options?.factor, span);
    const { offset = 0 } = options ?? {};
    const fits = Number.isSafeInteger(factor) && factor >= 1 && factor <= LARGEST_FACTOR;
    if (!fits || !Number.isSafeInteger(offset) || offset < 0 || offset >= factor)
      throw new CompileError(badAlignment(stage.name, factor, offset, span));
    const others = stage.alignments.filter((other) => other.dimension !== dimension);
    stage.alignments = [...others, { dimension, factor, offset }];
    record(schedule, "storageAlign", stage, { dimension, factor: json, offset });
  });
}

const LARGEST_FACTOR = 65_536;
