import { CompileError, type Span } from "@tilewright/diagnostics";
import { type IterVar, rewrite, type Scope, type Tensor } from "@tilewright/ir";
import { computeStage, freshAxis, readOf, stageName } from "./compute-stage.js";
import { deepestAttachment } from "./deepest-attachment.js";
import { noReader, unsupported } from "./errors.js";
import { consumersOf, ownTensor, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { Schedule, Stage, TensorLike } from "./schedule.js";
import { checkScope } from "./scope.js";

/**
 *     for i { C reads A }   →   for i { A.local = A }; for i { C reads A.local }
 *
 * A new stage between a tensor and the named readers: a copy in memory of `scope`, which they read instead; it stands where the tensor is
 * computed. Move it with `computeAt` and change its storage with `transformLayout`: that is packing. TVM and TensorIR: cache_read;
 * Halide: in.
 *
 * @param tensor  one output; the first when a stage with several is named
 * @param readers  stages that read the copy; all readers when left out
 * @returns the copy
 * @throws CompileError SCH103 · SCH113 a reader that does not read the tensor, or none · SCH122
 */
export function cacheRead(
  schedule: Schedule,
  tensor: TensorLike,
  scope: Scope,
  readers?: readonly TensorLike[],
): Tensor {
  return primitive(schedule, cacheRead, { tensor }, (span) => {
    const source = stageOf(schedule, tensor, span);
    checkScope(source, scope, span);
    const read = typeof tensor === "string" ? source.tensors[0] : ownTensor(source, tensor);
    if (read === undefined) throw new CompileError(unsupported(`\`${source.name}\``, "a stage with an output", span));
    const chosen = chosenReaders(schedule, source, readers, span);
    const name = stageName(schedule, `${read.name}.${scope}`);
    const axes = read.shape.map((extent, k): IterVar => freshAxis(source.axes[k]?.name ?? `i${k}`, extent, span));
    const body = readOf(read, axes.map(({ variable }) => variable), span); // biome-ignore format: one line
    const attachment = deepestAttachment(schedule, [body], { kind: "root" });
    const cache = computeStage({ name, axes, bodies: [body], scope, attachment, span });
    const copy = cache.tensors[0] as Tensor;
    for (const reader of chosen) {
      reader.bodies = reader.bodies.map((expr) =>
        rewrite(expr, { Read: (each) => (each.tensor === read ? { ...each, tensor: copy } : undefined) }),
      );
    }
    schedule.stages = schedule.stages.flatMap((stage) => (stage === source ? [stage, cache] : [stage]));
    const args = { tensor: source.tensors.indexOf(read), scope, readers: chosen.map((reader) => reader.name) };
    record(schedule, "cacheRead", source, args, [name]);
    return copy;
  });
}

/** @throws CompileError SCH103 · SCH113 */
function chosenReaders(
  schedule: Schedule,
  source: Stage,
  readers: readonly TensorLike[] | undefined,
  span: Span,
): readonly Stage[] {
  const all = consumersOf(schedule, source).filter(
    (stage) => stage.operation.kind === "Compute" && schedule.stages.indexOf(stage) > schedule.stages.indexOf(source),
  );
  const named: readonly TensorLike[] = Array.isArray(readers) ? readers : [readers as unknown as TensorLike];
  const chosen = (readers ?? null) === null ? all : named.map((reader) => stageOf(schedule, reader, span));
  const wrong = chosen.length === 0 ? "(nothing)" : chosen.find((reader) => !all.includes(reader))?.name;
  if (wrong === undefined) return chosen;
  const known = chosen.length === 0 ? [] : all.map(({ name }) => name);
  throw new CompileError(noReader(source.name, wrong, known, span));
}
