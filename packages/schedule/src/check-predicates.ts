import { canProve } from "@tilewright/arith";
import { CompileError, type Span } from "@tilewright/diagnostics";
import { build, type Const, type Expr, operandsOf, type Read, substitute, type Tensor, type Var } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { readsSkipped } from "./errors-layout.js";
import { readsOf } from "./infer-bounds.js";
import { inlineStages } from "./inline-stages.js";
import type { Schedule, Stage } from "./schedule.js";

/**
 * Rule: whoever reads a stage that leaves elements out reads elements that it computes. What is known at a read are the domains of the
 * reader's axes, the reader's own predicate, and the conditions of reductions and lazy choices around it. Both arms of a `select` are
 * evaluated, so that its condition says nothing.
 *
 * @throws CompileError SCH148
 */
export function checkPredicates(schedule: Schedule, span: Span): void {
  if (schedule.stages.every(({ predicate }) => predicate === null)) return;
  const { stages, bodies } = inlineStages(schedule);
  const partial = new Map<Tensor, Stage>();
  for (const stage of stages)
    if (stage.predicate !== null) for (const tensor of stage.tensors) partial.set(tensor, stage);
  for (const reader of stages) {
    checkWholeReads(reader, partial, span);
    const ranges = rangesOf(reader);
    const own = reader.predicate === null ? [] : [reader.predicate];
    for (const { read, facts } of readsWithFacts(bodies.get(reader) ?? [], own)) {
      const stage = partial.get(read.tensor);
      if (stage?.predicate == null) continue;
      const needed = elementOf(stage, stage.predicate, read);
      if (canProve(needed, { ranges, facts })) continue;
      throw new CompileError(readsSkipped(stage.name, reader.name, print(read), print(needed), span));
    }
  }
}

/** Extern operations and recurrences take all of what they read from memory. */
function checkWholeReads(reader: Stage, partial: ReadonlyMap<Tensor, Stage>, span: Span): void {
  const { operation } = reader;
  const taken = operation.kind === "Extern" ? operation.inputs : operation.kind === "Scan" ? operation.initial : [];
  for (const tensor of taken) {
    const stage = partial.get(tensor);
    if (stage !== undefined)
      throw new CompileError(
        readsSkipped(stage.name, reader.name, `of all of \`${tensor.name}\``, "the condition", span),
      );
  }
}

/** The condition for the element that a read takes. */
function elementOf(stage: Stage, predicate: Expr, read: Read): Expr {
  const indices = stage.axes.map(({ variable }, dimension): [Var, Expr] => {
    const index = read.indices[dimension] as Expr;
    return [variable, index.dtype === "index" ? index : build.cast(index, "index")];
  });
  return substitute(predicate, new Map(indices));
}

function rangesOf(stage: Stage): ReadonlyMap<Var, { readonly min: number; readonly max: number }> {
  return new Map(
    [...stage.axes, ...stage.reduceAxes].map(({ variable, min, extent }) => {
      const first = Number((min as Const).value);
      return [variable, { min: first, max: first + Number((extent as Const).value) - 1 }];
    }),
  );
}

interface Known {
  readonly read: Read;
  readonly facts: readonly Expr[];
}

/** Every read with what holds where it is evaluated. */
function readsWithFacts(bodies: readonly Expr[], known: readonly Expr[]): readonly Known[] {
  const found: Known[] = [];
  const seen = new Map<readonly Expr[], Set<Expr>>();
  const work: (readonly [Expr, readonly Expr[]])[] = bodies.map((body) => [body, known]);
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const [expr, facts] = next;
    const visited = seen.get(facts) ?? new Set();
    if (visited.has(expr)) continue;
    seen.set(facts, visited.add(expr));
    if (expr.kind === "Read") found.push({ read: expr, facts });
    work.push(...parts(expr, facts));
  }
  return found;
}

/** The operands of an expression with what holds where each is evaluated. */
function parts(expr: Expr, facts: readonly Expr[]): readonly (readonly [Expr, readonly Expr[]])[] {
  if (expr.kind === "Reduce") {
    const { sources, condition, initial } = expr;
    const inside = condition === null ? facts : withFact(facts, condition);
    const outside = [...(condition === null ? [] : [condition]), ...(initial ?? [])];
    return [...sources.map((each) => [each, inside] as const), ...outside.map((each) => [each, facts] as const)];
  }
  if (expr.kind === "IfThenElse") {
    const { condition, whenTrue, whenFalse } = expr;
    return [
      [condition, facts],
      [whenTrue, withFact(facts, condition)],
      [whenFalse, withFact(facts, build.unary("not", condition))],
    ];
  }
  return operandsOf(expr).map((each) => [each, facts]);
}

/** What depends on data is not reasoned about. */
function withFact(facts: readonly Expr[], fact: Expr): readonly Expr[] {
  return readsOf([fact]).length === 0 ? [...facts, fact] : facts;
}
