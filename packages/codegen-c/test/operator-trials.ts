import { zeros } from "@tilewright/backend-test";
import { bfloat16Bits, float16Bits, type TypedArray } from "@tilewright/interp";
import { type Buffer, build as b, bitsOf, buffer, type DType, type Expr, isFloat, variable } from "@tilewright/ir";
import { kernel, type Trial } from "./run-native.js";

export const COUNT = 96;
const SPECIAL = [
  0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, 7, -7, 100.75, 255, 256, -129, 32768, 65504, 65519, 65520, 1e10, -1e10,
];
const EXTREME = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 63,
  -(2 ** 63),
  1e-8,
  6e-8,
  1e-40,
  5.96e-8,
];
const FLOATS: readonly number[] = [...SPECIAL, ...EXTREME];

/** Values of a type, edge cases first; `turn` pairs them differently. */
function values(dtype: DType, turn: number): TypedArray {
  const array = zeros(dtype, COUNT);
  const bits = BigInt(bitsOf(dtype));
  const integers = [
    0n,
    1n,
    2n,
    3n,
    5n,
    7n,
    -1n,
    -2n,
    -3n,
    -7n,
    1n << (bits - 1n),
    (1n << (bits - 1n)) - 1n,
    (1n << bits) - 1n,
    100n,
    31n,
    64n,
    17n,
  ];
  for (let k = 0; k < COUNT; k++) {
    const list = isFloat(dtype) ? FLOATS : integers;
    const at = (k * (turn * 2 + 1) + turn * 5 + Math.floor((k * (turn + 1)) / list.length)) % list.length;
    const value = FLOATS[at] ?? 0;
    const whole = integers[at] ?? 0n;
    if (dtype === "bool") array[k] = (k >> turn) & 1;
    else if (dtype === "float16") array[k] = float16Bits(value);
    else if (dtype === "bfloat16") array[k] = bfloat16Bits(value);
    else if (isFloat(dtype)) array[k] = value;
    else if (array instanceof BigInt64Array || array instanceof BigUint64Array) array[k] = whole;
    else array[k] = Number(BigInt.asIntN(32, whole));
  }
  return array;
}

/** `out[i] = compute(inputs[i]...)`, `lanes` at a time. */
export function elementwise(
  name: string,
  inputs: readonly DType[],
  out: DType,
  lanes: number,
  compute: (...loaded: readonly Expr[]) => Expr,
): Trial {
  const buffers = inputs.map((dtype, k) => buffer(`in${k}`, { dtype, shape: [COUNT] }));
  const target = buffer("out", { dtype: out, shape: [COUNT] });
  const i = variable("i");
  const at = lanes === 1 ? i : b.ramp(b.mul(i, b.int(lanes)), b.int(1), lanes);
  const store = b.store(target, [at], compute(...buffers.map((each: Buffer) => b.load(each, [at]))));
  const func = kernel(
    `${name} x${lanes}`,
    [...buffers, target],
    b.loop(i, b.int(0), b.int(Math.floor(COUNT / lanes)), store),
  );
  const memory = Object.fromEntries(
    func.parameters.map((each, turn) => [
      each.name,
      each.name === "out" ? zeros(each.dtype, COUNT) : values(each.dtype, turn),
    ]),
  );
  return { func, memory };
}
