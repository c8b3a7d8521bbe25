import { floorDivide, floorModulo } from "@tilewright/arith";
import { type Binary, type Expr, isConst, operandsOf, type Var } from "@tilewright/ir";
import { affineOf, dependenciesOf, type Extents } from "./affine.js";

/** Iterations that are tried one by one. */
const MOST_TRIED = 1 << 16;
/** Values of a sum that are counted one by one. */
const MOST_VALUES = 1 << 20;

/** The part of all iterations in which conditions hold. `exact` is false where it is an upper bound or an estimate. */
export interface Share {
  readonly share: number;
  readonly exact: boolean;
}

/**
 * In which part of the iterations of the loops in `extents` all of `conditions` hold. Counted exactly for one comparison of sums and for
 * conditions over few iterations; conditions that share no loop are independent; what depends on data counts as true.
 */
export function shareOf(conditions: readonly Expr[], extents: Extents): Share {
  let share = 1;
  let exact = true;
  for (const group of independent(conditions.flatMap(conjuncts), extents)) {
    const part = group.onData ? { share: 1, exact: false } : shareOfGroup(group, extents);
    share *= part.share;
    exact &&= part.exact;
  }
  return { share, exact };
}

interface Group {
  readonly conditions: readonly Expr[];
  readonly loops: ReadonlySet<Var>;
  readonly onData: boolean;
}

function conjuncts(condition: Expr): readonly Expr[] {
  return condition.kind === "Binary" && condition.op === "and"
    ? [...conjuncts(condition.left), ...conjuncts(condition.right)]
    : [condition];
}

/** Conditions that share a loop stand in one group. */
function independent(conditions: readonly Expr[], extents: Extents): readonly Group[] {
  let groups: readonly Group[] = [];
  for (const condition of conditions) {
    const { loops, onData } = dependenciesOf(condition, extents);
    const near = groups.filter((group) => onData === group.onData && [...group.loops].some((loop) => loops.has(loop)));
    const joined: Group = {
      conditions: [...near.flatMap((group) => group.conditions), condition],
      loops: new Set([...near.flatMap((group) => [...group.loops]), ...loops]),
      onData,
    };
    groups = [...groups.filter((group) => !near.includes(group)), joined];
  }
  return groups;
}

function shareOfGroup({ conditions, loops }: Group, extents: Extents): Share {
  const total = [...loops].reduce((product, loop) => product * (extents.get(loop) ?? 1), 1);
  if (total === 0) return { share: 0, exact: true };
  const [only] = conditions;
  const counted = conditions.length === 1 && only !== undefined ? countComparison(only, extents) : undefined;
  if (counted !== undefined) return { share: counted, exact: true };
  if (total <= MOST_TRIED) return { share: tryAll(conditions, [...loops], extents) / total, exact: true };
  const each = conditions.map((condition) => countComparison(condition, extents) ?? 1);
  return { share: Math.min(1, ...each), exact: false };
}

/** The share of iterations in which a comparison of two sums holds, from how often each value of the difference occurs. */
function countComparison(condition: Expr, extents: Extents): number | undefined {
  if (condition.kind !== "Binary" || !(condition.op in HOLDS)) return undefined;
  const difference = affineOf({ ...condition, op: "sub", dtype: "index" } as Binary, extents);
  if (condition.left.dtype !== "index" || difference === undefined) return undefined;
  let low = difference.constant;
  let counts = new Float64Array([1]);
  for (const [loop, coefficient] of difference.terms) {
    const extent = extents.get(loop) ?? 1;
    const stride = Math.abs(coefficient);
    if (counts.length + stride * (extent - 1) > MOST_VALUES) return undefined;
    counts = spread(counts, stride, extent);
    if (coefficient < 0) low -= stride * (extent - 1);
  }
  const holds = HOLDS[condition.op as keyof typeof HOLDS];
  let [fulfilled, all] = [0, 0];
  for (const [position, count] of counts.entries()) {
    all += count;
    if (holds(low + position)) fulfilled += count;
  }
  return fulfilled / all;
}

/** How often each value of x + stride · i occurs, i in 0..extent, by sums over a sliding window. */
function spread(counts: Float64Array, stride: number, extent: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(counts.length + stride * (extent - 1));
  for (let position = 0; position < result.length; position++) {
    const before = position >= stride ? (result[position - stride] ?? 0) : 0;
    const leaving = position - stride * extent >= 0 ? (counts[position - stride * extent] ?? 0) : 0;
    result[position] = before + (counts[position] ?? 0) - leaving;
  }
  return result;
}

const HOLDS = {
  lt: (difference: number) => difference < 0,
  le: (difference: number) => difference <= 0,
  gt: (difference: number) => difference > 0,
  ge: (difference: number) => difference >= 0,
  eq: (difference: number) => difference === 0,
  ne: (difference: number) => difference !== 0,
} as const;

function tryAll(conditions: readonly Expr[], loops: readonly Var[], extents: Extents): number {
  const values = new Map<Var, number>(loops.map((loop) => [loop, 0]));
  let found = 0;
  for (;;) {
    if (conditions.every((condition) => evaluate(condition, values) !== 0)) found++;
    let position = loops.length - 1;
    for (; position >= 0; position--) {
      const loop = loops[position] as Var;
      const next = (values.get(loop) ?? 0) + 1;
      if (next < (extents.get(loop) ?? 1)) {
        values.set(loop, next);
        break;
      }
      values.set(loop, 0);
    }
    if (position < 0) return found;
  }
}

/** The value of an expression over integers; truth values are 0 and 1, and what is not understood is true. */
function evaluate(expr: Expr, values: ReadonlyMap<Var, number>): number {
  if (isConst(expr)) return Number(expr.value);
  if (expr.kind === "Var") return values.get(expr) ?? 0;
  const [a = 1, b = 1, c = 1] = operandsOf(expr).map((operand) => evaluate(operand, values));
  if (expr.kind === "Select" || expr.kind === "IfThenElse") return a !== 0 ? b : c;
  if (expr.kind === "Unary") return expr.op === "not" ? Number(a === 0) : expr.op === "neg" ? -a : Math.abs(a);
  return expr.kind === "Binary" ? (OPERATIONS[expr.op]?.(a, b) ?? 1) : a;
}

const OPERATIONS: { readonly [op: string]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  floordiv: (a, b) => (b === 0 ? 0 : floorDivide(a, b)),
  floormod: (a, b) => (b === 0 ? 0 : floorModulo(a, b)),
  truncdiv: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
  truncmod: (a, b) => (b === 0 ? 0 : a % b),
  min: Math.min,
  max: Math.max,
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
  ...Object.fromEntries(
    Object.entries(HOLDS).map(([op, holds]) => [op, (a: number, b: number) => Number(holds(a - b))]),
  ),
};
