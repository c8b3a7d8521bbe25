import { build, type Expr, isConst, operandsOf, type Var } from "@tilewright/ir";
import { boundsOf, rangeOf } from "./bounds.js";
import type { Term } from "./linear.js";
import { type Context, Simplifier } from "./simplify.js";

/** The values `min ≤ x ≤ max` as expressions; null where nothing bounds them. */
export interface SymbolicInterval {
  readonly min: Expr | null;
  readonly max: Expr | null;
}

/** The domain `min .. min + extent` of a variable; `extent` ≥ 1. */
export interface Domain {
  readonly min: Expr;
  readonly extent: Expr;
}

const NOTHING: SymbolicInterval = { min: null, max: null };
type End = Expr | null;
const lift =
  (f: (a: Expr, b: Expr) => Expr) =>
  (a: End, b: End): End =>
    a === null || b === null ? null : f(a, b);

/**
 * The values that an integer expression takes while the variables of `relaxed` range over their domains, as expressions of all
 * other variables. Exact for affine expressions; sound for divisions, minima, choices and data (a load has the range of its type).
 * Where many are asked for in one context, its `Simplifier` keeps what it has learnt.
 */
export function intervalOf(
  expr: Expr,
  relaxed: ReadonlyMap<Var, Domain>,
  context: Context | Simplifier = {},
): SymbolicInterval {
  return new Relaxation(relaxed, context instanceof Simplifier ? context : new Simplifier(context)).of(expr);
}

/** Finds the intervals of many expressions under one relaxation. */
class Relaxation {
  readonly #relaxed: ReadonlyMap<Var, Domain>;
  readonly #simplifier: Simplifier;
  readonly #done = new Map<Expr, SymbolicInterval>();
  readonly #varies = new Map<Expr, boolean>();

  constructor(relaxed: ReadonlyMap<Var, Domain>, simplifier: Simplifier) {
    this.#relaxed = relaxed;
    this.#simplifier = simplifier;
  }

  of(root: Expr): SymbolicInterval {
    const expr = this.#simplifier.canonical(root);
    const { analyzer } = this.#simplifier;
    const stack: Expr[] = [expr];
    while (stack.length > 0) {
      const node = stack[stack.length - 1] as Expr;
      const needs = this.#done.has(node) ? [] : this.#needs(node).filter((child) => !this.#done.has(child));
      if (needs.length > 0) {
        stack.push(...needs);
        continue;
      }
      stack.pop();
      if (!this.#done.has(node)) this.#done.set(node, this.#node(node));
    }
    const { min, max } = this.#get(expr);
    analyzer.candidate = undefined;
    return { min, max };
  }

  #get(expr: Expr): SymbolicInterval {
    return this.#done.get(expr) ?? NOTHING;
  }

  /** Sums go by their atoms, which may stand deeper than their children. */
  #needs(node: Expr): readonly Expr[] {
    const terms = this.#termsOf(node);
    return terms === undefined ? operandsOf(node) : terms.map(({ atom }) => atom);
  }

  #termsOf(node: Expr): readonly Term[] | undefined {
    if (node.dtype !== "index" || node.lanes !== 1) return undefined;
    const { terms } = this.#simplifier.analyzer.linearOf(node);
    return terms.length === 1 && terms[0]?.atom === node ? undefined : terms;
  }

  #isVarying(node: Expr): boolean {
    const known = this.#varies.get(node);
    if (known !== undefined) return known;
    const varies =
      node.kind === "Var" ? this.#relaxed.has(node) : this.#needs(node).some((child) => this.#isVarying(child));
    this.#varies.set(node, varies);
    return varies;
  }

  #node(node: Expr): SymbolicInterval {
    if (node.kind === "Var" && this.#relaxed.has(node)) return this.#domain(node);
    if (!this.#isVarying(node)) return { min: node, max: node };
    const terms = this.#termsOf(node);
    if (terms !== undefined) return this.#sum(terms, this.#simplifier.analyzer.linearOf(node).constant);
    switch (node.kind) {
      case "Binary":
        return this.#binary(node.op, node.left, node.right, node.dtype === "index") ?? this.#constant(node);
      case "Select":
      case "IfThenElse":
        return this.hull(this.#get(node.whenTrue), this.#get(node.whenFalse));
      default:
        return this.#constant(node);
    }
  }

  #domain(variable: Var): SymbolicInterval {
    const domain = this.#relaxed.get(variable);
    if (domain === undefined) return { min: variable, max: variable };
    const last = build.sub(build.add(domain.min, domain.extent), build.int(1));
    return { min: this.#simplifier.canonical(domain.min), max: this.#simplifier.canonical(last) };
  }

  #sum(terms: readonly Term[], constant: number): SymbolicInterval {
    const add = lift((a, b) => build.add(a, b));
    let min: End = build.int(constant);
    let max: End = min;
    for (const { atom, coefficient } of terms) {
      const own = this.#get(atom);
      const scale = (end: End): End => (end === null ? null : build.mul(end, build.int(coefficient)));
      min = add(min, scale(coefficient > 0 ? own.min : own.max));
      max = add(max, scale(coefficient > 0 ? own.max : own.min));
    }
    return this.#tidy(min, max);
  }

  #tidy(min: End, max: End): SymbolicInterval {
    const tidy = (end: End): End => (end === null ? null : this.#simplifier.canonical(end));
    return { min: tidy(min), max: tidy(max) };
  }

  #binary(op: string, left: Expr, right: Expr, isIndex: boolean): SymbolicInterval | undefined {
    if (!isIndex) return undefined;
    const [a, b] = [this.#get(left), this.#get(right)];
    const monotone = (name: "floordiv" | "min" | "max"): SymbolicInterval => {
      const apply = lift((x, y) => build.binary(name, x, y));
      return this.#tidy(apply(a.min, b.min), apply(a.max, b.max));
    };
    if (op === "min" || op === "max") return this.#oneSided(op, a, b) ?? monotone(op);
    if (op === "mul") return this.#product(a, b, left, right);
    const { min: least } = this.#simplifier.bounds(right);
    if (this.#isVarying(right) || least <= 0) return undefined;
    if (op === "floordiv") return monotone("floordiv");
    return op === "floormod" ? this.#remainder(a, right) : undefined;
  }

  /** A minimum is bounded above by whichever side is bounded; a maximum below. */
  #oneSided(op: "min" | "max", a: SymbolicInterval, b: SymbolicInterval): SymbolicInterval | undefined {
    if (op === "min" && a.max !== null && b.max !== null) return undefined;
    if (op === "max" && a.min !== null && b.min !== null) return undefined;
    const both = lift((x, y) => build.binary(op, x, y));
    return op === "min"
      ? this.#tidy(both(a.min, b.min), a.max ?? b.max)
      : this.#tidy(a.min ?? b.min, both(a.max, b.max));
  }

  /** x mod d stays x − q·d while q = x // d does not change; else it may be anything below d. */
  #remainder(a: SymbolicInterval, divisor: Expr): SymbolicInterval {
    const whole = this.#tidy(build.int(0), build.sub(divisor, build.int(1)));
    if (a.min === null || a.max === null) return whole;
    const quotient = (end: Expr): Expr => build.binary("floordiv", end, divisor);
    if (!this.#simplifier.proves(build.binary("eq", quotient(a.min), quotient(a.max)))) return whole;
    const remainder = (end: Expr): Expr => build.binary("floormod", end, divisor);
    return this.#tidy(remainder(a.min), remainder(a.max));
  }

  #product(a: SymbolicInterval, b: SymbolicInterval, left: Expr, right: Expr): SymbolicInterval {
    const mul = lift((x, y) => build.mul(x, y));
    const [point, other, expr] = this.#isVarying(left) ? [b, a, right] : [a, b, left];
    if (!this.#isVarying(expr)) {
      const { min, max } = this.#simplifier.bounds(expr);
      if (min >= 0) return this.#tidy(mul(point.min, other.min), mul(point.min, other.max));
      if (max <= 0) return this.#tidy(mul(point.min, other.max), mul(point.min, other.min));
    }
    const corners = [mul(a.min, b.min), mul(a.min, b.max), mul(a.max, b.min), mul(a.max, b.max)];
    const fold = (op: "min" | "max"): End => corners.reduce(lift((x, y) => build.binary(op, x, y)));
    return this.#tidy(fold("min"), fold("max"));
  }

  /** Constant bounds over the relaxed domains, as far as they are finite. */
  #constant(node: Expr): SymbolicInterval {
    const ranges = new Map(this.#simplifier.analyzer.scope.ranges);
    for (const [variable, domain] of this.#relaxed) {
      const first = this.#simplifier.bounds(domain.min);
      const last = this.#simplifier.bounds(build.add(domain.min, domain.extent));
      ranges.set(variable, { min: first.min, max: last.max - 1 });
    }
    const { min, max } = node.dtype === "index" ? boundsOf(node, ranges) : rangeOf(node.dtype);
    return { min: Number.isFinite(min) ? build.int(min) : null, max: Number.isFinite(max) ? build.int(max) : null };
  }

  hull(a: SymbolicInterval, b: SymbolicInterval): SymbolicInterval {
    const low = lift((x, y) => build.binary("min", x, y));
    const high = lift((x, y) => build.binary("max", x, y));
    return this.#tidy(low(a.min, b.min), high(a.max, b.max));
  }
}

/** The smallest interval that holds both. */
export function unionOf(a: SymbolicInterval, b: SymbolicInterval, context: Context = {}): SymbolicInterval {
  return new Relaxation(new Map(), new Simplifier(context)).hull(a, b);
}

/** The number of values of an interval, max − min + 1; null when it has no such end. */
export function extentOf({ min, max }: SymbolicInterval, context: Context = {}): Expr | null {
  if (min === null || max === null) return null;
  return new Simplifier(context).simplify(build.add(build.sub(max, min), build.int(1)));
}

/** The least constant that an extent is proved not to exceed; Infinity when there is none. */
export function upperBoundOf(extent: Expr, context: Context = {}): number {
  const { max } = new Simplifier(context).bounds(extent);
  return isConst(extent) ? Number(extent.value) : max;
}
