import { type Binary, bitsOf, build, CONTRACT, DTYPES, type DType, type Expr, isFloat, isInteger, isSigned, limitsOf, REASSOCIATE } from "@tilewright/ir"; // biome-ignore format: a list
import { runTrials } from "../batch.js";
import type { Candidate } from "../conformance-test.js";
import type { Entrance } from "../execute.js";
import { mapFunction } from "../operator-trials.js";
import { array, forEach, kernelOf } from "../plain-functions.js";
import { arrayOfValues } from "../samples.js";
import { check, sectionOf } from "../section.js";
import { boundaryType, type Subject, typeFeatures } from "../subject.js";
import { asFloats, expectedMemory, type Trial, textOf } from "../trial.js";

const FLOATS = DTYPES.filter((dtype) => isFloat(dtype));
/** Bits of the significand, the hidden one too. */
const PRECISION: Readonly<Record<string, number>> = { float16: 11, bfloat16: 8, float32: 24, float64: 53 };
const ENTRANCES: readonly Entrance[] = ["device", "scheduled"];

/** Arithmetic is what is written: nothing is reordered, contracted or widened without licence. */
export function strictTests(subject: Subject): readonly Candidate[] {
  const { compares, proves } = sectionOf(subject, "strict arithmetic");
  return [
    ...FLOATS.flatMap((dtype) => [
      ...ENTRANCES.flatMap((entrance) => {
        const lowered = entrance === "device" ? "" : ", nor does lowering for it";
        const claim = (name: string, trials: () => readonly Trial[]): Candidate =>
          compares(`${name}${lowered}`, typeFeatures(dtype), trials, entrance);
        return [
          claim(`does not reassociate sums of ${dtype} without licence`, () => sumTrials(dtype)),
          claim(`does not contract products and sums of ${dtype} without licence`, () => productTrials(dtype, 0)),
          claim(`does not simplify ${dtype} where zeros, infinities or NaN tell the difference`, () =>
            identities(dtype),
          ),
        ];
      }),
      proves(`rounds products and sums of ${dtype} that may be contracted once or twice`, typeFeatures(dtype), () =>
        licensed(subject, dtype),
      ),
    ]),
    ...DTYPES.filter((dtype) => isInteger(dtype)).map((dtype) =>
      compares(`wraps integers of ${dtype} in each step of an expression`, typeFeatures(dtype), () => wrapping(dtype)),
    ),
  ];
}

type Operation = (x: Expr, y: Expr) => Expr;

/** `f(x, y)` for pairs of values. */
function pairTrial(name: string, dtype: DType, pairs: readonly (readonly [number, number])[], f: Operation): Trial {
  const values = (k: 0 | 1) => arrayOfValues(dtype, pairs.map((pair) => pair[k])); // biome-ignore format: short
  const memory = { x: values(0), y: values(1), out: arrayOfValues(dtype, pairs.map(() => 0)) }; // biome-ignore format: short
  return { func: mapFunction(`${name}_${dtype}`, dtype, dtype, pairs.length, f), memory };
}

/** Sums in which a small number is lost, or not, with the order. */
function sumTrials(dtype: DType): readonly Trial[] {
  const big = 2 ** ((PRECISION[dtype] ?? 24) + 1);
  const pairs = [big, -big, 3 * big].flatMap((x) => [1, 1.5, -1].map((y) => [x, y] as const));
  const three = [...pairs, ...pairs, ...pairs];
  const negative = (x: Expr): Expr => build.unary("neg", x);
  return [
    pairTrial("sum_left", dtype, three, (x, y) => build.add(build.add(y, x), negative(x))),
    pairTrial("sum_right", dtype, three, (x, y) => build.add(y, build.add(x, negative(x)))),
    pairTrial("difference", dtype, three, (x, y) => build.sub(build.add(x, y), x)),
    pairTrial("products", dtype, three, (x, y) => build.mul(build.mul(x, y), build.binary("div", y, x))),
    loopSum(dtype, big),
  ];
}

/** A sum in the order of its loop, into memory. */
function loopSum(dtype: DType, big: number): Trial {
  const values = Array.from({ length: 64 }, (_, k) => [big, 1, -big, 0.5][k % 4] ?? 0);
  const [x, out] = [array("x", dtype, values.length), array("out", dtype, 1)];
  const zero = [build.int(0)];
  const body = forEach("i", values.length, (i) =>
    build.store(out, zero, build.add(build.load(out, zero), build.load(x, [i]))),
  );
  return {
    func: kernelOf(`sum_in_order_${dtype}`, [x, out], body),
    memory: { x: arrayOfValues(dtype, values), out: arrayOfValues(dtype, [0]) },
  };
}

/** `x · y ± z` where the product is not exact and `z` takes away what was rounded to. */
function productTrials(dtype: DType, fast: number): readonly Trial[] {
  const a = 1 + 2 ** -Math.ceil((PRECISION[dtype] ?? 24) / 2);
  const pairs = [a, -a, 2 * a, a / 4].flatMap((x) => [a, 3 * a, -a].map((y) => [x, y] as const));
  const marked = (expr: Expr): Expr => ({ ...(expr as Binary), fast });
  // Negations that change nothing, and no licence: rounded, whatever a target does with products and sums.
  const rounded = (x: Expr, y: Expr): Expr => build.unary("neg", build.unary("neg", build.mul(x, y)));
  const forms: Readonly<Record<string, Operation>> = {
    product_first: (x, y) => marked(build.sub(marked(build.mul(x, y)), rounded(x, y))),
    product_last: (x, y) => marked(build.sub(rounded(x, y), marked(build.mul(x, y)))),
    product_added: (x, y) => marked(build.add(build.unary("neg", rounded(x, y)), marked(build.mul(x, y)))),
    product_and_one: (x, y) => marked(build.add(marked(build.mul(x, y)), build.const(-1, dtype))),
  };
  return Object.entries(forms).map(([name, form]) => pairTrial(`${name}_${fast}`, dtype, pairs, form));
}

/** Rewrites that hold for numbers, and not for all floats. */
function identities(dtype: DType): readonly Trial[] {
  const special = [0, -0, 1, -3, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const pairs = special.flatMap((x) => special.map((y) => [x, y] as const));
  const [zero, one] = [build.const(0, dtype), build.const(1, dtype)];
  const forms: Readonly<Record<string, Operation>> = {
    times_zero: (x) => build.mul(x, zero),
    minus_itself: (x) => build.sub(x, x),
    over_itself: (x) => build.binary("div", x, x),
    plus_zero: (x) => build.add(x, zero),
    zero_minus: (x) => build.sub(zero, x),
    zero_over: (x) => build.binary("div", zero, x),
    not_less: (x, y) => build.select(build.unary("not", build.binary("lt", x, y)), one, zero),
    is_itself: (x) => build.select(build.binary("eq", x, x), one, zero),
    least: (x, y) => build.binary("min", x, y),
    greatest: (x, y) => build.binary("max", x, y),
    least_swapped: (x, y) => build.binary("min", y, x),
    by_choice: (x, y) => build.select(build.binary("lt", x, y), x, y),
    clamped: (x, y) => build.binary("min", build.binary("max", x, zero), y),
  };
  return Object.entries(forms).map(([name, form]) => pairTrial(name, dtype, pairs, form));
}

/** With the licence each element is rounded twice, as the interpreter does, or once. */
async function licensed(subject: Subject, dtype: DType): Promise<void> {
  const trials = productTrials(dtype, CONTRACT | REASSOCIATE);
  const outcomes = await runTrials(subject, trials, "device");
  for (const [k, trial] of trials.entries()) {
    const outcome = outcomes[k];
    if (outcome === undefined || "error" in outcome)
      throw new Error(`${trial.func.name} failed`, { cause: outcome?.error });
    const [strict, actual] = [expectedMemory(trial), outcome.memory].map((memory) => asFloats(trial.func, memory).out);
    if (strict === undefined || actual === undefined) throw new Error(`${trial.func.name} has no output`);
    const most = 64 * 2 ** -(PRECISION[dtype] ?? 24);
    strict.forEach((value, i) => {
      check(
        Math.abs(Number(value) - Number(actual[i])) <= most,
        `${trial.func.name}: out[${i}] is ${actual[i]}, and not about ${value}\n${textOf(trial)}`,
      );
    });
  }
}

/** Where a wider register would remember what the type has lost. */
function wrapping(dtype: DType): readonly Trial[] {
  const { min, max } = limitsOf(dtype);
  const [least, greatest] = [min.value as number | bigint, max.value as number | bigint];
  const some = bitsOf(dtype) === 2 ? [0, 1] : [0, 1, 3, 7];
  const values = [least, greatest, ...(isSigned(dtype) ? [-1, ...some] : some)].map((value) => BigInt(value));
  const pairs = values.flatMap((x) => values.map((y) => [x, y] as const));
  const side = (k: 0 | 1) => arrayOfValues(boundaryType(dtype), pairs.map((pair) => (bitsOf(dtype) === 64 ? pair[k] : Number(pair[k])))); // biome-ignore format: short
  const one = build.const(1, dtype);
  const forms: Readonly<Record<string, Operation>> = {
    sum_shifted: (x, y) => build.binary("shr", build.add(x, y), one),
    sum_halved: (x, y) => build.binary("floordiv", build.add(x, y), build.add(one, one)),
    sum_compared: (x, y) => build.select(build.binary("lt", build.add(x, y), x), one, build.const(0, dtype)),
    product_remainder: (x, y) =>
      build.binary("floormod", build.mul(x, y), build.const(bitsOf(dtype) === 2 ? 1 : 5, dtype)),
    shifted_back: (x) => build.binary("shr", build.binary("shl", x, one), one),
    inverted: (x, y) => build.binary("truncdiv", build.unary("bitnot", x), build.sub(y, one)),
  };
  return Object.entries(forms).map(([name, form]) => ({
    func: mapFunction(`${name}_${dtype}`, dtype, dtype, pairs.length, form),
    memory: { x: side(0), y: side(1), out: arrayOfValues(boundaryType(dtype), pairs.map(() => 0)) }, // biome-ignore format: short
  }));
}
