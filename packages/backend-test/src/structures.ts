// The structures that schedule rules meet in models, small, with lengths that nothing divides among them.
import type { DType, Tensor } from "@tilewright/ir";
import { add, and, compute, ge, ifThenElse, lt, max, maximum, min, mul, placeholder, read, reduceAxis, sub, sum } from "@tilewright/te"; // biome-ignore format: a list
import { isExactType } from "./random-tensors.js";

/** Tensor expressions that are scheduled together. */
export interface Structure {
  readonly name: string;
  readonly outputs: readonly Tensor[];
}

/** Of a type with arithmetic; folds only of types whose sums of small integers are exact in any order. */
export function structuresOf(dtype: DType): readonly Structure[] {
  const input = (name: string, ...shape: readonly number[]): Tensor => placeholder(shape, { dtype, name });
  return [
    elementwise(input, [37]),
    elementwise(input, [6, 32]),
    elementwise(input, [3, 5, 7]),
    broadcast(input),
    transposition(input),
    stencil(input),
    ...(isExactType(dtype) ? foldsOf(input) : []),
  ];
}

function foldsOf(input: Input): readonly Structure[] {
  return [
    product(input, 8, 16, 12),
    product(input, 7, 13, 5),
    layer(input),
    convolution(input),
    rows(input, "sum"),
    rows(input, "max"),
    rows(input, "min"),
    total(input),
    softmaxParts(input),
  ];
}

type Input = (name: string, ...shape: readonly number[]) => Tensor;

function elementwise(input: Input, shape: readonly number[]): Structure {
  const [x, y] = [input("x", ...shape), input("y", ...shape)];
  const summed = compute(shape, (...axes) => add(read(x, ...axes), read(y, ...axes)), { name: "summed" });
  const relu = compute(shape, (...axes) => maximum(read(summed, ...axes), 0), { name: "relu" });
  return { name: `elementwise over ${shape.join(" x ")}`, outputs: [relu] };
}

function broadcast(input: Input): Structure {
  const [x, bias] = [input("x", 5, 11), input("bias", 11)];
  const out = compute([5, 11], (i, j) => sub(mul(read(x, i, j), 2), read(bias, j)), { name: "biased" });
  return { name: "broadcast", outputs: [out] };
}

function transposition(input: Input): Structure {
  const x = input("x", 9, 14);
  return { name: "transposition", outputs: [compute([14, 9], (i, j) => read(x, j, i), { name: "transposed" })] };
}

function product(input: Input, m: number, n: number, depth: number): Structure {
  const [a, b, k] = [input("a", m, depth), input("b", depth, n), reduceAxis(depth, "k")];
  const out = compute([m, n], (i, j) => sum(mul(read(a, i, k), read(b, k, j)), k), { name: "product" });
  return { name: `matrix product ${m} x ${n} x ${depth}`, outputs: [out] };
}

function layer(input: Input): Structure {
  const [x, w, bias, k] = [input("x", 6, 10), input("w", 9, 10), input("bias", 9), reduceAxis(10, "k")];
  const dense = compute([6, 9], (i, j) => sum(mul(read(x, i, k), read(w, j, k)), k), { name: "dense" });
  const out = compute([6, 9], (i, j) => maximum(add(read(dense, i, j), read(bias, j)), 0), { name: "layer" });
  return { name: "dense layer", outputs: [out] };
}

function convolution(input: Input): Structure {
  const [x, w] = [input("x", 2, 3, 8, 7), input("w", 4, 3, 3, 3)];
  const [c, r, s] = [reduceAxis(3, "c"), reduceAxis(3, "r"), reduceAxis(3, "s")];
  const out = compute(
    [2, 4, 6, 5],
    (n, o, p, q) => sum(mul(read(x, n, c, add(p, r), add(q, s)), read(w, o, c, r, s)), [c, r, s]),
    { name: "convolved" },
  );
  return { name: "convolution", outputs: [out] };
}

const FOLDS = { sum, max, min } as const;

function rows(input: Input, fold: keyof typeof FOLDS): Structure {
  const [x, k] = [input("x", 7, 19), reduceAxis(19, "k")];
  return { name: `${fold} of rows`, outputs: [compute([7], (i) => FOLDS[fold](read(x, i, k), k), { name: "folded" })] };
}

function total(input: Input): Structure {
  const [x, i, j] = [input("x", 5, 6), reduceAxis(5, "i"), reduceAxis(6, "j")];
  return { name: "sum of everything", outputs: [compute([], () => sum(read(x, i, j), [i, j]), { name: "total" })] };
}

/** The greatest of each row, what is left without it, and the sum of that. */
function softmaxParts(input: Input): Structure {
  const [x, k, l] = [input("x", 5, 12), reduceAxis(12, "k"), reduceAxis(12, "l")];
  const greatest = compute([5], (i) => max(read(x, i, k), k), { name: "greatest" });
  const rest = compute([5, 12], (i, j) => sub(read(x, i, j), read(greatest, i)), { name: "rest" });
  const sums = compute([5], (i) => sum(read(rest, i, l), l), { name: "sums" });
  return { name: "parts of a softmax", outputs: [rest, sums] };
}

function stencil(input: Input): Structure {
  const x = input("x", 23);
  const at = (i: Parameters<typeof read>[1], shift: number) => {
    const index = add(i, shift);
    return ifThenElse(and(ge(index, 0), lt(index, 23)), read(x, index), 0);
  };
  const out = compute([23], (i) => add(add(at(i, -1), at(i, 0)), at(i, 1)), { name: "smoothed" });
  return { name: "stencil", outputs: [out] };
}
