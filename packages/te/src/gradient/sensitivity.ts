import { build, type Expr, operandsOf } from "@tilewright/ir";
import { constant } from "../math.js";

/** A condition inside of others. What they come to together, `all`, is one expression, however many guards use it. */
interface Guard {
  readonly outer: Guard | null;
  readonly depth: number;
  readonly condition: Expr;
  readonly all: Expr;
  /** Whether a condition reads a tensor, this one or an outer one. */
  readonly ofData: boolean;
}

/**
 * A gradient that is `value` where all guards hold, and 0 elsewhere, whatever the value is there: a derivative that is infinite or no number
 * outside of its domain does no harm.
 */
export interface Sensitivity {
  readonly guard: Guard | null;
  readonly value: Expr;
}

/** The same under one more guard. */
export function guarded({ guard: outer, value }: Sensitivity, condition: Expr): Sensitivity {
  const all = outer === null ? condition : build.binary("and", outer.all, condition);
  const ofData = outer?.ofData === true || readsTensor(condition);
  return { guard: { outer, depth: (outer?.depth ?? 0) + 1, condition, all, ofData }, value };
}

/** The sum of two; guards that only one of them has become a choice. */
export function sumOf(a: Sensitivity, b: Sensitivity): Sensitivity {
  if (isNegation(b.guard, a.guard)) return alternatives(a, b);
  if (isNegation(a.guard, b.guard)) return alternatives(b, a);
  const guard = commonGuard(a.guard, b.guard);
  const inside = (part: Sensitivity): Expr => (part.guard === guard ? part.value : chosen(part));
  return { guard, value: build.add(inside(a), inside(b)) };
}

function isNegation(not: Guard | null, guard: Guard | null): boolean {
  if (not === null || guard === null || not.outer !== guard.outer) return false;
  return not.condition.kind === "Unary" && not.condition.op === "not" && not.condition.operand === guard.condition;
}

/** The one where its guard holds, the other where that does not. */
function alternatives({ guard, value }: Sensitivity, other: Sensitivity): Sensitivity {
  if (guard === null) return other;
  return { guard: guard.outer, value: choice(guard.ofData, guard.condition, value, other.value) };
}

function commonGuard(a: Guard | null, b: Guard | null): Guard | null {
  let [one, other] = [a, b];
  while (one !== other) {
    if ((one?.depth ?? 0) >= (other?.depth ?? 0)) one = one?.outer ?? null;
    else other = other?.outer ?? null;
  }
  return one;
}

/** The value where all guards hold, else 0. */
export function chosen({ guard, value }: Sensitivity): Expr {
  return guard === null ? value : choice(guard.ofData, guard.all, value, constant(0, value.dtype));
}

/** Blended by data, which vectors do well; by axes only one side is evaluated, which keeps reads inside. */
function choice(ofData: boolean, condition: Expr, yes: Expr, no: Expr): Expr {
  return ofData ? build.select(condition, yes, no) : build.ifThenElse(condition, yes, no);
}

/** The guards that read no tensor as conditions, all others in the value. */
export function lifted({ guard, value }: Sensitivity): { readonly conditions: readonly Expr[]; readonly value: Expr } {
  const ofAxes: Expr[] = [];
  const ofData: Expr[] = [];
  for (let each = guard; each !== null; each = each.outer)
    (each.ofData && readsTensor(each.condition) ? ofData : ofAxes).unshift(each.condition);
  const conditions = ofAxes.flatMap(conjuncts);
  if (ofData.length === 0 || guard === null) return { conditions, value };
  const condition = ofAxes.length === 0 ? guard.all : conjunction(ofData);
  return { conditions, value: choice(true, condition, value, constant(0, value.dtype)) };
}

/** `value` where all conditions hold, else 0, and not evaluated there. */
export function where(conditions: readonly Expr[], value: Expr): Expr {
  if (conditions.length === 0) return value;
  return choice(false, conjunction(conditions), value, constant(0, value.dtype));
}

/** The parts of a conjunction. */
export function conjuncts(condition: Expr): readonly Expr[] {
  const parts: Expr[] = [];
  const stack = [condition];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.kind === "Binary" && node.op === "and") stack.push(node.right, node.left);
    else parts.push(node);
  }
  return parts;
}

/** All conditions as one; there is at least one. */
export function conjunction(conditions: readonly Expr[]): Expr {
  return conditions.reduce((all, condition) => build.binary("and", all, condition));
}

/** Whether an expression depends on data. */
export function readsTensor(root: Expr): boolean {
  const seen = new Set<Expr>();
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "Read" || node.kind === "Load" || node.kind === "Call") return true;
    stack.push(...operandsOf(node));
  }
  return false;
}
