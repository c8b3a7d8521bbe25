// A statement as a list of steps: sequences, lets and registers flattened, so that passes over straight-line code need no recursion and a
// long chain of lets costs linear time. A binder reaches to the end of its list; binders are unique, so that is no change.
import {
  type BufferRegion,
  type Expr,
  freeVariables,
  type Let,
  type Register,
  type Stmt,
  sequence,
  type Var,
} from "@tilewright/ir";
import { eachStatement } from "./each-statement.js";

/** A statement, or a binder whose body is the rest of the list (its own `body` field is stale). */
export type Step = Stmt;

export function isBinder(step: Step): step is Let | Register {
  return step.kind === "Let" || step.kind === "Register";
}

export function stepsOf(stmt: Stmt): readonly Step[] {
  const steps: Step[] = [];
  const work: Stmt[] = [stmt];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (next.kind === "Seq") for (let at = next.stmts.length - 1; at >= 0; at--) work.push(next.stmts[at] as Stmt);
    else {
      steps.push(next);
      if (isBinder(next)) work.push(next.body);
    }
  }
  return steps;
}

export function fromSteps(steps: readonly Step[]): Stmt {
  let rest: Stmt[] = [];
  for (let at = steps.length - 1; at >= 0; at--) {
    const step = steps[at] as Step;
    if (isBinder(step)) rest = [{ ...step, body: sequence(rest.reverse()) }];
    else rest.push(step);
  }
  return sequence(rest.reverse());
}

/**
 * The statements of a sequence, in which the scope of each binder ends behind the last step that uses it: `stepsOf` and `fromSteps` let all
 * scopes reach to the end.
 */
export function tightlyScoped(stmt: Stmt): readonly Stmt[] {
  const steps = stepsOf(stmt);
  const ends = new Map<Var, number>();
  steps.forEach((step, at) => {
    const own = isBinder(step) ? { ...step, body: sequence([]) } : step;
    for (const used of freeVariables(own)) ends.set(used, at);
    eachStatement(own, { Assign: ({ variable }) => void ends.set(variable, at) });
  });
  const open: { readonly binder: Let | Register; end: number; readonly body: Stmt[] }[] = [];
  const made: Stmt[] = [];
  const add = (each: Stmt): void => void (open.at(-1)?.body ?? made).push(each);
  steps.forEach((step, at) => {
    if (isBinder(step)) {
      const end = Math.max(at, ends.get(step.variable) ?? at);
      for (const around of open) around.end = Math.max(around.end, end);
      open.push({ binder: step, end, body: [] });
    } else add(step);
    for (let last = open.at(-1); last !== undefined && last.end <= at; last = open.at(-1)) {
      open.pop();
      add({ ...last.binder, body: sequence(last.body) });
    }
  });
  return made;
}

/** A statement without statements inside, with each of its expressions mapped; itself when nothing changes. */
export function mapExpressions(stmt: Stmt, map: (expr: Expr) => Expr): Stmt {
  const mapArgument = (arg: Expr | BufferRegion): Expr | BufferRegion => (arg.kind === "BufferRegion" ? arg : map(arg));
  switch (stmt.kind) {
    case "Store": {
      const indices = stmt.indices.map(map);
      const value = map(stmt.value);
      return { ...stmt, indices, value, predicate: stmt.predicate && map(stmt.predicate) };
    }
    case "Atomic":
      return { ...stmt, indices: stmt.indices.map(map), value: map(stmt.value) };
    case "Assign":
    case "Evaluate":
      return { ...stmt, value: map(stmt.value) };
    case "Assert":
      return { ...stmt, condition: map(stmt.condition) };
    case "KernelCall":
      return { ...stmt, args: stmt.args.map(mapArgument) };
    case "ParallelCall":
      return { ...stmt, extent: map(stmt.extent), args: stmt.args.map(mapArgument) };
    default:
      return stmt;
  }
}
