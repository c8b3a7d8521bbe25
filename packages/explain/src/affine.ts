import { linearForm } from "@tilewright/arith";
import { type Expr, isConst, operandsOf, type Var } from "@tilewright/ir";

/** Iterations of loops that start at 0, by their variables. */
export type Extents = ReadonlyMap<Var, number>;

/** Σ coefficient · variable + constant. */
export interface Affine {
  readonly terms: ReadonlyMap<Var, number>;
  readonly constant: number;
}

export const rangesOf = (extents: Extents): ReadonlyMap<Var, { readonly min: number; readonly max: number }> =>
  new Map([...extents].map(([loopVar, extent]) => [loopVar, { min: 0, max: Math.max(0, extent - 1) }]));

/** An `index` expression as a sum with constant coefficients over loop variables; undefined when it is none. */
export function affineOf(expr: Expr, extents: Extents): Affine | undefined {
  if (isConst(expr)) return { terms: new Map(), constant: Number(expr.value) };
  if (expr.kind === "Var" && extents.has(expr)) return { terms: new Map([[expr, 1]]), constant: 0 };
  const form = linearForm(expr, extents.keys(), { ranges: rangesOf(extents) });
  if (form === undefined || !isConst(form.rest)) return undefined;
  const terms = new Map<Var, number>();
  for (const [loopVar, coefficient] of form.coefficients) {
    if (!isConst(coefficient)) return undefined;
    terms.set(loopVar, Number(coefficient.value));
  }
  return { terms, constant: Number(form.rest.value) };
}

/** What an expression depends on: loop variables, and whether anything else that may change (data, registers). */
export function dependenciesOf(
  expr: Expr,
  extents: Extents,
): { readonly loops: ReadonlySet<Var>; readonly onData: boolean } {
  const loops = new Set<Var>();
  const seen = new Set<Expr>();
  let onData = false;
  const stack: Expr[] = [expr];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "Var" && extents.has(node)) loops.add(node);
    else if (node.kind === "Var" || node.kind === "Load" || node.kind === "Call") onData = true;
    stack.push(...operandsOf(node));
  }
  return { loops, onData };
}
