import { CompileError } from "@tilewright/diagnostics";
import { structuralEqual } from "@tilewright/ir";
import { unitFrom } from "./blockize.js";
import { notMovable } from "./errors.js";
import { unknownIntrinsic } from "./errors-tensorize.js";
import { leafOf, stageOf } from "./lookup.js";
import { placeOf } from "./place.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, TensorIntrinsic, TensorLike } from "./schedule.js";
import { checkIntrinsic } from "./tensor-intrinsic.js";

/**
 *     for i in 0..4 { for j in 0..8 { C[…+i, …+j] += A[…+i, k] * B[k, …+j] } }   →   gemm4x8(A[…], B[…], C[…])
 *
 * The nest of a stage from `axis` inwards becomes one call of an intrinsic, on the regions of the buffers that the nest reads and writes.
 * The nest must be what the intrinsic's semantics say: the same loops, up to their order; the same values, up to the order of operands.
 * A reduction whose initialisation stands inside needs an intrinsic that initialises; `decomposeReduction` moves it out. Each later
 * primitive that would break the match is refused. A target that has a template for the intrinsic emits it; for any other, lowering puts
 * the semantics in. (TVM and TensorIR: tensorize; Exo: replace.)
 *
 * @throws CompileError SCH103 · SCH104 · SCH110 no expression · SCH150 a unit already · SCH151 marked loops · SCH152 another nest ·
 *   SCH153 no intrinsic · SCH154 guarded inside · SCH155 alignment · SCH156 a name with two meanings
 */
export function tensorize(schedule: Schedule, tensor: TensorLike, axis: AxisLike, intrinsic: TensorIntrinsic): void {
  primitive(schedule, tensorize, { tensor, axes: [axis] }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const leaf = leafOf(schedule, stage, axis, span);
    checkIntrinsic(intrinsic, span);
    if (stage.operation.kind !== "Compute")
      throw new CompileError(notMovable("tensorize", stage.name, "it has no expression", span));
    const known = schedule.intrinsics.get(intrinsic.name);
    if (known !== undefined && known !== intrinsic && !structuralEqual(known.semantics, intrinsic.semantics)) {
      const why = "means something else in this schedule already";
      throw new CompileError(unknownIntrinsic(intrinsic.name, why, [...schedule.intrinsics.keys()], span));
    }
    schedule.intrinsics = new Map(schedule.intrinsics).set(intrinsic.name, intrinsic);
    stage.unit = { ...unitFrom(stage, leaf, span), intrinsic };
    record(schedule, "tensorize", stage, { axis: leaf.name, intrinsic: intrinsic.name });
  });
}

/** @throws CompileError SCH156 for a name that the schedule was not told of */
export function intrinsicNamed(schedule: Schedule, name: string): TensorIntrinsic {
  const found = schedule.intrinsics.get(name);
  if (found !== undefined) return found;
  const span = placeOf(schedule, intrinsicNamed);
  throw new CompileError(
    unknownIntrinsic(name, "is no intrinsic that this schedule knows", [...schedule.intrinsics.keys()], span),
  );
}

/** The intrinsics that a schedule calls, for those who lower or run what it stands for. */
export function intrinsicsOf(schedule: Schedule): readonly TensorIntrinsic[] {
  return [...new Set(schedule.stages.flatMap(({ unit }) => unit?.intrinsic ?? []))];
}
