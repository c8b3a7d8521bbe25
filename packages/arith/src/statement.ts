import {
  at,
  type BufferRegion,
  type Expr,
  type For,
  type If,
  type KernelCall,
  type Let,
  operandsOf,
  type Stmt,
  type Store,
  sequence,
  type Var,
  visit,
} from "@tilewright/ir";
import type { Interval } from "./interval.js";
import { usesAny } from "./linear-form.js";
import { constantOf } from "./pattern.js";
import { type Context, Simplifier } from "./simplify.js";

const EMPTY: Stmt = sequence([]);
const isEmpty = (stmt: Stmt): boolean => stmt.kind === "Seq" && stmt.stmts.length === 0;

/**
 * Simplifies every expression of a statement where it stands: under the ranges of its loops and the conditions around it. Removes
 * branches that are never taken, conditions that always hold, loops that never run, stores that no lane takes; a loop that runs once
 * becomes its body. Loops bound to threads stay. A statement that does nothing is the empty sequence.
 */
export function simplifyStatement(stmt: Stmt, context: Context = {}): Stmt {
  return new StatementSimplifier(stmt, context).run(stmt);
}

const WITH_BODY: ReadonlySet<string> = new Set(["For", "If", "Let", "Seq", "While", "Register", "Allocate", "Async"]);
const hasBody = (stmt: Stmt): boolean => WITH_BODY.has(stmt.kind);

type Steps = Generator<Stmt, Stmt, Stmt>;

class StatementSimplifier {
  readonly #simplifier: Simplifier;
  /** Variables that shapes of allocated buffers use: their loops stay. */
  readonly #pinned = new Set<Var>();
  /** Registers, which may change between two uses. */
  readonly #registers = new Set<Var>();

  constructor(root: Stmt, context: Context) {
    this.#simplifier = new Simplifier(context);
    visit(root, {
      Allocate: ({ buffer }) => {
        for (const extent of [...buffer.shape, ...(buffer.strides ?? [])]) {
          if (extent.kind !== "Const") visit(extent, { Var: (node) => void this.#pinned.add(node) });
        }
      },
      Register: ({ variable }) => void this.#registers.add(variable),
    });
  }

  /** Drives the steps on a stack of its own: statements nest deeper than calls may. */
  run(root: Stmt): Stmt {
    const stack: Steps[] = [this.#steps(root)];
    let value: Stmt = EMPTY;
    while (stack.length > 0) {
      const next = (stack[stack.length - 1] as Steps).next(value);
      if (next.done) {
        stack.pop();
        value = next.value;
      } else stack.push(this.#steps(next.value));
    }
    return value;
  }

  #expr(expr: Expr): Expr {
    return this.#simplifier.simplify(expr);
  }
  #list(exprs: readonly Expr[]): readonly Expr[] {
    let after: Expr[] | undefined;
    for (const [position, expr] of exprs.entries()) {
      const found = this.#expr(expr);
      if (found === expr) continue;
      after ??= [...exprs];
      after[position] = found;
    }
    return after ?? exprs;
  }

  *#steps(stmt: Stmt): Steps {
    switch (stmt.kind) {
      case "For":
        return yield* this.#loop(stmt);
      case "If":
        return yield* this.#branch(stmt);
      case "Let":
        return yield* this.#let(stmt);
      case "Seq": {
        const stmts: Stmt[] = [];
        for (const each of stmt.stmts) stmts.push(hasBody(each) ? yield each : this.#leaf(each));
        const same = stmts.every((each, position) => each === stmt.stmts[position] && each.kind !== "Seq");
        return same && stmts.length !== 1 ? stmt : sequence(stmts, stmt.span);
      }
      case "While": {
        const condition = this.#expr(stmt.condition);
        if (constantOf(condition)?.value === false) return EMPTY;
        const body = yield stmt.body;
        return condition === stmt.condition && body === stmt.body ? stmt : { ...stmt, condition, body };
      }
      case "Register": {
        const initial = this.#expr(stmt.initial);
        const body = yield stmt.body;
        if (isEmpty(body) && isPure(initial)) return EMPTY;
        return initial === stmt.initial && body === stmt.body ? stmt : { ...stmt, initial, body };
      }
      case "Allocate": {
        const body = yield stmt.body;
        return isEmpty(body) ? EMPTY : body === stmt.body ? stmt : { ...stmt, body };
      }
      case "Async": {
        const body = yield stmt.body;
        const [reads, writes] = [this.#regions(stmt.reads), this.#regions(stmt.writes)];
        return body === stmt.body && reads === stmt.reads && writes === stmt.writes
          ? stmt
          : { ...stmt, reads, writes, body };
      }
      default:
        return this.#leaf(stmt);
    }
  }

  #leaf(stmt: Stmt): Stmt {
    switch (stmt.kind) {
      case "Store":
        return this.#store(stmt);
      case "Assign":
      case "Evaluate": {
        const value = this.#expr(stmt.value);
        return value === stmt.value ? stmt : { ...stmt, value };
      }
      case "Assert": {
        const condition = this.#expr(stmt.condition);
        if (constantOf(condition)?.value === true) return EMPTY;
        return condition === stmt.condition ? stmt : { ...stmt, condition };
      }
      case "Atomic": {
        const [indices, value] = [this.#list(stmt.indices), this.#expr(stmt.value)];
        return indices === stmt.indices && value === stmt.value ? stmt : { ...stmt, indices, value };
      }
      case "KernelCall":
        return this.#call(stmt);
      case "ParallelCall":
        return { ...stmt, extent: this.#expr(stmt.extent), args: this.#args(stmt.args) };
      default:
        return stmt;
    }
  }

  #store(stmt: Store): Stmt {
    const indices = this.#list(stmt.indices);
    const value = this.#expr(stmt.value);
    const mask = stmt.predicate === null ? null : this.#expr(stmt.predicate);
    const taken = mask === null ? true : constantOf(mask)?.value;
    if (taken === false && isPure(value)) return EMPTY;
    const predicate = taken === true ? null : mask;
    const same = indices === stmt.indices && value === stmt.value && predicate === stmt.predicate;
    return same ? stmt : { ...stmt, indices, value, predicate };
  }

  #call(stmt: KernelCall): Stmt {
    const { launch } = stmt;
    const sizes = launch === null ? null : { grid: this.#list(launch.grid), block: this.#list(launch.block) };
    return { ...stmt, args: this.#args(stmt.args), launch: sizes };
  }

  #args(args: readonly (Expr | BufferRegion)[]): readonly (Expr | BufferRegion)[] {
    return args.map((arg) => (arg.kind === "BufferRegion" ? (this.#regions([arg])[0] ?? arg) : this.#expr(arg)));
  }

  #regions(regions: readonly BufferRegion[]): readonly BufferRegion[] {
    let changed = false;
    const after = regions.map((region) => {
      const [mins, extents] = [this.#list(region.mins), this.#list(region.extents)];
      if (mins === region.mins && extents === region.extents) return region;
      changed = true;
      return { ...region, mins, extents };
    });
    return changed ? after : regions;
  }

  *#loop(stmt: For): Steps {
    const simplifier = this.#simplifier;
    const [min, extent] = [this.#expr(stmt.min), this.#expr(stmt.extent)];
    const [first, count] = [simplifier.bounds(min), simplifier.bounds(extent)];
    if (count.max <= 0 && isPure(extent) && isPure(min)) return EMPTY;
    const { loopVar } = stmt;
    const once =
      count.min === 1 && count.max === 1 && stmt.loopKind !== "thread" && !this.#pinned.has(loopVar) && isPure(min);
    if (once && this.#isStable(min)) {
      return yield* this.#standingFor(loopVar, min, stmt.body);
    }
    const b = at(stmt.span);
    const end = simplifier.bounds(b.add(min, extent));
    const ranges = new Map<Var, Interval>([[loopVar, { min: first.min, max: end.max - 1 }]]);
    const facts: Expr[] = [];
    if (this.#isStable(min) && this.#isStable(extent)) {
      if (min.kind !== "Const") facts.push(b.binary("ge", loopVar, min));
      if (min.kind !== "Const" || extent.kind !== "Const") facts.push(b.binary("lt", loopVar, b.add(min, extent)));
    }
    const leave = simplifier.enter({ ranges, facts });
    const body = yield stmt.body;
    leave();
    if (isEmpty(body) && isPure(extent) && isPure(min)) return EMPTY;
    return min === stmt.min && extent === stmt.extent && body === stmt.body ? stmt : { ...stmt, min, extent, body };
  }

  /** The body with a value in place of a variable. */
  *#standingFor(variable: Var, value: Expr, body: Stmt): Steps {
    const { values } = this.#simplifier.analyzer;
    const leave = this.#simplifier.enter({});
    values.set(variable, this.#simplifier.canonical(value)); // what the analyzer has not numbered would equal anything else like it
    const after = yield body;
    values.delete(variable);
    leave();
    return after;
  }

  *#branch(stmt: If): Steps {
    const simplifier = this.#simplifier;
    const condition = this.#expr(stmt.condition);
    const truth = constantOf(condition)?.value;
    if (truth === true) return yield stmt.then;
    if (truth === false) return stmt.otherwise === null ? EMPTY : yield stmt.otherwise;
    const b = at(stmt.span);
    const stable = this.#isStable(condition);
    let leave = simplifier.enter(stable ? { facts: [condition] } : {});
    const then = yield stmt.then;
    leave();
    let otherwise: Stmt | null = null;
    if (stmt.otherwise !== null) {
      leave = simplifier.enter(stable ? { facts: [b.unary("not", condition)] } : {});
      otherwise = yield stmt.otherwise;
      leave();
      if (isEmpty(otherwise)) otherwise = null;
    }
    if (isEmpty(then)) {
      if (otherwise !== null)
        return { ...stmt, condition: this.#expr(b.unary("not", condition)), then: otherwise, otherwise: null };
      if (isPure(condition)) return EMPTY;
    }
    const same = condition === stmt.condition && then === stmt.then && otherwise === stmt.otherwise;
    return same ? stmt : { ...stmt, condition, then, otherwise };
  }

  /** A variable that is a constant or another variable is replaced; of any other index value the bounds are known inside. */
  *#let(stmt: Let): Steps {
    const simplifier = this.#simplifier;
    const { variable } = stmt;
    const value = this.#expr(stmt.value);
    const alias = constantOf(value) !== undefined || (value.kind === "Var" && !this.#registers.has(value));
    if (alias && !this.#pinned.has(variable)) {
      return yield* this.#standingFor(variable, value, stmt.body);
    }
    const scalar = variable.dtype === "index" && variable.lanes === 1;
    const ranges = new Map<Var, Interval>(scalar ? [[variable, simplifier.bounds(value)]] : []);
    const facts = scalar && this.#isStable(value) ? [at(stmt.span).binary("eq", variable, value)] : [];
    const leave = simplifier.enter({ ranges, facts });
    const body = yield stmt.body;
    leave();
    if (isEmpty(body) && isPure(value)) return EMPTY;
    return value === stmt.value && body === stmt.body ? stmt : { ...stmt, value, body };
  }

  /** Whether an expression has the same value wherever its variables are in scope. */
  #isStable(expr: Expr): boolean {
    return everyNode(expr, (node) => node.kind !== "Load" && node.kind !== "Call") && !usesAny(expr, this.#registers);
  }
}

const isPure = (expr: Expr): boolean => everyNode(expr, (node) => node.kind !== "Call");

function everyNode(root: Expr, test: (node: Expr) => boolean): boolean {
  const seen = new Set<Expr>();
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (!test(node)) return false;
    stack.push(...operandsOf(node));
  }
  return true;
}
