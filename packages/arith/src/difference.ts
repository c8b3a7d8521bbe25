import type { Binary } from "@tilewright/ir";
import {
  addIntervals,
  hull,
  type Interval,
  intersect,
  maxIntervals,
  minIntervals,
  scaleInterval,
  UNBOUNDED,
} from "./interval.js";
import type { Knowledge } from "./knowledge.js";
import { addLinear, type Linear, scaleLinear, type Term } from "./linear.js";

type Extremum = Binary & { readonly op: "min" | "max" };
const extremumOf = ({ atom }: Term): Extremum | undefined =>
  atom.kind === "Binary" && atom.lanes === 1 && (atom.op === "min" || atom.op === "max")
    ? (atom as Extremum)
    : undefined;

/**
 * Bounds of sums with clamps, whose arms share terms with the rest. One clamp: k·min(a, b) + r lies between those of k·a + r and
 * k·b + r. Two of a kind with opposite signs: min(a, b) − min(c, d) lies in the hull of a − c and b − d, since no clamp stretches.
 */
export function differenceBounds(known: Knowledge, sum: Linear, depth: number): Interval {
  const clamps = sum.terms.filter((term) => extremumOf(term) !== undefined);
  if (clamps.length === 0 || clamps.length > 4) return UNBOUNDED;
  let found = UNBOUNDED;
  for (const term of clamps) {
    found = intersect(found, expand(known, sum, term, depth));
    const partner = clamps.find(
      (other) => other.coefficient === -term.coefficient && extremumOf(other)?.op === extremumOf(term)?.op,
    );
    if (partner !== undefined && term.coefficient > 0) found = intersect(found, pair(known, sum, term, partner, depth));
  }
  return found;
}

const without = (sum: Linear, ...removed: readonly Term[]): Linear => ({
  terms: sum.terms.filter((term) => !removed.includes(term)),
  constant: sum.constant,
});

function expand(known: Knowledge, sum: Linear, term: Term, depth: number): Interval {
  const clamp = extremumOf(term);
  if (clamp === undefined) return UNBOUNDED;
  const arm = (side: Binary["left"]): Interval => {
    const scaled = scaleLinear(known.linearOf(side), term.coefficient);
    const whole = scaled && addLinear(without(sum, term), scaled);
    return whole === undefined ? UNBOUNDED : known.linearBounds(whole, depth + 3);
  };
  const smaller = (clamp.op === "min") === term.coefficient > 0;
  return smaller ? minIntervals(arm(clamp.left), arm(clamp.right)) : maxIntervals(arm(clamp.left), arm(clamp.right));
}

function pair(known: Knowledge, sum: Linear, term: Term, partner: Term, depth: number): Interval {
  const [one, other] = [extremumOf(term), extremumOf(partner)];
  if (one === undefined || other === undefined) return UNBOUNDED;
  const gap = (a: Binary["left"], b: Binary["left"]): Interval => {
    const linear = addLinear(known.linearOf(a), known.linearOf(b), -1);
    return linear === undefined ? UNBOUNDED : known.linearBounds(linear, depth + 3);
  };
  const straight = hull(gap(one.left, other.left), gap(one.right, other.right));
  const crossed = hull(gap(one.left, other.right), gap(one.right, other.left));
  const rest = known.linearBounds(without(sum, term, partner), depth + 3);
  return addIntervals(rest, scaleInterval(intersect(straight, crossed), term.coefficient));
}
