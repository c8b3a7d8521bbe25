// A statement as a list of steps: sequences, lets and registers flattened, so that passes over straight-line code need no recursion and a
// long chain of lets costs linear time. A binder reaches to the end of its list; binders are unique, so that is no change.
import { type BufferRegion, type Expr, type Let, type Register, type Stmt, sequence } from "@tilewright/ir";

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
