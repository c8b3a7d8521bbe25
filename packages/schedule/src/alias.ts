import { CompileError, type Span } from "@tilewright/diagnostics";
import { isConst, type Read, type Tensor } from "@tilewright/ir";
import { illegalAlias } from "./errors.js";
import { readsOf } from "./infer-bounds.js";
import type { Bodies } from "./inline-stages.js";
import type { Stage, TailStrategy } from "./schedule.js";

/**
 * Rule: an output may take the memory of an input when every element of the input is read before the output's element of the same place
 * is written, and never after: by stages that are finished before the output's loops begin, or pointwise in those loops, each once.
 *
 * @throws CompileError SCH123
 */
export function checkAlias(output: Tensor, input: Tensor, stages: readonly Stage[], bodies: Bodies, span: Span): void {
  const refuse = (why: string): never => {
    throw new CompileError(illegalAlias(output.name, input.name, why, span));
  };
  const writer = stages.find((stage) => stage.tensors.includes(output));
  if (writer === undefined || input.operation.kind !== "Placeholder") {
    refuse("they are not an output and an input");
    return;
  }
  const extents = (tensor: Tensor): string =>
    tensor.shape.map((extent) => (isConst(extent) ? extent.value : "?")).join("x");
  if (output.dtype !== input.dtype || extents(output) !== extents(input)) refuse("their types or shapes differ");
  const twice = writer.initialAt !== null || (bodies.get(writer) ?? []).some((body) => body.kind === "Reduce");
  if (writer.operation.kind !== "Compute" || twice) {
    refuse(`\`${writer.name}\` writes its elements more than once`);
  }
  for (const stage of stages) {
    const reads = readsOf(bodies.get(stage) ?? []).filter((read) => read.tensor === input);
    const whole = stage.operation.kind === "Extern" && stage.operation.inputs.includes(input);
    if (reads.length === 0 && !whole) continue;
    const root = rootOf(stage);
    if (root !== writer && stages.indexOf(root) < stages.indexOf(writer)) continue;
    const path = root === writer && !whole ? pointwisePath(stage, writer, input, stages, bodies) : null;
    if (path === null) {
      refuse(`\`${stage.name}\` reads elements that \`${writer.name}\` has written by then`);
      return;
    }
    const shifted = path.find(hasTail("shift"));
    if (shifted !== undefined) refuse(`the tail of \`${shifted.name}\` computes elements twice`);
    if (stage !== writer && runsAtOnce(writer) && !readsOneTile(stage, writer))
      refuse(`\`${stage.name}\` may read elements that another iteration of \`${writer.name}\` writes at that time`);
    if (stage === writer && writer.unit?.intrinsic != null)
      refuse(`\`${writer.unit.intrinsic.name}\` takes operands that do not overlap`);
  }
}

/** The stage in whose loops, at last, a stage is computed. */
function rootOf(stage: Stage): Stage {
  return stage.attachment.kind === "at" ? rootOf(stage.attachment.stage) : stage;
}

/** The stages from `stage` to `writer` when every read on the way, of `input` and of each other, is pointwise; else null. */
function pointwisePath(
  stage: Stage,
  writer: Stage,
  input: Tensor,
  stages: readonly Stage[],
  bodies: Bodies,
): readonly Stage[] | null {
  const path = new Set([stage]);
  const passed = new Set([input]);
  for (const each of path) {
    if (each === writer) continue;
    for (const tensor of each.tensors) passed.add(tensor);
    for (const reader of stages)
      if (readsOf(bodies.get(reader) ?? []).some(({ tensor }) => each.tensors.includes(tensor))) path.add(reader);
  }
  const isDirect = (each: Stage): boolean =>
    readsOf(bodies.get(each) ?? []).every((read) => !passed.has(read.tensor) || isPointwise(read, each));
  return [...path].every(isDirect) ? [...path] : null;
}

const hasTail =
  (tail: TailStrategy) =>
  ({ relations }: Stage): boolean =>
    relations.some((relation) => relation.kind === "split" && relation.tail === tail);

const runsAtOnce = ({ marks }: Stage): boolean =>
  [...marks.values()].some(({ loopKind }) => loopKind === "parallel" || loopKind === "thread");

/** Whether a stage computes, in a loop of the writer, no element of another iteration: tiles of tiles and fused loops reach beyond. */
function readsOneTile(stage: Stage, writer: Stage): boolean {
  const { attachment } = stage;
  const { relations } = writer;
  const direct = attachment.kind === "at" && attachment.stage === writer;
  const split = new Set(relations.flatMap((relation) => (relation.kind === "split" ? [relation.parent] : [])));
  const plain = relations.every(
    (relation) => relation.kind === "split" && !split.has(relation.outer) && !split.has(relation.inner),
  );
  return direct && plain && !hasTail("roundUp")(stage) && stage.multiples.size === 0;
}

function isPointwise(read: Read, stage: Stage): boolean {
  return (
    read.indices.length === stage.axes.length &&
    read.indices.every((index, dimension) => index === stage.axes[dimension]?.variable)
  );
}
