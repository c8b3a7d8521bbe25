import { CompileError, type Span } from "@tilewright/diagnostics";
import { isConst, type Read, type Tensor } from "@tilewright/ir";
import { illegalAlias } from "./errors.js";
import { readsOf } from "./infer-bounds.js";
import type { Bodies } from "./inline-stages.js";
import type { Stage } from "./schedule.js";

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
    if (stage !== writer && rootOf(stage) !== writer && stages.indexOf(rootOf(stage)) < stages.indexOf(writer))
      continue;
    if (whole || !pointwiseUpTo(stage, writer, reads, stages, bodies))
      refuse(`\`${stage.name}\` reads elements that \`${writer.name}\` has written by then`);
    if (stage.relations.some((relation) => relation.kind === "split" && relation.tail === "shift")) {
      refuse(`the tail of \`${stage.name}\` computes elements twice`);
    }
  }
}

/** The stage in whose loops, at last, a stage is computed. */
function rootOf(stage: Stage): Stage {
  return stage.attachment.kind === "at" ? rootOf(stage.attachment.stage) : stage;
}

function pointwiseUpTo(
  stage: Stage,
  writer: Stage,
  reads: readonly Read[],
  stages: readonly Stage[],
  bodies: Bodies,
): boolean {
  if (!reads.every((read) => isPointwise(read, stage))) return false;
  if (stage === writer) return true;
  return stages.every((reader) => {
    const through = readsOf(bodies.get(reader) ?? []).filter((read) => stage.tensors.includes(read.tensor));
    return through.length === 0 || pointwiseUpTo(reader, writer, through, stages, bodies);
  });
}

function isPointwise(read: Read, stage: Stage): boolean {
  return (
    read.indices.length === stage.axes.length &&
    read.indices.every((index, dimension) => index === stage.axes[dimension]?.variable)
  );
}
