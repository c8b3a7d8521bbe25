import type { IterVar, Tensor } from "@tilewright/ir";
import {
  cacheRead,
  cacheWrite,
  computeAt,
  computeInline,
  createSchedule,
  reorder,
  type Schedule,
  split,
  tile,
  transformLayout,
  unroll,
  vectorize,
} from "@tilewright/schedule";
import {
  add,
  compute,
  div,
  exp,
  ge,
  ifThenElse,
  lt,
  max,
  mul,
  placeholder,
  read,
  reduceAxis,
  sub,
  sum,
} from "@tilewright/te";

/** C[i, j] = Σₖ A[i, k] · B[k, j], float32. */
export function product(
  rows: number,
  columns = rows,
  depth = rows,
): { readonly A: Tensor; readonly B: Tensor; readonly C: Tensor } {
  const A = placeholder([rows, depth], { name: "A" });
  const B = placeholder([depth, columns], { name: "B" });
  const k = reduceAxis(depth, "k");
  return {
    A,
    B,
    C: compute([rows, columns], (i, j) => sum(mul(read(A, i, k.variable), read(B, k.variable, j)), k), { name: "C" }),
  };
}

const naive = (n: number): Schedule => createSchedule(product(n).C);

function rowOrder(n: number): Schedule {
  const { C } = product(n);
  const s = createSchedule(C);
  reorder(s, C, ["i", "k", "j"]);
  return s;
}

export function tiled(n: number, side: number): Schedule {
  const { C } = product(n);
  const s = createSchedule(C);
  const [io, jo, ii, ji] = tile(s, C, "i", "j", { factors: [side, side] }) as readonly [
    IterVar,
    IterVar,
    IterVar,
    IterVar,
  ];
  const [ko, ki] = split(s, C, "k", { factor: side }) as readonly [IterVar, IterVar];
  reorder(s, C, [io, jo, ko, ii, ki, ji]);
  return s;
}

/** B in panels of eight columns, C in a tile of registers. */
export function packed(n: number): Schedule {
  const { B, C } = product(n);
  const s = createSchedule(C);
  const sums = cacheWrite(s, C, "local");
  const panels = cacheRead(s, B, "global", [sums]);
  const [, , ii, ji] = tile(s, C, "i", "j", { factors: [4, 8] }) as readonly IterVar[];
  computeAt(s, sums, C, "j.outer");
  unroll(s, C, ii as IterVar);
  vectorize(s, C, ji as IterVar);
  reorder(s, sums, ["k", "i", "j"]);
  unroll(s, sums, "i");
  vectorize(s, sums, "j");
  transformLayout(s, panels, [{ dimension: 1, divisor: 8 }, { dimension: 0 }, { dimension: 1, modulus: 8 }]);
  return s;
}

function transpose(n: number): Tensor {
  const A = placeholder([n, n], { name: "A" });
  return compute([n, n], (i, j) => read(A, j, i), { name: "T" });
}

export function tiledTranspose(n: number, side: number): Schedule {
  const T = transpose(n);
  const s = createSchedule(T);
  tile(s, T, "i", "j", { factors: [side, side] });
  return s;
}

function stencil(n: number): Tensor {
  const A = placeholder([n + 2, n + 2], { name: "A" });
  return compute(
    [n, n],
    (y, x) => {
      const at = (dy: number, dx: number) => read(A, add(y, dy), add(x, dx));
      return add(add(add(at(0, 1), at(1, 0)), add(at(1, 1), at(1, 2))), at(2, 1));
    },
    { name: "S" },
  );
}

/** Two blurs, the first computed where it is said; `null`: at the root. */
export function blurs(n: number, at: "i" | "j" | "i.outer" | null): Schedule {
  const A = placeholder([n + 2, n], { name: "A" });
  const H = compute([n + 2, n - 2], (y, x) => add(add(read(A, y, x), read(A, y, add(x, 1))), read(A, y, add(x, 2))), {
    name: "H",
  });
  const V = compute([n, n - 2], (y, x) => add(add(read(H, y, x), read(H, add(y, 1), x)), read(H, add(y, 2), x)), {
    name: "V",
  });
  const s = createSchedule(V);
  if (at === "i.outer") split(s, V, "i", { factor: 8 });
  if (at !== null) computeAt(s, H, V, at);
  return s;
}

export function padded(n: number): Tensor {
  const A = placeholder([n], { name: "A" });
  const at = (i: Parameters<typeof read>[1]) => ifThenElse(ge(i, 0), ifThenElse(lt(i, n), read(A, i), 0), 0);
  return compute([n], (i) => add(add(at(sub(i, 1)), at(i)), at(add(i, 1))), { name: "P" });
}

/** Over the rows of a matrix. */
export function softmax(rows: number, columns: number): Tensor {
  const X = placeholder([rows, columns], { name: "X" });
  const [a, b] = [reduceAxis(columns, "a"), reduceAxis(columns, "b")];
  const M = compute([rows], (i) => max(read(X, i, a.variable), a), { name: "M" });
  const E = compute([rows, columns], (i, j) => exp(sub(read(X, i, j), read(M, i))), { name: "E" });
  const S = compute([rows], (i) => sum(read(E, i, b.variable), b), { name: "S" });
  return compute([rows, columns], (i, j) => div(read(E, i, j), read(S, i)), { name: "Y" });
}

function softmaxInline(rows: number, columns: number): Schedule {
  const Y = softmax(rows, columns);
  const s = createSchedule(Y);
  computeInline(s, "E");
  computeAt(s, "S", Y, "i");
  computeAt(s, "M", Y, "i");
  return s;
}

/** Schedules whose traffic is simulated, by name. */
export const KERNELS: { readonly [name: string]: () => Schedule } = {
  "product, naive": () => naive(48),
  "product, rows of B": () => rowOrder(48),
  "product, tiles of 16": () => tiled(48, 16),
  "product, tiles of 10 with edges": () => tiled(48, 10),
  "product, packed": () => packed(48),
  transpose: () => createSchedule(transpose(64)),
  "transpose, tiles of 16": () => tiledTranspose(64, 16),
  "transpose, tiles of 4": () => tiledTranspose(64, 4),
  stencil: () => createSchedule(stencil(46)),
  "blurs at the root": () => blurs(66, null),
  "blurs by rows": () => blurs(66, "i"),
  "blurs by strips": () => blurs(66, "i.outer"),
  "blurs by points": () => blurs(66, "j"),
  "padded sum": () => createSchedule(padded(500)),
  softmax: () => createSchedule(softmax(40, 64)),
  "softmax by rows": () => softmaxInline(40, 64),
};
