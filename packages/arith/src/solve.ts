import { type BinaryOp, type Expr, isConst, type Var } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { addLinear, constantLinear, type Linear, scaleLinear, type Term } from "./linear.js";
import { usesAny } from "./linear-form.js";
import { type Context, Simplifier } from "./simplify.js";

/** The integers `min ≤ variable ≤ max`; null where there is no such end. Both ends are free of the variable. */
export interface Solution {
  readonly min: Expr | null;
  readonly max: Expr | null;
  /** What else must hold and does not depend on the variable; null: nothing. */
  readonly remainder: Expr | null;
}

const ALWAYS: Solution = { min: null, max: null, remainder: null };

/** Choices and clamps nested deeper than this are not looked into. */
const DEEPEST = 64;

/**
 * Solves a condition for one `index` variable: it holds exactly when `remainder` does and the variable lies between the ends.
 * Understands comparisons but `ne` of what is affine in the variable, of its floor divisions by positive constants, and of minima and
 * maxima of such; conjunctions; alternatives whose union is surely an interval; and negations of these. A condition free of the variable is a remainder.
 * @returns `undefined` when the condition has another form, as x mod c = r, which no interval is
 */
export function solveFor(condition: Expr, variable: Var, context: Context = {}): Solution | undefined {
  const simplifier = new Simplifier(context);
  const found = new Solver(simplifier, variable).of(simplifier.canonical(condition), true, 0);
  if (found === undefined) return undefined;
  const tidy = (end: Expr | null): Expr | null => (end === null ? null : simplifier.canonical(end));
  return { min: tidy(found.min), max: tidy(found.max), remainder: found.remainder };
}

type Order = "lt" | "le" | "gt" | "ge" | "eq";
const NEGATION: { readonly [Op in BinaryOp]?: Order | "ne" } = { lt: "ge", le: "gt", gt: "le", ge: "lt", ne: "eq" };

class Solver {
  readonly #simplifier: Simplifier;
  readonly #analyzer: Analyzer;
  readonly #variable: ReadonlySet<Var>;

  constructor(simplifier: Simplifier, variable: Var) {
    this.#simplifier = simplifier;
    this.#analyzer = simplifier.analyzer;
    this.#variable = new Set([variable]);
  }

  /** Where a condition has the truth value `truth`. */
  of(root: Expr, truth: boolean, depth: number): Solution | undefined {
    if (depth > DEEPEST) return undefined;
    let found: Solution | undefined = ALWAYS;
    const stack: [Expr, boolean][] = [[root, truth]];
    for (let next = stack.pop(); next !== undefined && found !== undefined; next = stack.pop()) {
      const [node, wanted] = next;
      if (node.kind === "Unary" && node.op === "not") stack.push([node.operand, !wanted]);
      else if (node.kind === "Binary" && node.lanes === 1 && node.op === (wanted ? "and" : "or"))
        stack.push([node.right, wanted], [node.left, wanted]);
      else {
        const one = this.#single(node, wanted, depth);
        found = one && this.#meet(found, one);
      }
    }
    return found;
  }

  #single(node: Expr, wanted: boolean, depth: number): Solution | undefined {
    if (!usesAny(node, this.#variable)) return this.#free(wanted ? node : this.#analyzer.unary("not", node));
    if (node.kind !== "Binary" || node.lanes !== 1) return undefined;
    if (node.op === "and" || node.op === "or")
      return this.#union(this.of(node.left, wanted, depth + 1), this.of(node.right, wanted, depth + 1));
    const op = wanted ? node.op : NEGATION[node.op];
    if (op === undefined || node.left.dtype !== "index") return undefined;
    const [left, right] = [this.#analyzer.linearOf(node.left), this.#analyzer.linearOf(node.right)];
    const atMost = (a: Linear, b: Linear, slack: number): Solution | undefined => {
      const difference = addLinear(a, b, -1);
      const sum = difference && addLinear(difference, constantLinear(slack));
      return sum && this.#atMostZero(sum, depth);
    };
    if (op === "lt" || op === "le") return atMost(left, right, op === "lt" ? 1 : 0);
    if (op === "gt" || op === "ge") return atMost(right, left, op === "gt" ? 1 : 0);
    return op === "eq" ? this.#both(atMost(left, right, 0), atMost(right, left, 0)) : undefined;
  }

  #free(condition: Expr): Solution {
    return isConst(condition) && condition.value === true ? ALWAYS : { ...ALWAYS, remainder: condition };
  }

  #both(a: Solution | undefined, b: Solution | undefined): Solution | undefined {
    return a && b && this.#meet(a, b);
  }

  #meet(a: Solution, b: Solution): Solution {
    return {
      min: this.#join("max", a.min, b.min),
      max: this.#join("min", a.max, b.max),
      remainder: this.#join("and", a.remainder, b.remainder),
    };
  }

  #join(op: "min" | "max" | "and", a: Expr | null, b: Expr | null): Expr | null {
    return a === null ? b : b === null ? a : this.#analyzer.binary(op, a, b);
  }

  /** The union of intervals of which neither ends before the other begins is their hull; where one is empty that is the other. */
  #union(a: Solution | undefined, b: Solution | undefined): Solution | undefined {
    if (a === undefined || b === undefined) return undefined;
    const isNever = ({ remainder }: Solution): boolean =>
      remainder !== null && isConst(remainder) && remainder.value === false;
    const isAlways = ({ min, max, remainder }: Solution): boolean => min === null && max === null && remainder === null;
    if (isNever(a) || isAlways(b)) return b;
    if (isNever(b) || isAlways(a)) return a;
    if (a.remainder !== b.remainder || !this.#reaches(a, b) || !this.#reaches(b, a)) return undefined;
    const hull = (op: "min" | "max", x: Expr | null, y: Expr | null): Expr | null =>
      x === null || y === null ? null : this.#analyzer.binary(op, x, y);
    return { min: hull("min", a.min, b.min), max: hull("max", a.max, b.max), remainder: a.remainder };
  }

  #reaches({ max }: Solution, { min }: Solution): boolean {
    if (max === null || min === null) return true;
    const next = this.#analyzer.binary("add", max, this.#analyzer.int(1));
    return this.#simplifier.proves(this.#analyzer.binary("ge", next, min));
  }

  /** sum ≤ 0. */
  #atMostZero(sum: Linear, depth: number): Solution | undefined {
    if (depth > DEEPEST) return undefined;
    const analyzer = this.#analyzer;
    const isVarying = ({ atom }: Term): boolean => usesAny(atom, this.#variable);
    const varying = sum.terms.filter(isVarying);
    const rest = { terms: sum.terms.filter((term) => !varying.includes(term)), constant: sum.constant };
    const [first] = varying;
    if (first === undefined) return this.#free(analyzer.binary("le", analyzer.fromLinear(sum), analyzer.int(0)));
    const limit = scaleLinear(rest, -1);
    if (limit === undefined) return undefined;
    if (varying.length > 1 || first.atom.kind === "Var" || (first.atom.kind === "Binary" && first.atom.op === "mul"))
      return this.#affine(varying, analyzer.fromLinear(limit));
    const size = analyzer.int(Math.abs(first.coefficient));
    const most = analyzer.linearOf(analyzer.binary("floordiv", analyzer.fromLinear(limit), size));
    return this.#atom(first.atom, Math.sign(first.coefficient), most, depth);
  }

  /** sign · atom ≤ most. */
  #atom(atom: Expr, sign: number, most: Linear, depth: number): Solution | undefined {
    if (atom.kind !== "Binary" || atom.lanes !== 1) return undefined;
    const below = (side: Expr, scale: number, slack: number): Solution | undefined => {
      const left = scaleLinear(this.#analyzer.linearOf(side), sign);
      const difference = left && addLinear(left, most, -scale);
      const sum = difference && addLinear(difference, constantLinear(slack), -1);
      return sum && this.#atMostZero(sum, depth + 1);
    };
    if (atom.op === "min" || atom.op === "max") {
      const sides = [below(atom.left, 1, 0), below(atom.right, 1, 0)] as const;
      return (atom.op === "max") === sign > 0 ? this.#both(...sides) : this.#union(...sides);
    }
    if (atom.op !== "floordiv" || atom.right.kind !== "Const") return undefined;
    const divisor = Number(atom.right.value);
    return divisor > 0 ? below(atom.left, divisor, sign > 0 ? divisor - 1 : 0) : undefined;
  }

  /** Σ coefficient · variable ≤ limit, where the coefficients may be loop-invariant and their sum has a sign. */
  #affine(terms: readonly Term[], limit: Expr): Solution | undefined {
    const analyzer = this.#analyzer;
    const isOwn = (factor: Expr): boolean => factor.kind === "Var" && this.#variable.has(factor);
    let total = analyzer.int(0);
    for (const { atom, coefficient } of terms) {
      const factors = analyzer.factorsOf(atom);
      const others = factors.filter((factor) => !isOwn(factor));
      if (others.length !== factors.length - 1 || others.some((factor) => usesAny(factor, this.#variable)))
        return undefined;
      total = analyzer.binary(
        "add",
        total,
        analyzer.binary("mul", analyzer.monomial(others), analyzer.int(coefficient)),
      );
    }
    const { min, max } = analyzer.bounds(total);
    if (min > 0) return { ...ALWAYS, max: analyzer.binary("floordiv", limit, total) };
    if (max >= 0) return undefined;
    const opposite = analyzer.binary("sub", analyzer.int(0), total);
    return { ...ALWAYS, min: analyzer.binary("sub", analyzer.int(0), analyzer.binary("floordiv", limit, opposite)) };
  }
}
