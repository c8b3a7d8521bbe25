import { elementsOf, inlinable, isPointwise, type StageStructure } from "./structure.js";

/** The stages around one that rules tile: what it reads, and the elementwise stages that follow it. */
export interface Epilogue {
  /** Stages that come first. */
  readonly before: readonly StageStructure[];
  /** Elementwise stages between the stage and the last one; they can be inlined. */
  readonly between: readonly StageStructure[];
  /** The group's output, whose loops are tiled: the stage itself, or the last elementwise stage after it. */
  readonly last: StageStructure;
}

/** Null unless the group has one output, and all that follows `stage` is elementwise over it and of its shape. */
export function epilogueOf(stages: readonly StageStructure[], stage: StageStructure): Epilogue | null {
  const at = stages.indexOf(stage);
  const [before, followers] = [stages.slice(0, at), stages.slice(at + 1)];
  const last = followers.at(-1) ?? stage;
  if (stages.some((other) => other.isOutput !== (other === last))) return null;
  const computed = new Set(stages.map(({ tensor }) => tensor));
  const follows = ({ reads, operation, reduce }: StageStructure): boolean =>
    reduce === null && reads.every((read) => !computed.has(read.tensor) || isPointwise(read, operation.axes));
  if (!followers.every(follows)) return null;
  if (
    last.operation.axes.length !== stage.operation.axes.length ||
    elementsOf(last.tensor) !== elementsOf(stage.tensor)
  )
    return null;
  const between = followers.filter((other) => other !== last);
  const inlined = inlinable(stages, (other) => between.includes(other));
  return between.every((other) => inlined.has(other)) ? { before, between, last } : null;
}
