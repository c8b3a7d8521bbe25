import type { Expr } from "@tilewright/ir";
import { atomLinear, constantLinear, type Linear, type Term } from "./linear.js";
import { Nodes } from "./nodes.js";

/** Factors of a product beyond so many are one. */
const MOST_FACTORS = 8;

/** Translates between `index` expressions and their normal forms. Equal sums are one expression, whatever the order of their terms. */
export class Sums extends Nodes {
  readonly #linear = new Map<Expr, Linear>();
  readonly #sums = new Map<string, Expr>();
  readonly #products = new Map<string, Expr>();

  /** The normal form of a scalar `index` expression. */
  linearOf(expr: Expr): Linear {
    if (expr.kind === "Const") return constantLinear(Number(expr.value) + 0);
    const known = this.#linear.get(expr);
    if (known !== undefined) return known;
    const made = atomLinear(expr);
    this.#linear.set(expr, made);
    return made;
  }

  /** Whether an expression is a sum or a multiple, not an atom. */
  isSum(expr: Expr): boolean {
    return this.#linear.has(expr) && this.linearOf(expr).terms[0]?.atom !== expr;
  }

  /** A sum that has grown too long to be taken apart. */
  longAsAtom(expr: Expr): Linear {
    const linear = this.linearOf(expr);
    return linear.terms.length <= 1 ? linear : atomLinear(expr);
  }

  /** The expression of a normal form: positive terms first, the constant last. */
  fromLinear(linear: Linear): Expr {
    const { terms, constant } = linear;
    const [only] = terms;
    if (only === undefined) return this.int(constant);
    if (terms.length === 1 && constant === 0) return this.#scaled(only);
    const key = this.#keyOf(terms, constant);
    const known = this.#sums.get(key);
    if (known !== undefined) return known;
    const built = this.#build(terms, constant);
    this.#sums.set(key, built);
    this.#linear.set(built, linear);
    return built;
  }

  #keyOf(terms: readonly Term[], constant: number): string {
    const part = ({ atom, coefficient }: Term): string => `${this.interner.id(atom)}:${coefficient}`;
    const [first] = terms;
    if (first === undefined || terms.length === 1)
      return first === undefined ? `${constant}` : `${part(first)} ${constant}`;
    return `${terms.map(part).sort().join(" ")} ${constant}`;
  }

  #build(terms: readonly Term[], constant: number): Expr {
    const first = terms.find(({ coefficient }) => coefficient > 0);
    const fromConstant = first === undefined && constant !== 0;
    const start = first ?? terms[0];
    let sum = fromConstant || start === undefined ? this.int(constant) : this.#scaled(start);
    for (const term of terms) {
      if (term === start && !fromConstant) continue;
      const { atom, coefficient } = term;
      sum = this.plain(
        coefficient < 0 ? "sub" : "add",
        sum,
        this.#scaled({ atom, coefficient: Math.abs(coefficient) }),
      );
    }
    if (fromConstant || constant === 0) return sum;
    return this.plain(constant < 0 ? "sub" : "add", sum, this.int(Math.abs(constant)));
  }

  #scaled(term: Term): Expr {
    if (term.coefficient === 1) return term.atom;
    const made = this.plain("mul", term.atom, this.int(term.coefficient));
    if (!this.#linear.has(made)) this.#linear.set(made, { terms: [term], constant: 0 });
    return made;
  }

  /** The factors of an atom that is a product. */
  factorsOf(atom: Expr): readonly Expr[] {
    const factors: Expr[] = [];
    let rest = atom;
    while (rest.kind === "Binary" && rest.op === "mul" && rest.lanes === 1 && factors.length < MOST_FACTORS) {
      factors.unshift(rest.right);
      rest = rest.left;
    }
    return [rest, ...factors];
  }

  /** The product of atoms, one expression whatever their order; 1 of none. */
  monomial(factors: readonly Expr[]): Expr {
    const [first, ...others] = factors;
    if (first === undefined) return this.int(1);
    const ids = factors.map((factor) => this.interner.id(factor));
    const key = ids.sort((a, b) => a - b).join(" ");
    const known = this.#products.get(key);
    if (known !== undefined) return known;
    const built = others.reduce((product, factor) => this.plain("mul", product, factor), first);
    this.#products.set(key, built);
    return built;
  }
}
