import { build, type Expr, int, type Var } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { digitOf } from "./digits.js";
import { floorDivide } from "./integers.js";
import { addIntervals, type Interval, point, scaleInterval } from "./interval.js";
import { type Context, Simplifier } from "./simplify.js";

/** A variable of a map, which takes the values 0 .. extent − 1. */
export interface MapInput {
  readonly variable: Var;
  readonly extent: number;
}

/** factor · ((input // divisor) mod modulus); without a modulus factor · (input // divisor). */
export interface MapDigit {
  /** A variable, or a sum that is divided as a whole, as after fusing loops: one object wherever it stands. */
  readonly input: Var | DigitSum;
  readonly divisor: number;
  readonly modulus: number | null;
  readonly factor: number;
  /** Values of the digit without its factor, both ends included; they are attained when the input is a variable. */
  readonly range: Interval;
}

/** Σ digits + offset, digits with large factors first. */
export interface DigitSum {
  readonly digits: readonly MapDigit[];
  readonly offset: number;
}

/** A quasi-affine map of indices, as a layout transform or the loops after splits and fuses. The idea is TVM's iter_affine_map. */
export interface AffineMap {
  readonly inputs: readonly MapInput[];
  readonly outputs: readonly DigitSum[];
}

/**
 * Recognises a map made of sums, constant factors, and floor divisions and remainders by positive constants, nested as they may be.
 * @param outputs scalar `index` expressions over the inputs
 * @param context of other variables; what it makes constant may occur too
 * @returns `undefined` for outputs of another form or with values beyond the safe integers, or an extent that is no positive integer
 */
export function affineMap(
  inputs: readonly MapInput[],
  outputs: readonly Expr[],
  context: Context = {},
): AffineMap | undefined {
  if (!inputs.every(({ extent }) => Number.isSafeInteger(extent) && extent > 0)) return undefined;
  if (!outputs.every(({ dtype, lanes }) => dtype === "index" && lanes === 1)) return undefined;
  const ranges = new Map([...(context.ranges ?? []), ...rangesOf(inputs)]);
  const simplifier = new Simplifier({ ...context, ranges });
  const sums = new DigitSums(simplifier.analyzer, new Set(inputs.map(({ variable }) => variable)));
  const found = outputs.map((output) => sums.of(simplifier.canonical(output)));
  return found.every((sum): sum is DigitSum => sum !== undefined) ? { inputs, outputs: found } : undefined;
}

/** @internal */
export const rangesOf = (inputs: readonly MapInput[]): ReadonlyMap<Var, Interval> =>
  new Map(inputs.map(({ variable, extent }) => [variable, { min: 0, max: extent - 1 }]));

/** Divisions nested deeper than this are not looked into. */
const DEEPEST = 64;

/** Reads canonical sums, each once, so that equal dividends are one object. */
class DigitSums {
  readonly #analyzer: Analyzer;
  readonly #inputs: ReadonlySet<Expr>;
  readonly #sums = new Map<Expr, DigitSum | undefined>();

  constructor(analyzer: Analyzer, inputs: ReadonlySet<Expr>) {
    this.#analyzer = analyzer;
    this.#inputs = inputs;
  }

  of(expr: Expr, depth = 0): DigitSum | undefined {
    if (this.#sums.has(expr) || depth > DEEPEST) return this.#sums.get(expr);
    const { terms, constant } = this.#analyzer.linearOf(expr);
    const digits = terms.map(({ atom, coefficient }) => this.#digit(atom, coefficient, depth));
    const made = digits.every((digit): digit is MapDigit => digit !== undefined)
      ? { digits: digits.sort((a, b) => Math.abs(b.factor) - Math.abs(a.factor)), offset: constant }
      : undefined;
    const isExact = made !== undefined && Object.values(rangeOfSum(made)).every(Number.isSafeInteger);
    this.#sums.set(expr, isExact ? made : undefined);
    return this.#sums.get(expr);
  }

  #digit(atom: Expr, factor: number, depth: number): MapDigit | undefined {
    const { base, divisor, modulus } = digitOf(atom) ?? { base: atom, divisor: 1, modulus: null };
    const input = this.#isInput(base) ? base : base === atom ? undefined : this.of(base, depth + 1);
    if (input === undefined) return undefined;
    const { min, max } = this.#analyzer.bounds(base);
    const [low, high] = [floorDivide(min, divisor), floorDivide(max, divisor)];
    const isWhole = modulus === null || floorDivide(low, modulus) === floorDivide(high, modulus);
    const shift = modulus === null || !isWhole ? 0 : floorDivide(low, modulus) * modulus;
    const range = isWhole ? { min: low - shift, max: high - shift } : { min: 0, max: modulus - 1 };
    return { input, divisor, modulus, factor, range };
  }

  #isInput(expr: Expr): expr is Var {
    return expr.kind === "Var" && this.#inputs.has(expr);
  }
}

/** The outputs as expressions of the inputs. */
export function expressionsOf(map: AffineMap): readonly Expr[] {
  return map.outputs.map(expressionOf);
}

function expressionOf({ digits, offset }: DigitSum): Expr {
  const terms = digits.map(({ input, divisor, modulus, factor }) => {
    const whole = "digits" in input ? expressionOf(input) : input;
    const quotient = divisor === 1 ? whole : build.binary("floordiv", whole, int(divisor));
    const digit = modulus === null ? quotient : build.binary("floormod", quotient, int(modulus));
    return factor === 1 ? digit : build.mul(digit, int(factor));
  });
  const all = offset === 0 && terms.length > 0 ? terms : [...terms, int(offset)];
  return all.reduce((sum, term) => build.add(sum, term));
}

/** @internal Values of a sum, both ends included: exact when its digits are independent. */
export function rangeOfSum({ digits, offset }: DigitSum): Interval {
  return digits.reduce((sum, { factor, range }) => addIntervals(sum, scaleInterval(range, factor)), point(offset));
}

/** For each output the extent e of the smallest 0 .. e that is known to hold its values, negative ones aside. */
export function outputExtents(map: AffineMap): readonly number[] {
  return map.outputs.map((sum) => Math.max(0, rangeOfSum(sum).max + 1));
}
