import { type Expr, type Reduce, structuralEqual } from "@tilewright/ir";

/**
 * Which bodies of a stage fold together: the components of one tuple (same combiner, same values) do, any other reduction folds alone.
 * Gives the numbers of the bodies, fold by fold.
 */
export function foldsOf(bodies: readonly Reduce[]): readonly (readonly number[])[] {
  const folds: number[][] = [];
  for (const [number, body] of bodies.entries()) {
    const together = folds.find((fold) => {
      const first = bodies[fold[0] ?? 0] as Reduce;
      if (body.combiner.results.length === 1 || first.combiner !== body.combiner) return false;
      if (fold.some((other) => bodies[other]?.valueIndex === body.valueIndex)) return false;
      return equalLists(first.sources, body.sources) && equalConditions(first.condition, body.condition);
    });
    if (together === undefined) folds.push([number]);
    else together.push(number);
  }
  return folds;
}

const equalConditions = (a: Expr | null, b: Expr | null): boolean =>
  a === b || (a !== null && b !== null && structuralEqual(a, b));
const equalLists = (a: readonly Expr[], b: readonly Expr[]): boolean =>
  a === b || (a.length === b.length && a.every((expr, k) => structuralEqual(expr, b[k] as Expr)));

/** The bodies, and after them the components of tuples that no body asks for: a fold needs them all. */
export function withWholeTuples(bodies: readonly Expr[]): readonly Expr[] {
  if (!bodies.every((body) => body.kind === "Reduce")) return bodies;
  const reduces = bodies as readonly Reduce[];
  const missing = foldsOf(reduces).flatMap((fold) => {
    const first = reduces[fold[0] ?? 0] as Reduce;
    const present = new Set(fold.map((number) => reduces[number]?.valueIndex));
    return first.combiner.results.flatMap((result, valueIndex) =>
      present.has(valueIndex) ? [] : [{ ...first, valueIndex, dtype: result.dtype }],
    );
  });
  return missing.length === 0 ? bodies : [...bodies, ...missing];
}
