import type { Expr, Var } from "@tilewright/ir";
import { type Interval, intersect, UNBOUNDED } from "./interval.js";
import type { Term } from "./linear.js";
import { finer, type Modulus } from "./modulus.js";

/** What is known of a sum of terms without constant. */
export interface Direction {
  readonly terms: readonly Term[];
  readonly interval: Interval;
}

/** So many facts, the innermost, are combined with others; all are looked up. */
const MOST_COMBINED = 16;
/** Facts of so many scopes around are seen: nesting may be deep. */
const MOST_SCOPES = 64;

/** Most scopes have no facts, and there are as many as loops. */
const NOTHING: ReadonlyMap<never, never> = new Map<never, never>();

/** The map with one more entry; only `NOTHING` is copied. */
function added<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return map === NOTHING ? new Map([[key, value]]) : (map as Map<K, V>).set(key, value);
}

/**
 * What holds in a part of the program: truth values of conditions, intervals of sums, and ranges of variables. Results of
 * simplification depend on it, so each scope has its own memory of them.
 */
export class Scope {
  /** Shared by all scopes of one analysis: a variable is bound once. */
  readonly ranges: Map<Var, Interval>;
  readonly depth: number;
  readonly simplified = new Map<Expr, Expr>();
  readonly bounds = new Map<Expr, Interval>();
  /** Whether this scope or one around knows residues beyond those that expressions have by themselves. */
  hasResidues: boolean;
  readonly moduli = new Map<Expr, Modulus>();
  /** The nearest scope around that has facts. */
  readonly #outer: Scope | undefined;
  #known: ReadonlyMap<Expr, boolean> = NOTHING;
  #atoms: ReadonlyMap<Expr, Interval> = NOTHING;
  #directions: ReadonlyMap<string, Direction> = NOTHING;
  #residues: ReadonlyMap<Expr, Modulus> = NOTHING;

  constructor(ranges: Map<Var, Interval>, parent?: Scope) {
    this.ranges = ranges;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.#outer = parent === undefined || parent.#hasFacts ? parent : parent.#outer;
    this.hasResidues = parent?.hasResidues ?? false;
  }

  get #hasFacts(): boolean {
    return this.#known.size + this.#atoms.size + this.#directions.size > 0;
  }

  /** The scopes whose facts count, from the inside. */
  *#scopes(): Generator<Scope> {
    let scope: Scope | undefined = this;
    for (let count = 0; scope !== undefined && count < MOST_SCOPES; count++) {
      yield scope;
      scope = scope.#outer;
    }
  }

  /** A condition that has this truth value here. */
  assume(condition: Expr, value: boolean): void {
    this.#known = added(this.#known, condition, value);
  }
  truthOf(condition: Expr): boolean | undefined {
    if (!this.hasFacts) return undefined;
    for (const scope of this.#scopes()) {
      const truth = scope.#known.get(condition);
      if (truth !== undefined) return truth;
    }
    return undefined;
  }

  assumeAtom(atom: Expr, interval: Interval): void {
    this.#atoms = added(this.#atoms, atom, intersect(this.#atoms.get(atom) ?? UNBOUNDED, interval));
  }
  /** What facts say of an atom; its own bounds come on top. */
  atomInterval(atom: Expr): Interval | undefined {
    if (!this.hasFacts) return undefined;
    let found: Interval | undefined;
    for (const scope of this.#scopes()) {
      const here = scope.#atoms.get(atom);
      if (here !== undefined) found = found === undefined ? here : intersect(found, here);
    }
    return found;
  }

  assumeResidue(atom: Expr, modulus: Modulus): void {
    this.#residues = added(this.#residues, atom, finer(modulus, this.#residues.get(atom)));
    this.hasResidues = true;
    this.moduli.clear();
  }
  /** What facts say of the residue of an atom. */
  residueOf(atom: Expr): Modulus | undefined {
    if (!this.hasResidues) return undefined;
    let found: Modulus | undefined;
    for (const scope of this.#scopes()) {
      const here = scope.#residues.get(atom);
      if (here !== undefined) found = finer(here, found);
    }
    return found;
  }

  assumeDirection(key: string, terms: readonly Term[], interval: Interval): void {
    const before = this.#directions.get(key);
    const both = intersect(before?.interval ?? UNBOUNDED, interval);
    this.#directions = added(this.#directions, key, { terms, interval: both });
  }
  directionInterval(key: string): Interval | undefined {
    let found: Interval | undefined;
    for (const scope of this.#scopes()) {
      const here = scope.#directions.get(key)?.interval;
      if (here !== undefined) found = found === undefined ? here : intersect(found, here);
    }
    return found;
  }
  /** The directions to combine with others. */
  directions(): readonly Direction[] {
    const found: Direction[] = [];
    for (const scope of this.#scopes()) {
      for (const direction of scope.#directions.values()) {
        if (found.length >= MOST_COMBINED) return found;
        found.push(direction);
      }
    }
    return found;
  }

  /** Whether this scope or one around has facts at all. */
  get hasFacts(): boolean {
    return this.#outer !== undefined || this.#hasFacts;
  }
}
