import type { Expr } from "@tilewright/ir";
import { nodeBounds, rangeOf } from "./bounds.js";
import { differenceBounds } from "./difference.js";
import { addIntervals, type Interval, intersect, point, scaleInterval, UNBOUNDED } from "./interval.js";
import { addLinear, contentOf, type Linear, type Term } from "./linear.js";
import { finer, type Modulus, nodeModulus } from "./modulus.js";
import type { Scope } from "./scope.js";
import { Sums } from "./sums.js";

/** Below this nesting an expression has the bounds of its type. */
const DEEPEST_BOUNDS = 64;
/** How deep bounds of sums lead to bounds of other sums. */
const DEEPEST_FACTS = 2;
const DEEPEST_DIFFERENCES = 8;

const EVERY_INTEGER: Modulus = { modulus: 1, remainder: 0 };

/** What is known of simplified expressions: constant bounds, from ranges and facts of the present scope, and residue classes. */
export class Knowledge extends Sums {
  scope: Scope;
  readonly #modulus = new Map<Expr, Modulus>();

  constructor(scope: Scope) {
    super();
    this.scope = scope;
  }

  /** Constant bounds in the present scope. */
  bounds(expr: Expr, depth = 0): Interval {
    if (expr.kind === "Const" && typeof expr.value === "number") return point(expr.value);
    const known = this.scope.bounds.get(expr);
    if (known !== undefined) return known;
    if (depth > DEEPEST_BOUNDS) return rangeOf(expr.dtype);
    const found = this.isSum(expr) ? this.linearBounds(this.linearOf(expr), depth) : this.#atomBounds(expr, depth);
    this.scope.bounds.set(expr, found);
    return found;
  }

  #atomBounds(expr: Expr, depth: number): Interval {
    const own = nodeBounds(expr, (child) => this.bounds(child, depth + 1), this.scope.ranges);
    const facts = this.scope.atomInterval(expr);
    return facts === undefined ? own : intersect(own, facts);
  }

  /** Bounds of a sum: of its terms, of what facts say of it, of differences of clamps. */
  linearBounds(linear: Linear, depth = 0): Interval {
    let found = point(linear.constant);
    for (const { atom, coefficient } of linear.terms) {
      found = addIntervals(found, scaleInterval(this.bounds(atom, depth + 1), coefficient));
    }
    if (linear.terms.length < 2 || found.min === found.max) return found;
    if (this.scope.hasFacts) found = intersect(found, this.#factBounds(linear, depth));
    return depth > DEEPEST_DIFFERENCES ? found : intersect(found, differenceBounds(this, linear, depth));
  }

  #factBounds(linear: Linear, depth: number): Interval {
    const { key, factor } = this.direction(linear.terms);
    const direct = this.scope.directionInterval(key);
    let found = direct === undefined ? UNBOUNDED : addIntervals(scaleInterval(direct, factor), point(linear.constant));
    if (depth > DEEPEST_FACTS || linear.terms.length > 8) return found;
    for (const { terms, interval } of this.scope.directions()) {
      const [first] = terms;
      const shared = linear.terms.find(({ atom }) => atom === first?.atom);
      if (first === undefined || shared === undefined || terms.length > linear.terms.length + 1) continue;
      const times = shared.coefficient / first.coefficient;
      const rest = Number.isInteger(times) ? addLinear(linear, { terms, constant: 0 }, -times) : undefined;
      if (rest === undefined || rest.terms.length >= linear.terms.length) continue;
      found = intersect(found, addIntervals(this.linearBounds(rest, depth + 1), scaleInterval(interval, times)));
    }
    return found;
  }

  /** Bounds of left − right. */
  difference(left: Expr, right: Expr): Interval {
    const linear = addLinear(this.linearOf(left), this.linearOf(right), -1);
    return linear === undefined ? UNBOUNDED : this.linearBounds(linear);
  }

  /** A sum of terms without its common factor and with its first atom positive, as a key. */
  direction(terms: readonly Term[]): {
    readonly key: string;
    readonly factor: number;
    readonly terms: readonly Term[];
  } {
    const ordered = [...terms].sort((a, b) => this.interner.id(a.atom) - this.interner.id(b.atom));
    const factor = contentOf(ordered) * ((ordered[0]?.coefficient ?? 1) < 0 ? -1 : 1);
    const normal = ordered.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient / factor }));
    const key = normal.map(({ atom, coefficient }) => `${this.interner.id(atom)}:${coefficient}`).join(" ");
    return { key, factor, terms: normal };
  }

  /** The residue class of a simplified expression in the present scope. */
  modulus(expr: Expr, depth = 0): Modulus {
    const cache = this.scope.hasResidues ? this.scope.moduli : this.#modulus;
    const known = cache.get(expr);
    if (known !== undefined) return known;
    if (depth > DEEPEST_BOUNDS) return EVERY_INTEGER;
    const own = nodeModulus(expr, (child) => this.modulus(child, depth + 1), new Map());
    const found = finer(own, this.scope.residueOf(expr));
    cache.set(expr, found);
    return found;
  }
}
