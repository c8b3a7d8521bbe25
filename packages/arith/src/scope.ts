import type { Expr } from "@tilewright/ir";
import type { Ranges } from "./bounds.js";
import { type Interval, intersect, UNBOUNDED } from "./interval.js";
import type { Term } from "./linear.js";

/** What is known of a sum of terms without constant. */
export interface Direction {
  readonly terms: readonly Term[];
  readonly interval: Interval;
}

/** Directions beyond so many are not combined with others, only looked up. */
const MOST_COMBINED = 16;

/**
 * What holds in a part of the program: ranges of variables, truth values of conditions, intervals of sums. Results of simplification
 * depend on it, so each scope has its own memory of them.
 */
export class Scope {
  readonly ranges: Ranges;
  readonly depth: number;
  readonly simplified = new Map<Expr, Expr>();
  readonly bounds = new Map<Expr, Interval>();
  readonly #known: Map<Expr, boolean>;
  readonly #atoms: Map<Expr, Interval>;
  readonly #directions: Map<string, Direction>;

  constructor(ranges: Ranges, parent?: Scope) {
    this.ranges = ranges;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.#known = new Map(parent === undefined ? [] : parent.#known);
    this.#atoms = new Map(parent === undefined ? [] : parent.#atoms);
    this.#directions = new Map(parent === undefined ? [] : parent.#directions);
  }

  /** A condition that has this truth value here. */
  assume(condition: Expr, value: boolean): void {
    this.#known.set(condition, value);
  }
  truthOf(condition: Expr): boolean | undefined {
    return this.#known.get(condition);
  }

  assumeAtom(atom: Expr, interval: Interval): void {
    this.#atoms.set(atom, intersect(this.#atoms.get(atom) ?? UNBOUNDED, interval));
  }
  /** What facts say of an atom; its own bounds come on top. */
  atomInterval(atom: Expr): Interval | undefined {
    return this.#atoms.get(atom);
  }

  assumeDirection(key: string, terms: readonly Term[], interval: Interval): void {
    const before = this.#directions.get(key);
    this.#directions.set(key, { terms, interval: intersect(before?.interval ?? UNBOUNDED, interval) });
  }
  directionInterval(key: string): Interval | undefined {
    return this.#directions.get(key)?.interval;
  }
  /** The directions to combine with others. */
  directions(): readonly Direction[] {
    return this.#directions.size > MOST_COMBINED ? [] : [...this.#directions.values()];
  }
  get hasDirections(): boolean {
    return this.#directions.size > 0;
  }
}
