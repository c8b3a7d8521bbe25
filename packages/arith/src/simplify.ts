import type { Expr } from "@tilewright/ir";
import { operandsOf } from "@tilewright/ir";
import { Analyzer } from "./analyzer.js";
import { assume } from "./assume.js";
import type { Ranges } from "./bounds.js";
import type { Interval } from "./interval.js";
import { prove } from "./prove.js";
import { isSameExpr } from "./same-expr.js";
import { Scope } from "./scope.js";

/** What holds where an expression stands. */
export interface Context {
  /** Values of variables, both ends included. */
  readonly ranges?: Ranges;
  /** Conditions that are true. */
  readonly facts?: readonly Expr[];
}

const NO_CHILDREN: readonly Expr[] = [];
/** Scopes of nested choices beyond this are those of the outer one. */
const DEEPEST_SCOPE = 12;

/** Simplifies many expressions in one context; keeps what it has learnt between them. */
export class Simplifier {
  readonly #analyzer: Analyzer;

  constructor(context: Context = {}) {
    this.#analyzer = new Analyzer(new Scope(new Map(context.ranges)));
    for (const fact of context.facts ?? []) this.assume(fact);
  }

  /** @internal */
  get analyzer(): Analyzer {
    return this.#analyzer;
  }

  /** Adds a condition that is true from here on, in the present scope. */
  assume(fact: Expr): void {
    const { scope } = this.#analyzer;
    assume(this.#analyzer, this.canonical(fact), true);
    scope.simplified.clear();
    scope.bounds.clear();
  }

  /** Runs `work` in a scope of its own, where variables have ranges and conditions hold. */
  within<T>(context: Context, work: () => T): T {
    const leave = this.enter(context);
    const result = work();
    leave();
    return result;
  }

  /** Opens a scope as `within` does, and returns what closes it. Scopes close in the opposite order of their opening. */
  enter(context: Context): () => void {
    const outer = this.#analyzer.scope;
    const { ranges } = outer;
    const before = [...(context.ranges ?? [])].map(([variable]) => [variable, ranges.get(variable)] as const);
    for (const [variable, range] of context.ranges ?? []) ranges.set(variable, range);
    this.#analyzer.scope = new Scope(ranges, outer);
    for (const fact of context.facts ?? []) this.assume(fact);
    return () => {
      this.#analyzer.scope = outer;
      for (const [variable, range] of before) {
        if (range === undefined) ranges.delete(variable);
        else ranges.set(variable, range);
      }
    };
  }

  /** Constant bounds of an expression after simplification. */
  bounds(expr: Expr): Interval {
    return this.#analyzer.bounds(this.canonical(expr));
  }

  /** Whether a condition certainly holds. */
  proves(condition: Expr): boolean {
    return prove(this.#analyzer, this.canonical(condition));
  }

  /** See the function `simplify`. */
  simplify(root: Expr): Expr {
    if (root.kind === "Const") return root;
    const found = this.canonical(root);
    return isSameExpr(root, found) ? root : found;
  }

  /** @internal The simplified expression as the analyzer knows it: equal ones are one object. */
  canonical(root: Expr): Expr {
    const analyzer = this.#analyzer;
    const home = analyzer.scope;
    const tasks: Task[] = [{ node: root, scope: home, arms: undefined }];
    while (tasks.length > 0) {
      const task = tasks[tasks.length - 1] as Task;
      analyzer.scope = task.scope;
      if (task.scope.simplified.has(task.node) || this.#advance(task, tasks)) tasks.pop();
    }
    analyzer.scope = home;
    analyzer.candidate = undefined;
    return home.simplified.get(root) ?? root;
  }

  /** True when the task is done; else the tasks that it waits for are pushed. */
  #advance(task: Task, tasks: Task[]): boolean {
    const { node, scope } = task;
    if (node.kind === "Select" || node.kind === "IfThenElse") return this.#choose(task, tasks);
    const before = tasks.length;
    const children: Expr[] = [];
    const operands = operandsOf(node);
    for (let k = 0; k < operands.length; k++) children.push(this.#result(operands[k] as Expr, scope, tasks));
    if (tasks.length > before) return false;
    scope.simplified.set(node, this.#analyzer.rebuild(node, children));
    return true;
  }

  /** The simplified child; one that is not done is queued and stands for itself meanwhile. */
  #result(child: Expr, scope: Scope, tasks: Task[]): Expr {
    const known = scope.simplified.get(child);
    if (known !== undefined) return known;
    if (child.kind === "Var" || child.kind === "Const") {
      const leaf = this.#analyzer.rebuild(child, NO_CHILDREN);
      scope.simplified.set(child, leaf);
      return leaf;
    }
    tasks.push({ node: child, scope, arms: undefined });
    return child;
  }

  /** A choice: the condition first, then each arm where the condition is known. */
  #choose(task: Task, tasks: Task[]): boolean {
    const { node, scope } = task;
    if (node.kind !== "Select" && node.kind !== "IfThenElse") return true;
    const condition = scope.simplified.get(node.condition);
    if (condition === undefined) {
      tasks.push({ node: node.condition, scope, arms: undefined });
      return false;
    }
    const truth = condition.kind === "Const" ? condition.value : undefined;
    task.arms ??= {
      whenTrue: this.#armScope(scope, condition, true),
      whenFalse: this.#armScope(scope, condition, false),
    };
    const { whenTrue, whenFalse } = task.arms;
    const before = tasks.length;
    if (truth !== false && !whenTrue.simplified.has(node.whenTrue))
      tasks.push({ node: node.whenTrue, scope: whenTrue, arms: undefined });
    if (truth !== true && !whenFalse.simplified.has(node.whenFalse))
      tasks.push({ node: node.whenFalse, scope: whenFalse, arms: undefined });
    if (tasks.length > before) return false;
    const a = whenTrue.simplified.get(node.whenTrue);
    const b = whenFalse.simplified.get(node.whenFalse);
    this.#analyzer.scope = scope;
    const done = a === undefined ? b : b === undefined ? a : this.#analyzer.rebuild(node, [condition, a, b]);
    scope.simplified.set(node, done ?? node);
    return true;
  }

  #armScope(scope: Scope, condition: Expr, truth: boolean): Scope {
    if (condition.kind === "Const" || condition.lanes > 1 || scope.depth >= DEEPEST_SCOPE) return scope;
    const arm = new Scope(scope.ranges, scope);
    this.#analyzer.scope = arm;
    assume(this.#analyzer, condition, truth);
    this.#analyzer.scope = scope;
    return arm;
  }
}

interface Task {
  readonly node: Expr;
  readonly scope: Scope;
  arms: { readonly whenTrue: Scope; readonly whenFalse: Scope } | undefined;
}

/**
 * An equal expression that is not larger and usually simpler. `index` sums get a normal form (like terms merged, constants last);
 * divisions, minima and comparisons are settled by bounds and by facts; wrapping integers and floats change only where the value is
 * exactly the same. Deterministic and idempotent; linear time for practical expressions, whatever their nesting.
 */
export function simplify<E extends Expr>(expr: E, context?: Context): Expr;
export function simplify(expr: Expr, context: Context = {}): Expr {
  return new Simplifier(context).simplify(expr);
}

/** Whether a bool expression is certainly true in a context. False means: not known. */
export function canProve(condition: Expr, context: Context = {}): boolean {
  return new Simplifier(context).proves(condition);
}

/** Whether `condition` follows from `facts`. */
export function entails(facts: readonly Expr[], condition: Expr, ranges: Ranges = new Map()): boolean {
  return canProve(condition, { ranges, facts });
}
