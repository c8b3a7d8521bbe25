import { type Expr, type Node, operationsOf, type Reduce, type Tensor, variable, visit } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { verifyTensors } from "@tilewright/ir/verify";
import { describe, expect, it } from "vitest";
import * as te from "../index.js";

const { add, compute, mul, placeholder, read, reduceAxis, sum } = te;

/** The computes of tensors as text, in order. */
const computes = (tensors: readonly Tensor[]): string[] =>
  print(tensors).split("\n").filter((line) => line.startsWith("compute")); // biome-ignore format: one line
const bodyOf = (tensor: Tensor | undefined): Expr => {
  const operation = tensor?.operation;
  if (operation?.kind !== "Compute") throw new Error("no compute");
  return operation.bodies[0] as Expr;
};
const foldOf = (tensor: Tensor | undefined): Reduce => {
  const body = bodyOf(tensor);
  if (body.kind !== "Reduce") throw new Error("no reduction");
  return body;
};
/** How many nodes below a root fit. */
function count(root: Node | null, test: (node: Node) => boolean): number {
  let found = 0;
  const enter = (node: Node): void => {
    if (test(node)) found++;
  };
  if (root !== null) visit(root, { enter });
  return found;
}
const isEquality = (node: Node): boolean => node.kind === "Binary" && node.op === "eq";
const isGuard = (node: Node): boolean => node.kind === "IfThenElse" || node.kind === "Select";
/** Distinct expressions of all computes that a tensor depends on. */
function countNodes(tensors: readonly Tensor[]): number {
  const seen = new Set<Node>();
  for (const operation of operationsOf(tensors).operations) {
    if (operation.kind === "Compute")
      for (const body of operation.bodies) visit(body, { enter: (node) => void seen.add(node) });
  }
  return seen.size;
}

describe("the gradient of", () => {
  it("a matrix product is two matrix products", () => {
    const [A, B, G] = [placeholder([3, 4], { name: "A" }), placeholder([4, 5], { name: "B" }), placeholder([3, 5], { name: "G" })]; // biome-ignore format: one line
    const k = reduceAxis(4, "k");
    const C = compute([3, 5], (i, j) => sum(mul(read(A, i, k), read(B, k, j)), k), { name: "C" });
    expect(computes([te.gradient(C, [A], { head: G })[0] as Tensor])).toEqual([
      "compute A.grad(i in 0..3, j in 0..4): float32[3, 4] = reduce[cr] sum over (k in 0..5) (G[i, k] *[c] B[j, k])",
    ]);
    expect(computes([te.gradient(C, [B], { head: G })[0] as Tensor])).toEqual([
      "compute B.grad(i in 0..4, j in 0..5): float32[4, 5] = reduce[cr] sum over (k in 0..3) (G[k, j] *[c] A[k, i])",
    ]);
    expect(computes(te.gradient(C, [A]))).toEqual([
      "compute A.grad(i in 0..3, j in 0..4): float32[3, 4] = reduce[cr] sum over (k in 0..5) (B[j, k])",
    ]);
  });

  it("a convolution with respect to its weights is a sum over positions, without a condition", () => {
    const { W, Y } = conv(2, 3);
    const [gradient] = te.gradient(Y, [W]);
    const fold = foldOf(gradient);
    expect([fold.condition, fold.axes.map(({ extent }) => extent.kind === "Const" && extent.value)]).toEqual([
      null,
      [2, 5, 5],
    ]);
    expect(count(fold.sources[0] as Expr, isGuard)).toBe(0);
  });

  it.each([
    [1, 3, 3],
    [2, 3, 2],
    [3, 3, 1],
    [2, 2, 1],
  ] as const)(
    "a convolution of stride %i and %i taps with respect to its input sums over %i taps a dimension, and has bounds alone",
    (stride, taps, met) => {
      const { X, Y } = conv(stride, taps);
      const body = bodyOf(te.gradient(Y, [X], { head: placeholder(Y.shape, { name: "G" }) })[0]);
      const extents =
        body.kind === "Reduce" ? body.axes.map(({ extent }) => Number(extent.kind === "Const" && extent.value)) : [];
      expect(extents).toEqual([3, ...(met > 1 ? [met, met] : [])]);
      expect(count(body.kind === "Reduce" ? body.condition : body, isEquality)).toBe(0);
    },
  );

  it("a convolution whose positions are three steps of the taps sums over no dimension of the image: one tap meets an element", () => {
    const { X, Y } = conv(2, 3, 3);
    const fold = foldOf(te.gradient(Y, [X])[0]);
    expect(fold.axes.map(({ name, extent }) => [name, extent.kind === "Const" && extent.value])).toEqual([["i1_1", 3]]);
    expect(count(fold.condition, isEquality)).toBe(0);
  });

  it("a convolution of one step and dilation asks for divisibility, once for each dimension", () => {
    const { X, Y } = conv(2, 2, 2);
    const { condition } = foldOf(te.gradient(Y, [X])[0]);
    expect(count(condition, isEquality)).toBe(2);
  });

  it("an elementwise function has no reduction, no condition and no second function", () => {
    const X = placeholder([4, 6], { name: "X" });
    const Y = compute([4, 6], (i, j) => te.exp(mul(read(X, i, j), 3)), { name: "Y" });
    expect(computes(te.gradient(Y, [X], { head: placeholder([4, 6], { name: "G" }) })).at(-1)).toBe(
      "compute X.grad(i_1 in 0..4, j_1 in 0..6): float32[4, 6] = G[i_1, j_1] * Y[i_1, j_1] * 3.0",
    );
  });

  it.each([
    ["a transpose", (x: Tensor) => compute([6, 4], (i, j) => read(x, j, i))],
    [
      "a reshape",
      (x: Tensor) =>
        compute([3, 8], (i, j) => {
          const flat = add(mul(i, 8), j);
          return read(x, te.floordiv(flat, 6), te.floormod(flat, 6));
        }),
    ],
    ["a reversal", (x: Tensor) => compute([4, 6], (i, j) => read(x, te.sub(3, i), te.sub(5, j)))],
  ] as const)("%s is a read", (_, build) => {
    const X = placeholder([4, 6], { name: "X" });
    const Y = build(X);
    expect(bodyOf(te.gradient(Y, [X], { head: placeholder(Y.shape) })[0]).kind).toBe("Read");
  });

  it("a broadcast sums over the axes that were added", () => {
    const X = placeholder([4], { name: "X" });
    const Y = compute([3, 4, 2], (_, j) => read(X, j));
    expect(computes(te.gradient(Y, [X], { head: placeholder(Y.shape, { name: "G" }) }))).toEqual([
      "compute X.grad(i in 0..4): float32[4] = reduce[cr] sum over (i0 in 0..3, i2 in 0..2) (G[i0, i, i2])",
    ]);
  });

  it("parts put together by a choice is a slice for each", () => {
    const [X, Y] = [placeholder([3], { name: "X" }), placeholder([4], { name: "Y" })];
    const Z = compute([7], (i) => te.select(te.lt(i, 3), read(X, i), read(Y, te.sub(i, 3))));
    const head = placeholder([7], { name: "G" });
    expect(te.gradient(Z, [X, Y], { head }).map((each) => computes([each])[0]?.split(" = ")[1])).toEqual([
      "G[i]",
      "G[i + 3]",
    ]);
  });

  it("a gather sums where the index is met", () => {
    const X = placeholder([4, 6], { name: "X" });
    const ids = placeholder([7], { name: "ids", dtype: "uint8" });
    const Y = compute([7, 6], (i, j) => read(X, read(ids, i), j));
    expect(computes(te.gradient(Y, [X], { head: placeholder([7, 6], { name: "G" }) }))).toEqual([
      "compute X.grad(i in 0..4, j in 0..6): float32[4, 6] = reduce[cr] sum over (k in 0..7) (G[k, j]) where (min(cast(index, ids[k]), 3) == i)",
    ]);
  });

  it("a strict sum is strict, and stages outside of sums are", () => {
    const X = placeholder([4, 6], { name: "X" });
    const k = reduceAxis(6, "k");
    const strict = compute([4], (i) => sum(mul(read(X, i, k), read(X, 0, k)), k, { strict: true }));
    expect(print(te.gradient(strict, [X]))).not.toMatch(/\[[cr]+\]/);
    const Y = placeholder([6], { name: "Y" });
    const loose = compute([4], (i) => sum(mul(te.sub(read(X, i, k), read(Y, k)), te.sub(read(X, i, k), 2)), k));
    expect(bodyOf(te.gradient(loose, [X])[0]).kind).not.toBe("Reduce");
    expect(print([te.gradient(loose, [X])[0] as Tensor])).not.toContain("[c]");
  });
});

function conv(stride: number, taps: number, dilation = 1) {
  const X = placeholder([2, 5, 11, 11], { name: "X" });
  const W = placeholder([3, 5, taps, taps], { name: "W" });
  const length = Math.floor((11 - dilation * (taps - 1) - 1) / stride) + 1;
  const [c, r, s] = [reduceAxis(5, "c"), reduceAxis(taps, "r"), reduceAxis(taps, "s")];
  const at = (p: Expr, tap: Expr): Expr => add(mul(p, stride), mul(tap, dilation));
  const Y = compute([2, 3, length, length], (n, o, p, q) =>
    sum(mul(read(X, n, c, at(p, r.variable), at(q, s.variable)), read(W, o, c, r, s)), [c, r, s]),
  );
  return { X, W, Y };
}

describe("gradients are made", () => {
  it("of nodes linear in the depth of an expression and in the number of computes", () => {
    const deep = (depth: number): number => {
      const X = placeholder([4], { name: "X" });
      const Y = compute([4], (i) => {
        let x = read(X, i);
        for (let level = 0; level < depth; level++) x = te.sin(mul(x, te.tanh(x)));
        return x;
      });
      return countNodes(te.gradient(Y, [X]));
    };
    const long = (length: number): number => {
      const X = placeholder([4, 4], { name: "X" });
      let Y = X;
      for (let step = 0; step < length; step++) {
        const [k, from] = [reduceAxis(4, "k"), Y];
        Y = compute([4, 4], (i, j) => sum(mul(read(from, i, k), read(from, k, j)), k));
      }
      return countNodes(te.gradient(Y, [X]));
    };
    const choices = (depth: number): number => {
      const [X, W] = [placeholder([4], { name: "X" }), placeholder([4], { name: "W" })];
      const Y = compute([4], (i) => {
        let x = read(X, i);
        for (let level = 0; level < depth; level++) x = te.maximum(mul(x, 2), read(W, i));
        return x;
      });
      return countNodes(te.gradient(Y, [X, W]));
    };
    for (const nodes of [deep, long, choices]) expect(nodes(40) - nodes(20)).toBe(2 * (nodes(20) - nodes(10)));
  });

  it("of doubling chains, whose expressions are graphs", () => {
    const X = placeholder([2], { name: "X" });
    const Y = compute([2], (i) => {
      let x: Expr = read(X, i);
      for (let depth = 0; depth < 40; depth++) x = add(x, x);
      return x;
    });
    expect(countNodes(te.gradient(Y, [X]))).toBeLessThan(200);
  });

  it("of expressions nested 3,000 deep", () => {
    const X = placeholder([2], { name: "X" });
    const Y = compute([2], (i) => {
      let x: Expr = read(X, i);
      for (let depth = 0; depth < 3000; depth++) x = te.sin(x);
      return x;
    });
    expect(te.gradient(Y, [X])).toHaveLength(1);
  });

  it("as tensors that verify, also of symbolic shapes", () => {
    const n = variable("n");
    const [A, B] = [placeholder([n, 8], { name: "A" }), placeholder([8, n], { name: "B" })];
    const k = reduceAxis(8, "k");
    const C = compute([n, n], (i, j) => sum(mul(read(A, i, k), read(B, k, j)), k));
    const gradients = te.gradient(C, [A, B], { head: placeholder([n, n], { name: "G" }) });
    expect(verifyTensors(gradients)).toEqual([]);
    expect(gradients.map((each) => foldOf(each).condition)).toEqual([null, null]);
    const window = compute([n], (i) => {
      const r = reduceAxis(3, "r");
      return sum(read(A, te.minimum(add(i, r), te.sub(n, 1)), r), r);
    });
    expect(verifyTensors(te.gradient(window, [A]))).toEqual([]);
    const triangle = compute([n], (i) => {
      const r = reduceAxis(te.minimum(add(i, 1), 8), "r");
      return sum(read(A, i, r), r);
    });
    const [dA] = te.gradient(triangle, [A]);
    expect(verifyTensors([dA as Tensor])).toEqual([]);
    expect(computes([dA as Tensor])[0]).toContain("= if_then_else(j < min(i + 1, 8) && ");
    expect(verifyTensors(te.gradient(conv(2, 3).Y, [conv(2, 3).X]))).toEqual([]);
  });
});
