import { compareMemory, copyMemory, zeros } from "@tilewright/backend-test";
import { bfloat16Bits, float16Bits, interpret, type TypedArray } from "@tilewright/interp";
import {
  ARITHMETIC_OPS,
  type BinaryOp,
  type Buffer,
  build as b,
  bitsOf,
  buffer,
  COMPARE_OPS,
  DTYPES,
  type DType,
  type Expr,
  isFloat,
  isInteger,
  type PrimFunc,
  type Stmt,
  type UnaryOp,
  variable,
} from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { instantiate, kernel, type Memory, moduleOf } from "../test/run-module.js";
import { wasm } from "./index.js";

const TYPES = DTYPES.filter((dtype) => dtype !== "index" && bitsOf(dtype) >= 8);
const SPECIAL = [
  0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, 7, -7, 100.75, 255, 256, -129, 32768, 65504, 65520, 1e10, -1e10,
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
];
const VALUES: readonly number[] = [...SPECIAL, ...EXTREME, 2 ** -24];
const COUNT = 64;

/** Values of a type, edge cases first; `turn` pairs them differently. */
function values(dtype: DType, turn: number): TypedArray {
  const array = zeros(dtype, COUNT);
  const bits = bitsOf(dtype);
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
    1n << BigInt(bits - 1),
    (1n << BigInt(bits - 1)) - 1n,
    (1n << BigInt(bits)) - 1n,
    100n,
    31n,
    64n,
  ];
  for (let k = 0; k < COUNT; k++) {
    const at = (k * (turn * 2 + 1) + turn * 5) % (isFloat(dtype) ? VALUES.length : integers.length);
    const value = VALUES[at] ?? 0;
    if (dtype === "bool") array[k] = (k >> turn) & 1;
    else if (dtype === "float16") array[k] = float16Bits(value);
    else if (dtype === "bfloat16") array[k] = bfloat16Bits(value);
    else if (isFloat(dtype)) array[k] = value;
    else if (array instanceof BigInt64Array || array instanceof BigUint64Array) array[k] = integers[at] ?? 0n;
    else array[k] = Number(BigInt.asIntN(32, integers[at] ?? 0n));
  }
  return array;
}

/** `out[i] = compute(inputs[i]...)`, `lanes` at a time. */
function elementwise(
  name: string,
  inputs: readonly DType[],
  out: DType,
  lanes: number,
  compute: (...loaded: readonly Expr[]) => Expr,
): PrimFunc {
  const buffers = inputs.map((dtype, k) => buffer(`in${k}`, { dtype, shape: [COUNT] }));
  const target = buffer("out", { dtype: out, shape: [COUNT] });
  const i = variable("i");
  const at = lanes === 1 ? i : b.ramp(b.mul(i, b.int(lanes)), b.int(1), lanes);
  const store = b.store(target, [at], compute(...buffers.map((each: Buffer) => b.load(each, [at]))));
  return kernel(name, [...buffers, target], b.loop(i, b.int(0), b.int(COUNT / lanes), store));
}

function inputsOf(func: PrimFunc): Memory {
  return Object.fromEntries(
    func.parameters.map(({ name, dtype }, turn) => [name, name === "out" ? zeros(dtype, COUNT) : values(dtype, turn)]),
  );
}

/** Half floats are compared as bits, in which a NaN has many forms: one stands for all. */
function withoutNaNs(func: PrimFunc, memory: Memory): Memory {
  const one = (dtype: DType, array: TypedArray): TypedArray => {
    if (dtype !== "float16" && dtype !== "bfloat16") return array;
    const infinity = dtype === "float16" ? 0x7c00 : 0x7f80;
    return (array as Uint16Array).map((bits) => ((bits & 0x7fff) > infinity ? 0x7fff : bits));
  };
  return Object.fromEntries(func.parameters.map(({ name, dtype }) => [name, one(dtype, memory[name] as TypedArray)]));
}

/** All functions in one module, each against the interpreter. */
function expectMeaning(functions: readonly PrimFunc[], options: Parameters<typeof wasm>[0] = {}): void {
  const named = functions.map((func, position) => ({ ...func, name: `f${position}` }));
  const { call } = instantiate(wasm(options).compile(moduleOf(...named)));
  named.forEach((func, position) => {
    const expected = inputsOf(func);
    const actual = copyMemory(expected);
    interpret(func, expected);
    call(func.name, actual);
    expect(compareMemory(withoutNaNs(func, expected), withoutNaNs(func, actual)), functions[position]?.name).toBeNull();
  });
}

const firstLane = (value: Expr): Expr => (value.lanes === 1 ? value : b.shuffle([value], [0]));

const lanesFor = (...dtypes: readonly DType[]): readonly number[] =>
  [1, 2, 4, 8, 16].filter((lanes) => dtypes.every((dtype) => (lanes * bitsOf(dtype)) / 8 <= 16));

const DIVISIONS: readonly BinaryOp[] = ["floordiv", "floormod", "truncdiv", "truncmod"];
const INTEGER_ONLY: readonly BinaryOp[] = [...DIVISIONS, "bitand", "bitor", "bitxor", "shl", "shr"];

function defined(op: BinaryOp, dtype: DType): boolean {
  if ((COMPARE_OPS as readonly BinaryOp[]).includes(op)) return true;
  if (op === "pow") return false;
  if (op === "and" || op === "or") return dtype === "bool";
  if (dtype === "bool") return false;
  if (op === "div") return isFloat(dtype);
  return INTEGER_ONLY.includes(op) ? isInteger(dtype) : true;
}

const UNARY: readonly UnaryOp[] = ["neg", "not", "bitnot", "abs", "floor", "ceil", "round", "trunc", "sqrt"];

function definedUnary(op: UnaryOp, dtype: DType): boolean {
  if (op === "not") return dtype === "bool";
  if (op === "bitnot") return isInteger(dtype);
  return isFloat(dtype) || (isInteger(dtype) && (op === "neg" || op === "abs"));
}

describe("operators agree with the interpreter on edge cases, in every vector width", () => {
  it.each(TYPES)("binary operators of %s", (dtype) => {
    const ops = [...ARITHMETIC_OPS, ...COMPARE_OPS].filter((op) => defined(op, dtype));
    expectMeaning(
      ops.flatMap((op) => {
        const out = (COMPARE_OPS as readonly string[]).includes(op) ? "bool" : dtype;
        return lanesFor(dtype).map((lanes) =>
          elementwise(`${op} x${lanes}`, [dtype, dtype], out, lanes, (x, y) => b.binary(op, x as Expr, y as Expr)),
        );
      }),
    );
  });

  it.each(TYPES)("unary operators of %s", (dtype) => {
    expectMeaning(
      UNARY.filter((op) => definedUnary(op, dtype)).flatMap((op) =>
        lanesFor(dtype).map((lanes) =>
          elementwise(`${op} x${lanes}`, [dtype], dtype, lanes, (x) => b.unary(op, x as Expr)),
        ),
      ),
    );
  });

  it.each(TYPES)("conversions from %s", (from) => {
    expectMeaning(
      TYPES.flatMap((to) =>
        lanesFor(from, to).map((lanes) =>
          elementwise(`${from} to ${to} x${lanes}`, [from], to, lanes, (x) => b.cast(x as Expr, to)),
        ),
      ),
    );
  });

  it.each(TYPES)("reinterpretation of %s", (from) => {
    const targets = TYPES.filter((to) => bitsOf(to) === bitsOf(from) && to !== "bool");
    expectMeaning(
      targets.flatMap((to) =>
        lanesFor(from).map((lanes) =>
          elementwise(`${from} as ${to} x${lanes}`, [from], to, lanes, (x) => b.reinterpret(x as Expr, to)),
        ),
      ),
    );
  });

  it.each(TYPES)("selections of %s by lanes and by a scalar", (dtype) => {
    expectMeaning(
      TYPES.flatMap((by) =>
        lanesFor(dtype, by).flatMap((lanes) => [
          elementwise(`select by ${by} x${lanes}`, [dtype, dtype, by], dtype, lanes, (x, y, z) =>
            b.select(b.binary("ne", z as Expr, b.broadcast(b.const(0, by), lanes)), x as Expr, y as Expr),
          ),
          elementwise(`choice by ${by} x${lanes}`, [dtype, dtype, by], dtype, lanes, (x, y, z) =>
            b.ifThenElse(b.binary("eq", firstLane(z as Expr), b.const(1, by)), x as Expr, y as Expr),
          ),
          elementwise(`scalar select x${lanes}`, [dtype, dtype], dtype, lanes, (x, y) =>
            b.select(b.const(true, "bool"), x as Expr, y as Expr),
          ),
        ]),
      ),
    );
  });

  it.each(TYPES)("broadcasts, ramps and shuffles of %s", (dtype) => {
    const wide = lanesFor(dtype).filter((lanes) => lanes > 1);
    expectMeaning(
      wide.flatMap((lanes) => [
        elementwise(`broadcast constant x${lanes}`, [], dtype, lanes, () => b.broadcast(b.const(1, dtype), lanes)),
        elementwise(`broadcast load x${lanes}`, [dtype], dtype, lanes, (x) =>
          b.broadcast(b.load((x as Expr & { kind: "Load" }).buffer, [b.int(5)]), lanes),
        ),
        elementwise(`reverse x${lanes}`, [dtype], dtype, lanes, (x) =>
          b.shuffle(
            [x as Expr],
            Array.from({ length: lanes }, (_, k) => lanes - 1 - k),
          ),
        ),
        elementwise(`interleave x${lanes}`, [dtype, dtype], dtype, lanes, (x, y) =>
          b.shuffle(
            [x as Expr, y as Expr],
            Array.from({ length: lanes }, (_, k) => (k % 2) * lanes + (k >> 1)),
          ),
        ),
        elementwise(`one lane x${lanes}`, [dtype], dtype, lanes, (x) =>
          b.broadcast(b.shuffle([x as Expr], [lanes - 1]), lanes),
        ),
        ...(isInteger(dtype)
          ? [elementwise(`ramp x${lanes}`, [], dtype, lanes, () => b.ramp(b.const(3, dtype), b.const(2, dtype), lanes))]
          : []),
      ]),
    );
  });

  it.each(TYPES)("accesses of %s that a predicate guards", (dtype) => {
    const [from, out, i] = [buffer("in0", { dtype, shape: [COUNT] }), buffer("out", { dtype, shape: [COUNT] }), variable("i")]; // biome-ignore format: one line
    const far = b.add(i, b.int(40)); // the last ones lie outside, where nothing may be read or written
    const inside = b.binary("lt", far, b.int(COUNT));
    const guarded = (name: string, body: Stmt): PrimFunc =>
      kernel(name, [from, out], b.loop(i, b.int(0), b.int(COUNT), body));
    expectMeaning([
      guarded("load", b.store(out, [i], b.load(from, [far], inside))),
      guarded("store", b.store(out, [far], b.load(from, [i]), inside)),
      guarded("choice", b.store(out, [i], b.ifThenElse(inside, b.load(from, [far]), b.const(1, dtype)))),
    ]);
  });
});

describe("integer division by constants", () => {
  it.each(["int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"] as const)("of %s", (dtype) => {
    const divisors = [1, 2, 3, 4, 7, 64, 100, ...(dtype.startsWith("u") ? [] : [-1, -3, -8]), 0];
    expectMeaning(
      divisors.flatMap((divisor) =>
        DIVISIONS.map((op) =>
          elementwise(`${op} ${divisor}`, [dtype], dtype, 1, (x) => b.binary(op, x as Expr, b.const(divisor, dtype))),
        ),
      ),
    );
  });

  it("of an index that may be negative, and of one that is not", () => {
    const out = buffer("out", { dtype: "int32", shape: [COUNT] });
    const i = variable("i");
    const functions = DIVISIONS.flatMap((op) =>
      [1, 2, 3, 8, 10].flatMap((divisor) =>
        [0, -30].map((shift) => {
          const value = b.binary(op, b.add(i, b.int(shift)), b.int(divisor));
          const func = kernel(
            `${op} ${divisor} ${shift}`,
            [out],
            b.loop(i, b.int(0), b.int(COUNT), b.store(out, [i], b.cast(value, "int32"))),
          );
          return func;
        }),
      ),
    );
    expectMeaning(functions);
  });
});
