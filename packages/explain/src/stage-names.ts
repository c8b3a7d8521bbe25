import { type Buffer, type PrimFunc, visit } from "@tilewright/ir";
import type { Schedule, Stage } from "@tilewright/schedule";

/** Which stage of a schedule computes what a buffer holds. */
export interface StageNames {
  readonly nameOf: (buffer: Buffer) => string;
  readonly stageOf: (name: string) => Stage | undefined;
}

/**
 * Buffers carry the names of tensors, and tensors belong to stages. Where two stages have tensors of one name, the buffers are given to them in
 * the order in which they are first written; a buffer that no stage knows, as one inside an extern operation, is a stage of its own name.
 */
export function stageNames(schedule: Schedule, func: PrimFunc): StageNames {
  const waiting = new Map<string, Stage[]>();
  for (const stage of schedule.stages.filter(({ operation }) => operation.kind !== "Placeholder"))
    for (const { name } of stage.tensors) waiting.set(name, [...(waiting.get(name) ?? []), stage]);
  const names = new Map<Buffer, string>();
  const assign = (buffer: Buffer): void => {
    if (names.has(buffer)) return;
    const candidates = waiting.get(buffer.name) ?? [];
    const stage = candidates.length > 1 ? candidates.shift() : candidates[0];
    names.set(buffer, stage?.name ?? buffer.name);
  };
  visit(func.body, { Store: ({ buffer }) => assign(buffer) });
  const stages = new Map(schedule.stages.map((stage) => [stage.name, stage]));
  return {
    nameOf: (buffer) => {
      assign(buffer);
      return names.get(buffer) ?? buffer.name;
    },
    stageOf: (name) => stages.get(name),
  };
}
