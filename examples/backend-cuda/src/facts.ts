import { type Expr, isConst, type Var } from "@tilewright/ir";

/** What is known of an index: a power of two that divides it, and whether it is never negative. */
interface Fact {
  readonly multiple: number;
  readonly nonNegative: boolean;
}

const NOTHING: Fact = { multiple: 1, nonNegative: false };
/** Alignments beyond this are of no use. */
const MOST = 4096;

/**
 * Facts about the index expressions of one function. Multiples tell which neighbours in memory are aligned as a vector; signs tell where
 * C's division is the IR's.
 */
export class Facts {
  readonly #variables = new Map<Var, Fact>();
  #known = new Map<Expr, Fact>();

  /** A variable that stands for `value` from here on. */
  bind(variable: Var, value: Expr): void {
    this.#variables.set(variable, this.#of(value));
  }

  /** A variable that counts up from `min`. */
  bindLoop(variable: Var, min: Expr): void {
    this.#variables.set(variable, { multiple: 1, nonNegative: this.#of(min).nonNegative });
  }

  /** A variable that begins as one value and is assigned others, which may depend on it. */
  bindRegister(variable: Var, initial: Expr, assigned: readonly Expr[]): void {
    let before: Fact | null = null;
    let fact = this.#of(initial);
    while (before === null || before.multiple !== fact.multiple || before.nonNegative !== fact.nonNegative) {
      before = fact;
      this.#variables.set(variable, fact);
      this.#known = new Map();
      for (const value of assigned) fact = either(fact, this.#of(value));
    }
  }

  /** A power of two, at most 4096, that divides the value. */
  multipleOf(expr: Expr): number {
    return this.#of(expr).multiple;
  }

  isNonNegative(expr: Expr): boolean {
    return this.#of(expr).nonNegative;
  }

  #of(expr: Expr): Fact {
    const known = this.#known.get(expr);
    if (known !== undefined) return known;
    const fact = this.#find(expr);
    this.#known.set(expr, fact);
    return fact;
  }

  #find(expr: Expr): Fact {
    if (expr.kind === "Const") {
      const value = Number(expr.value);
      return { multiple: powerOfTwoIn(value), nonNegative: value >= 0 };
    }
    if (expr.kind === "Var") return this.#variables.get(expr) ?? NOTHING;
    if (expr.kind !== "Binary" || expr.left.dtype !== "index") return NOTHING;
    const [a, b] = [this.#of(expr.left), this.#of(expr.right)];
    const both = either(a, b);
    const divisor = isConst(expr.right) ? Number(expr.right.value) : 0;
    switch (expr.op) {
      case "add":
      case "min":
        return both;
      case "sub":
        return { ...both, nonNegative: false };
      case "max":
        return { ...both, nonNegative: a.nonNegative || b.nonNegative };
      case "mul":
        return { ...both, multiple: Math.min(MOST, a.multiple * b.multiple) };
      case "floordiv":
        return {
          multiple: divisor === b.multiple ? Math.max(1, a.multiple / divisor) : 1,
          nonNegative: a.nonNegative && divisor > 0,
        };
      case "floormod":
        return { ...both, nonNegative: divisor > 0 };
      default:
        return NOTHING;
    }
  }
}

/** What holds of both. */
const either = (a: Fact, b: Fact): Fact => ({
  multiple: Math.min(a.multiple, b.multiple),
  nonNegative: a.nonNegative && b.nonNegative,
});

/** The largest power of two, at most `MOST`, that divides `value`. */
export function powerOfTwoIn(value: number): number {
  let power = 1;
  while (power < MOST && value % (2 * power) === 0) power *= 2;
  return power;
}
