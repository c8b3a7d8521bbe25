import { type Expr, isConst, type Tensor, visit } from "@tilewright/ir";
import {
  add,
  and,
  cast,
  commReducer,
  compute,
  eq,
  floordiv,
  ge,
  gt,
  ifThenElse,
  le,
  lt,
  max,
  maximum,
  mul,
  type Operand,
  or,
  placeholder,
  read,
  reduceAxis,
  scan,
  select,
  sub,
  sum,
} from "@tilewright/te";

/** Small programs with every shape of dependence that bound inference meets; sizes vary, primes among them. */
export interface Program {
  readonly name: string;
  build(size: (k: number) => number): readonly Tensor[];
}

const unary = (n: number): Tensor => placeholder([n], { name: "A" });

/** The largest value and its place, the first of equals. */
const largest = commReducer({
  name: "largest",
  identities: () => [-1e9, 1e9],
  combine: ([a, i], [b, j]) => {
    const later = or(gt(b as Expr, a as Expr), and(eq(b as Expr, a as Expr), lt(j as Expr, i as Expr)));
    return [select(later, b as Expr, a as Expr), select(later, j as Expr, i as Expr)];
  },
});

export const programs: readonly Program[] = [
  {
    name: "a chain of elementwise operations",
    build: (size) => {
      const [n, m] = [size(0), size(1)];
      const A = placeholder([n, m], { name: "A" });
      const b = placeholder([m], { name: "b" });
      const B = compute([n, m], (i, j) => add(read(A, i, j), read(b, j)), { name: "B" });
      const C = compute([n, m], (i, j) => mul(read(B, i, j), 2), { name: "C" });
      return [compute([n, m], (i, j) => sub(read(C, i, j), read(B, i, j)), { name: "D" })];
    },
  },
  {
    name: "a matrix product with bias and relu",
    build: (size) => {
      const [m, n, k] = [size(0), size(1), size(2)];
      const A = placeholder([m, k], { name: "A" });
      const B = placeholder([n, k], { name: "B" });
      const b = placeholder([n], { name: "b" });
      const r = reduceAxis(k, "k");
      const C = compute([m, n], (i, j) => sum(mul(read(A, i, r), read(B, j, r)), r), { name: "C" });
      const D = compute([m, n], (i, j) => add(read(C, i, j), read(b, j)), { name: "D" });
      return [compute([m, n], (i, j) => select(lt(read(D, i, j), 0), 0, read(D, i, j)), { name: "E" })];
    },
  },
  {
    name: "two stencils",
    build: (size) => {
      const n = size(0) + 2;
      const A = unary(n);
      const at = (t: Tensor, i: Parameters<typeof read>[1]) =>
        ifThenElse(lt(i, n), ifThenElse(ge(i, 0), read(t, i), 0), 0);
      const B = compute([n], (i) => add(add(at(A, sub(i, 1)), at(A, i)), at(A, add(i, 1))), { name: "B" });
      return [compute([n], (i) => add(read(B, i), at(B, add(i, 2))), { name: "C" })];
    },
  },
  {
    name: "a convolution of a padded signal",
    build: (size) => {
      const [n, m] = [size(0), size(1)];
      const A = placeholder([n, m], { name: "A" });
      const W = placeholder([3], { name: "W" });
      const P = compute(
        [n, m + 2],
        (i, x) => ifThenElse(lt(x, m + 1), ifThenElse(ge(x, 1), read(A, i, sub(x, 1)), 0), 0),
        {
          name: "P",
        },
      );
      const d = reduceAxis(3, "d");
      const C = compute([n, m], (i, x) => sum(mul(read(P, i, add(x, d)), read(W, d)), d), { name: "C" });
      return [compute([m, n], (x, i) => maximum(read(C, i, x), 0), { name: "R" })];
    },
  },
  {
    name: "a windowed sum of a stencil, without padding",
    build: (size) => {
      const [h, w] = [size(0), size(1)];
      const A = placeholder([h + 3, w + 2], { name: "A" });
      const B = compute([h + 2, w + 2], (y, x) => add(read(A, y, x), read(A, add(y, 1), x)), { name: "B" });
      const [dy, dx] = [reduceAxis(3, "dy"), reduceAxis(2, "dx")];
      return [compute([h, w], (y, x) => sum(read(B, add(y, dy), add(x, dx)), [dy, dx]), { name: "C" })];
    },
  },
  {
    name: "several consumers",
    build: (size) => {
      const n = size(0) * 2;
      const A = unary(n);
      const B = compute([n], (i) => mul(read(A, i), 3), { name: "B" });
      const C = compute([n], (i) => add(read(B, i), 1), { name: "C" });
      const D = compute([n], (i) => add(read(C, i), read(B, sub(n - 1, i))), { name: "D" });
      return [D, compute([size(0)], (i) => add(read(D, mul(i, 2)), read(B, i)), { name: "E" })];
    },
  },
  {
    name: "row maxima and sums, as in softmax",
    build: (size) => {
      const [n, m] = [size(0), size(1)];
      const A = placeholder([n, m], { name: "A" });
      const [j1, j2] = [reduceAxis(m, "j1"), reduceAxis(m, "j2")];
      const M = compute([n], (i) => max(read(A, i, j1), j1), { name: "M" });
      const S = compute([n], (i) => sum(sub(read(A, i, j2), read(M, i)), j2), { name: "S" });
      return [compute([n, m], (i, j) => mul(sub(read(A, i, j), read(M, i)), read(S, i)), { name: "P" })];
    },
  },
  {
    name: "a reshape by division",
    build: (size) => {
      const [n, m] = [size(0), size(1)];
      const A = unary(n * m);
      const B = compute([n * m], (i) => add(read(A, i), 1), { name: "B" });
      const C = compute([n, m], (i, j) => read(B, add(mul(i, m), j)), { name: "C" });
      return [compute([m * n], (i) => mul(read(C, floordiv(i, m), sub(i, mul(floordiv(i, m), m))), 2), { name: "D" })];
    },
  },
  {
    name: "conditions, start values and places of the largest",
    build: (size) => {
      const [n, m] = [size(0), size(1)];
      const A = placeholder([n, m], { name: "A" });
      const Q = compute([n], (i) => mul(read(A, i, 0), 3), { name: "Q" });
      const [k, l] = [reduceAxis(m, "k"), reduceAxis([1, m], "l")];
      const where = ge(read(A, 0, k), 0);
      const S = compute([n], (i) => sum(read(A, i, k), k, { where, initial: read(Q, i) }), { name: "S" });
      const [value, place] = compute([n], (i) => largest([read(S, i), cast(sub(l, 1), "float32")], l), {
        name: "M",
      }) as [Tensor, Tensor];
      const T = compute([n], (i) => largest([read(A, i, sub(l, 1)), cast(l, "float32")], l), { name: "T" }) as [
        Tensor,
        Tensor,
      ];
      return [
        compute([n], (i) => add(add(read(value, i), read(place, i)), add(read(T[0], i), read(T[1], i))), { name: "R" }),
      ];
    },
  },
  {
    name: "several outputs of one loop nest",
    build: (size) => {
      const [n, k] = [size(0), size(1)];
      const A = placeholder([n, k], { name: "A" });
      const r = reduceAxis(k, "k");
      const [S, M] = compute([n], (i) => [sum(read(A, i, r), r), max(read(A, i, r), r)], { name: "SM" }) as [
        Tensor,
        Tensor,
      ];
      return [compute([n], (i) => add(read(S, i), read(M, i)), { name: "T" })];
    },
  },
  {
    name: "a recurrence with a matrix product in its step",
    build: (size) => {
      const [times, n] = [size(0) + 1, size(1)];
      const X = placeholder([times, n], { name: "X" });
      const W = placeholder([n, n], { name: "W" });
      const state = placeholder([times, n], { name: "state" });
      const r = reduceAxis(n, "r");
      const before = (t: Operand) => maximum(sub(t, 1), 0);
      const first = compute([1, n], (_, i) => read(X, 0, i), { name: "first" });
      const product = compute([times, n], (t, i) => max(sub(read(state, before(t), r), read(W, i, r)), r), {
        name: "P",
      });
      const next = compute([times, n], (t, i) => sub(read(product, t, i), read(X, t, i)), { name: "next" });
      const [H] = scan({ name: "H", initial: [first], states: [state], update: [next] }) as [Tensor];
      return [compute([times, n], (t, i) => add(read(H, t, i), 1), { name: "Y" })];
    },
  },
  {
    name: "a triangular product",
    build: (size) => {
      const [n, m] = [size(0), size(1)];
      const A = placeholder([n, m], { name: "A" });
      const [r, c] = [reduceAxis(n, "r"), reduceAxis(m, "c")];
      const P = compute([n, n], (i, j) => sum(mul(read(A, i, c), read(A, j, c)), c), { name: "P" });
      const S = compute([n, n], (i, j) => add(read(P, i, j), 1), { name: "S" });
      const L = compute([n], (i) => sum(read(S, i, r), r, { where: le(r, i) }), { name: "L" });
      return [L, compute([n, n], (i, j) => ifThenElse(le(j, i), read(S, i, j), 0), { name: "T" })];
    },
  },
  {
    name: "running sums",
    build: (size) => {
      const [times, n] = [size(0) + 2, size(1)];
      const X = placeholder([times, n], { name: "X" });
      const state = placeholder([times, n], { name: "state" });
      const before = (t: Operand) => maximum(sub(t, 1), 0);
      const first = compute([2, n], (t, i) => read(X, t, i), { name: "first" });
      const scaled = compute([times, n], (t, i) => mul(read(X, t, i), 2), { name: "scaled" });
      const next = compute([times, n], (t, i) => add(read(state, before(t), i), read(scaled, t, i)), { name: "next" });
      return scan({ name: "R", initial: [first], states: [state], update: [next] });
    },
  },
];

export const elements = (shape: Tensor["shape"]): number =>
  shape.reduce((product, extent) => product * (isConst(extent) ? Number(extent.value) : 0), 1);

/** Small integers, so that sums are exact in any order. */
export function inputFor(tensor: Tensor, seed: number): Float32Array {
  return Float32Array.from(
    { length: elements(tensor.shape) },
    (_, i) => ((i * 7 + seed * 13 + ((i * i) % 11)) % 9) - 4,
  );
}

/** What the caller gives; the placeholders that stand for states of scans are none of it. */
export function placeholdersOf(outputs: readonly Tensor[]): readonly Tensor[] {
  const found = new Set<Tensor>();
  const states = new Set<Tensor>();
  const follow = ({ operation }: Tensor): void => {
    if (operation.kind === "Scan") {
      for (const state of operation.states) states.add(state);
      for (const tensor of [...operation.initial, ...operation.update]) followOnce(tensor);
    }
    if (operation.kind === "Compute")
      for (const body of operation.bodies) visit(body, { Read: (read) => followOnce(read.tensor) });
  };
  const followOnce = (tensor: Tensor): void => {
    if (found.has(tensor)) return;
    found.add(tensor);
    follow(tensor);
  };
  outputs.forEach(followOnce);
  return [...found].filter((tensor) => tensor.operation.kind === "Placeholder" && !states.has(tensor));
}
