import { evaluateTensors, type TypedArray } from "@tilewright/interp";
import { isConst, type Tensor } from "@tilewright/ir";

/** Arrays by tensor. */
export type Point = ReadonlyMap<Tensor, Float64Array>;

/** Numbers of a range from a counter: each test sees the same ones. */
export function uniform(count: number, [low, high]: readonly [number, number], seed: number): Float64Array {
  let state = seed * 7919 + 12345;
  return Float64Array.from({ length: count }, () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return low + ((high - low) * state) / 2 ** 32;
  });
}

/** Whole numbers from −bound to bound. */
export function integers(count: number, bound: number, seed: number): Float64Array {
  return uniform(count, [-bound, bound + 1], seed).map(Math.floor);
}

export function sizeOf(tensor: Tensor): number {
  return tensor.shape.reduce((size, extent) => size * (isConst(extent) ? Number(extent.value) : Number.NaN), 1);
}

export function evaluate(tensors: readonly Tensor[], point: ReadonlyMap<Tensor, TypedArray>): number[][] {
  return evaluateTensors(tensors, point, { float64: true }).map((data) => Array.from(data, Number));
}

/**
 * The greatest difference, relative to 1 + |derivative|, between `gradients` and central differences of Σ weights · output. The `weights` are a
 * placeholder of the point or, without one, ones.
 */
export function worstDifference(
  output: Tensor,
  inputs: readonly Tensor[],
  gradients: readonly Tensor[],
  point: Point,
  weights?: Tensor,
): number {
  const exact = evaluate(gradients, point);
  const weigh = weights === undefined ? undefined : point.get(weights);
  const loss = (at: Point): number =>
    (evaluate([output], at)[0] as number[]).reduce((sum, each, k) => sum + each * (weigh?.[k] ?? 1), 0);
  const h = 1e-5;
  let worst = 0;
  inputs.forEach((input, position) => {
    const base = point.get(input) as Float64Array;
    base.forEach((center, k) => {
      const moved = (to: number): number => loss(new Map(point).set(input, base.with(k, to)));
      const slope = (moved(center + h) - moved(center - h)) / (2 * h);
      const own = exact[position]?.[k] ?? Number.NaN;
      worst = Math.max(worst, Math.abs(slope - own) / (1 + Math.abs(own)));
      if (Number.isNaN(own)) worst = Number.POSITIVE_INFINITY;
    });
  });
  return worst;
}
