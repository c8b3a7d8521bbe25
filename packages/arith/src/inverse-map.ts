import { build, type Expr, type Var, variable } from "@tilewright/ir";
import {
  type AffineMap,
  type DigitSum,
  expressionsOf,
  type MapDigit,
  outputExtents,
  rangeOfSum,
  rangesOf,
} from "./affine-map.js";
import { solveEquations } from "./equations.js";
import { floorDivide, floorModulo, lcm } from "./integers.js";

/**
 * The inputs as expressions of the outputs.
 * @param outputs `index` variables, one for each output of the map
 * @returns for outputs that the map attains the inputs that it came from; `undefined` when they are not unique, or were not found
 */
export function inverseOf(map: AffineMap, outputs: readonly Var[]): readonly Expr[] | undefined {
  if (outputs.length !== map.outputs.length) return undefined;
  const equations = expressionsOf(map).map((expr, position) => build.sub(expr, outputs[position] as Var));
  const images = outputs.map((each, position) => [each, rangeOfSum(map.outputs[position] as DigitSum)] as const);
  const unknowns = map.inputs.map(({ variable }) => variable);
  const solution = solveEquations(equations, unknowns, { ranges: new Map([...images, ...rangesOf(map.inputs)]) });
  if (solution === undefined || solution.free.length > 0) return undefined;
  return unknowns.map((each) => solution.values.get(each) ?? each);
}

/** Whether different inputs have different outputs; `undefined`: not known. Maps made of splits, fuses and permutations are always decided. */
export function isInjective(map: AffineMap): boolean | undefined {
  if (sizeOf(map.inputs.map(({ extent }) => extent)) > sizeOf(map.outputs.map(lengthOf)) || hasCollision(map))
    return false;
  const outputs = map.outputs.map((_, position) => variable(`o${position}`));
  return inverseOf(map, outputs) === undefined ? undefined : true;
}

/** Whether every point of the box of `outputExtents` is the output of exactly one input; `undefined`: not known. */
export function isBijective(map: AffineMap): boolean | undefined {
  const injective = isInjective(map);
  if (injective !== true) return injective;
  const ranges = map.outputs.map(rangeOfSum);
  const isFilled = sizeOf(map.inputs.map(({ extent }) => extent)) === sizeOf(outputExtents(map));
  if (isFilled && ranges.every(({ min }) => min >= 0)) return true;
  return map.outputs.every(isExact) ? false : undefined;
}

const sizeOf = (extents: readonly number[]): bigint =>
  extents.reduce((product, extent) => product * BigInt(extent), 1n);
const lengthOf = (sum: DigitSum): number => {
  const { min, max } = rangeOfSum(sum);
  return max - min + 1;
};

/** Whether two of a few telling points, where at most one input is not 0, have the same outputs. */
function hasCollision(map: AffineMap): boolean {
  const steps = stepsOf(map.outputs);
  const seen = new Set<string>();
  const points: Point[] = [new Map()];
  for (const { variable: each, extent } of map.inputs)
    for (const step of steps) if (step < extent) points.push(new Map([[each, step]]));
  for (const point of points) seen.add(map.outputs.map((sum) => valueAt(sum, point)).join());
  return seen.size < points.length;
}

type Point = ReadonlyMap<Var, number>;

/** Where a digit begins, and where one takes the value of another. */
function stepsOf(sums: readonly DigitSum[]): ReadonlySet<number> {
  const steps = new Set([1]);
  const visit = ({ digits }: DigitSum): void => {
    for (const { input, divisor, modulus, factor } of digits) {
      steps.add(divisor).add(divisor * (modulus ?? 1));
      for (const other of digits) steps.add((lcm(factor, other.factor) / Math.abs(factor)) * divisor);
      if ("digits" in input) visit(input);
    }
  };
  for (const sum of sums) visit(sum);
  return steps;
}

function valueAt({ digits, offset }: DigitSum, point: Point): number {
  const value = ({ input, divisor, modulus, factor }: MapDigit): number => {
    const whole = "digits" in input ? valueAt(input, point) : (point.get(input) ?? 0);
    const quotient = floorDivide(whole, divisor);
    return factor * (modulus === null ? quotient : floorModulo(quotient, modulus));
  };
  return digits.reduce((sum, digit) => sum + value(digit), offset);
}

/** Whether both ends of the range of a sum are surely attained. */
function isExact({ digits }: DigitSum): boolean {
  const [only] = digits;
  if (digits.length === 1 && only !== undefined && "digits" in only.input)
    return isExact(only.input) && (only.modulus === null || isGapless(only.input));
  return (
    new Set(digits.map(({ input }) => input)).size === digits.length &&
    digits.every(({ input }) => !("digits" in input))
  );
}

/** Whether an exact sum has every value between its ends: no digit steps over what those below it reach. */
function isGapless({ digits }: DigitSum): boolean {
  let reach = 0;
  for (const { factor, range } of [...digits].reverse()) {
    if (Math.abs(factor) > reach + 1) return false;
    reach += Math.abs(factor) * (range.max - range.min);
  }
  return true;
}
