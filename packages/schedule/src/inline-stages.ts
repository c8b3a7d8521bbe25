import { type Expr, rewrite, structuralEqual, substitute, type Tensor, visit } from "@tilewright/ir";
import type { Schedule, Stage } from "./schedule.js";

/** Bodies by stage, after inlining. */
export type Bodies = ReadonlyMap<Stage, readonly Expr[]>;

/**
 * Rule: a read of an inlined stage is that stage's body with the read's indices in place of its axes. Stages come producers first, so one
 * sweep suffices. Returns the stages that remain and that some output still needs, in order, and their bodies.
 */
export function inlineStages(schedule: Schedule): { readonly stages: readonly Stage[]; readonly bodies: Bodies } {
  const bodies = new Map<Stage, readonly Expr[]>();
  const inlined = new Map<Tensor, { readonly stage: Stage; readonly body: Expr }>();
  for (const stage of schedule.stages) {
    const expanded = stage.bodies.map((body) => expand(body, inlined));
    bodies.set(stage, expanded);
    if (stage.attachment.kind !== "inline") continue;
    for (const tensor of stage.tensors) {
      const body = expanded[tensor.outputIndex];
      if (body !== undefined) inlined.set(tensor, { stage, body });
    }
  }
  const needed = stagesNeeded(schedule, bodies);
  return { stages: schedule.stages.filter((stage) => stage.attachment.kind !== "inline" && needed.has(stage)), bodies };
}

/** Equal reads of one stage share one copy of its body, so that `x + x` stays small however long the chain of such stages. */
function expand(body: Expr, inlined: ReadonlyMap<Tensor, { readonly stage: Stage; readonly body: Expr }>): Expr {
  if (inlined.size === 0) return body;
  const copies = new Map<Tensor, { readonly indices: readonly Expr[]; readonly expr: Expr }[]>();
  return rewrite(body, {
    Read: (read) => {
      const source = inlined.get(read.tensor);
      if (source === undefined) return undefined;
      const made = copies.get(read.tensor) ?? [];
      copies.set(read.tensor, made);
      const same = made.find(({ indices }) =>
        indices.every((index, k) => structuralEqual(index, read.indices[k] as Expr)),
      );
      if (same !== undefined) return same.expr;
      const values = source.stage.axes.map((axis, dimension) => [axis.variable, read.indices[dimension]] as const);
      const given = values.filter((pair): pair is [(typeof pair)[0], Expr] => pair[1] !== undefined);
      const expr = substitute(source.body, new Map(given));
      made.push({ indices: read.indices, expr });
      return expr;
    },
  });
}

function stagesNeeded(schedule: Schedule, bodies: Bodies): ReadonlySet<Stage> {
  const owner = new Map<Tensor, Stage>();
  for (const stage of schedule.stages) for (const tensor of stage.tensors) owner.set(tensor, stage);
  const needed = new Set<Stage>();
  for (const stage of [...schedule.stages].reverse()) {
    if (!stage.isOutput && !needed.has(stage)) continue;
    needed.add(stage);
    const mark = (tensor: Tensor): void => {
      const source = owner.get(tensor);
      if (source !== undefined) needed.add(source);
    };
    if (stage.operation.kind === "Extern") stage.operation.inputs.forEach(mark);
    if (stage.operation.kind === "Scan") stage.operation.initial.forEach(mark);
    for (const body of bodies.get(stage) ?? []) visit(body, { Read: (read) => mark(read.tensor) });
  }
  return needed;
}
