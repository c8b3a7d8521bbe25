import type { Expr } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { floorModulo } from "./integers.js";
import { addLinear, atomLinear, type Linear, scaleLinear, type Term } from "./linear.js";

/** How often a sum is rewritten at most. */
const ROUNDS = 8;

/**
 * Sums whose terms belong together: k·d·(x // d) + k·(x mod d) = k·x; k·x − k·d·(x // d) = k·(x mod d);
 * k·d·(x // d) = k·(x − r) where x is known to be r modulo d; and min(a, b) + t = min(a + t, b + t) where t cancels terms of a or b.
 */
export function recompose(analyzer: Analyzer, sum: Linear): Linear {
  let found = analyzer.scope.hasResidues ? joinWhole(analyzer, sum) : sum;
  for (let round = 0; round < ROUNDS && found.terms.length > 1; round++) {
    const next = joinDivisions(analyzer, found) ?? joinRemainder(analyzer, found) ?? cancelInExtremum(analyzer, found);
    if (next === undefined) return found;
    found = next;
  }
  return found;
}

interface Division {
  readonly dividend: Expr;
  readonly divisor: Expr;
  readonly d: number;
}

function divisionOf(atom: Expr, op: "floordiv" | "floormod"): Division | undefined {
  if (atom.kind !== "Binary" || atom.op !== op || atom.lanes !== 1 || atom.right.kind !== "Const") return undefined;
  const d = Number(atom.right.value);
  return d > 0 ? { dividend: atom.left, divisor: atom.right, d } : undefined;
}

function replace(sum: Linear, removed: readonly Term[], added: Linear | undefined): Linear | undefined {
  const rest: Linear = { terms: sum.terms.filter((term) => !removed.includes(term)), constant: sum.constant };
  return added === undefined ? undefined : addLinear(rest, added);
}

function joinWhole(analyzer: Analyzer, sum: Linear): Linear {
  let found = sum;
  for (const term of sum.terms) {
    const division = divisionOf(term.atom, "floordiv");
    if (division === undefined || term.coefficient % division.d !== 0) continue;
    const { modulus, remainder } = analyzer.modulus(division.dividend);
    if (modulus === 0 || modulus % division.d !== 0) continue;
    const whole = addLinear(analyzer.linearOf(division.dividend), {
      terms: [],
      constant: -floorModulo(remainder, division.d),
    });
    const without: Linear = { terms: found.terms.filter(({ atom }) => atom !== term.atom), constant: found.constant };
    found = (whole && addLinear(without, whole, term.coefficient / division.d)) ?? found;
  }
  return found;
}

function joinDivisions(analyzer: Analyzer, sum: Linear): Linear | undefined {
  const isQuotient = ({ atom }: Term): boolean => divisionOf(atom, "floordiv") !== undefined;
  if (!sum.terms.some(isQuotient)) return undefined;
  for (const term of sum.terms) {
    const remainder = divisionOf(term.atom, "floormod");
    if (remainder === undefined) continue;
    const quotient = analyzer.linearOf(analyzer.binary("floordiv", remainder.dividend, remainder.divisor));
    const [part] = quotient.terms;
    if (part === undefined || quotient.terms.length !== 1 || quotient.constant !== 0) continue;
    const wanted = part.coefficient * remainder.d * term.coefficient;
    const partner = sum.terms.find(({ atom, coefficient }) => atom === part.atom && coefficient === wanted);
    if (partner === undefined) continue;
    const joined = scaleLinear(analyzer.linearOf(remainder.dividend), term.coefficient);
    const next = replace(sum, [term, partner], joined);
    if (next !== undefined) return next;
  }
  return undefined;
}

function joinRemainder(analyzer: Analyzer, sum: Linear): Linear | undefined {
  for (const term of sum.terms) {
    const division = divisionOf(term.atom, "floordiv");
    if (division === undefined || term.coefficient % division.d !== 0) continue;
    const k = -term.coefficient / division.d;
    const dividend = scaleLinear(analyzer.linearOf(division.dividend), k);
    const parts = dividend?.terms.map(({ atom, coefficient }) =>
      sum.terms.find((each) => each.atom === atom && each.coefficient === coefficient),
    );
    if (dividend === undefined || parts === undefined || parts.includes(undefined)) continue;
    const remainder = analyzer.linearOf(analyzer.binary("floormod", division.dividend, division.divisor));
    const scaled = scaleLinear(remainder, k);
    const replaced = replace(sum, [term, ...(parts as Term[])], scaled);
    const next = replaced && addLinear(replaced, { terms: [], constant: dividend.constant }, -1);
    if (next !== undefined && next.terms.length < sum.terms.length) return next;
  }
  return undefined;
}

function cancelInExtremum(analyzer: Analyzer, sum: Linear): Linear | undefined {
  for (const term of sum.terms) {
    const { atom, coefficient } = term;
    if (atom.kind !== "Binary" || (atom.op !== "min" && atom.op !== "max") || Math.abs(coefficient) !== 1) continue;
    const arms = [analyzer.linearOf(atom.left), analyzer.linearOf(atom.right)];
    const cancels = (other: Term): boolean =>
      arms.some((arm) =>
        arm.terms.some((inner) => inner.atom === other.atom && inner.coefficient * coefficient === -other.coefficient),
      );
    const moved = sum.terms.filter((other) => other !== term && cancels(other));
    if (moved.length === 0) continue;
    const shift: Linear = { terms: moved, constant: 0 };
    const [left, right] = arms.map((arm) => addLinear(arm, shift, coefficient));
    if (left === undefined || right === undefined) continue;
    const inner = analyzer.binary(atom.op, analyzer.fromLinear(left), analyzer.fromLinear(right));
    const added = inner === atom ? atomLinear(inner) : analyzer.linearOf(inner);
    return replace(sum, [term, ...moved], scaleLinear(added, coefficient));
  }
  return undefined;
}
