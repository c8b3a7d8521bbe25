import { simplify } from "@tilewright/arith";
import {
  type Combiner,
  type Const,
  constant,
  type DType,
  type Expr,
  isConst,
  isFloat,
  isWide,
  substitute,
} from "@tilewright/ir";

type Tuple = readonly Expr[];

/**
 * A counterexample to a law that a combiner must keep, in words; null when there is none among small values. Always: grouping does not
 * matter, and the identity changes nothing. When `reordered`: order does not matter either. Floats are compared up to rounding. What does
 * not come out as constants (functions that targets approximate) is taken on trust.
 */
export function brokenLaw(combiner: Combiner, { reordered }: { readonly reordered: boolean }): string | null {
  const tuples = sampleTuples(combiner.lhs.map(({ dtype }) => dtype));
  const combine = remembered(combiner);
  const law = (left: Expr | Tuple, right: Tuple, what: string): string | null =>
    same(left as Tuple, right) ? null : `${what}: ${shown(left as Tuple)} and ${shown(right)}`;
  for (const a of tuples) {
    const found =
      law(combine(combiner.identities, a), a, `the identity combined with ${shown(a)}, and that itself`) ??
      law(combine(a, combiner.identities), a, `${shown(a)} combined with the identity, and that itself`);
    if (found !== null) return found;
  }
  if (isBuiltIn(combiner)) return null;
  for (const a of tuples) {
    for (const b of tuples) {
      const ab = combine(a, b);
      const swapped = reordered
        ? law(ab, combine(b, a), `${shown(a)} with ${shown(b)}, in this order and the other`)
        : null;
      if (swapped !== null) return swapped;
      for (const c of tuples) {
        const what = `${shown(a)}, ${shown(b)} and ${shown(c)}, grouped to the left and to the right`;
        const found = law(combine(ab, c), combine(a, combine(b, c)), what);
        if (found !== null) return found;
      }
    }
  }
  return null;
}

const LAWFUL: ReadonlySet<string> = new Set(["add", "mul", "min", "max", "and", "or", "bitand", "bitor", "bitxor"]);

/** One operator of both sides, whose laws are known. */
function isBuiltIn({ lhs, rhs, results }: Combiner): boolean {
  const [result] = results;
  if (results.length !== 1 || result?.kind !== "Binary" || !LAWFUL.has(result.op)) return false;
  const sides = new Set<Expr>([result.left, result.right]);
  return sides.size === 2 && sides.has(lhs[0] as Expr) && sides.has(rhs[0] as Expr);
}

/** The combination of two tuples of constants; each pair is evaluated once. */
function remembered({ lhs, rhs, results }: Combiner): (a: Tuple, b: Tuple) => Tuple {
  const known = new Map<string, Tuple>();
  return (a, b) => {
    const key = `${shown(a)} ${shown(b)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const values = new Map([
      ...lhs.map((side, k) => [side, a[k] as Expr] as const),
      ...rhs.map((side, k) => [side, b[k] as Expr] as const),
    ]);
    const result = results.map((expr) => simplify(substitute(expr, values)));
    if (result.every((expr) => isConst(expr))) known.set(key, result);
    return result;
  };
}

/** Few, with equal first components beside different second ones: that is where tuples break ties. */
function sampleTuples(dtypes: readonly DType[]): readonly Tuple[] {
  return [0, 1, 2, 3].map((number) =>
    dtypes.map((dtype, component) => {
      const choice = component === 0 ? number >> 1 : number * (2 * component + 1) + component;
      return sample(dtype, dtypes.length === 1 ? number : choice);
    }),
  );
}

function sample(dtype: DType, choice: number): Const {
  if (dtype === "bool") return constant(choice % 2 === 1, dtype);
  const value = (dtype.startsWith("uint") ? [1, 3, 0, 2, 5] : [1, 3, -2, 0, 2])[choice % 5] ?? 0;
  return constant(isWide(dtype) ? BigInt(value) : value, dtype);
}

/** False only for what certainly differs. */
function same(left: Tuple, right: Tuple): boolean {
  return left.every((a, k) => {
    const b = right[k] as Expr;
    if (!isConst(a) || !isConst(b) || a.value === b.value) return true;
    if (!isFloat(a.dtype)) return false;
    const [x, y] = [Number(a.value), Number(b.value)];
    return Math.abs(x - y) <= 1e-3 * Math.max(1, Math.abs(x), Math.abs(y));
  });
}

function shown(tuple: Tuple): string {
  const parts = tuple.map((expr) => (isConst(expr) ? String(expr.value) : "?"));
  return parts.length === 1 ? (parts[0] ?? "") : `(${parts.join(", ")})`;
}
