import { evaluateTensors } from "@tilewright/interp";
import {
  build,
  CONTRACT,
  type Compute,
  type Expr,
  limitsOf,
  REASSOCIATE,
  type Reduce,
  type Tensor,
  variable,
} from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import * as te from "./index.js";

const { add, compute, mul, placeholder, read, reduceAxis, sum } = te;
const operationOf = (tensor: Tensor): Compute => tensor.operation as Compute;
const bodyOf = (tensor: Tensor): Expr => operationOf(tensor).bodies[tensor.outputIndex] as Expr;
const A = placeholder([2, 3], { name: "A" });
const B = placeholder([3, 2], { name: "B" });
const a = Float32Array.of(1, 2, 3, 4, 5, 6);
const b = Float32Array.of(1, -2, 3, -4, 5, -6);
const values = (outputs: Tensor | Tensor[], inputs: Parameters<typeof evaluateTensors>[1] = { A: a, B: b }) =>
  evaluateTensors(Array.isArray(outputs) ? outputs : [outputs], inputs).map((data) => [...data]);

describe("compute", () => {
  it("gives each element what the callback gives", () => {
    expect(values(compute([2, 3], (i, j) => add(mul(read(A, i, j), 2), 1)))).toEqual([[3, 5, 7, 9, 11, 13]]);
  });

  it("folds over reduction axes", () => {
    const k = reduceAxis(3, "k");
    expect(values(compute([2, 2], (i, j) => sum(mul(read(A, i, k), read(B, k, j)), k)))).toEqual([[22, -28, 49, -64]]);
  });

  it("computes scalars and reads them without indices", () => {
    const [i, j] = [reduceAxis(2, "i"), reduceAxis(3, "j")];
    const total = compute([], () => sum(read(A, i, j), [i, j]), { name: "total" });
    expect(values(compute([2], (n) => te.div(read(A, n, 0), total)))).toEqual([
      [Math.fround(1 / 21), Math.fround(4 / 21)],
    ]);
  });

  it("computes several outputs in the same loops", () => {
    const [double, half] = compute(
      [2, 3],
      (i, j) => [mul(read(A, i, j), 2), te.cast(te.div(read(A, i, j), 2), "int32")],
      { name: "both" },
    );
    expect([double?.name, half?.name, double?.operation === half?.operation]).toEqual(["both.0", "both.1", true]);
    expect(values([double as Tensor, half as Tensor])).toEqual([
      [2, 4, 6, 8, 10, 12],
      [0, 1, 1, 2, 2, 3],
    ]);
  });

  it("folds tuples with a reducer of the user's", () => {
    const argmax = te.commReducer({
      name: "argmax",
      identities: (value = "float32", place = "int32") => [limitsOf(value).min, te.constant(-1, place)],
      combine: ([x, i], [y, j]) => [
        te.select(te.gt(y as Expr, x as Expr), y as Expr, x as Expr),
        te.select(te.gt(y as Expr, x as Expr), j as Expr, i as Expr),
      ],
    });
    const k = reduceAxis(3, "k");
    const outputs = compute([2], (i) => argmax([read(B, k, i), te.cast(k, "int32")], k));
    expect(values(outputs)).toEqual([
      [5, -2],
      [2, 0],
    ]);
  });

  it("leaves out what a reduction's condition excludes, and starts from its initial value", () => {
    const k = reduceAxis([1, 2], "k");
    const outputs = [
      compute([2], (i) => sum(read(A, i, k), k, { where: te.gt(read(A, i, k), 2.5), initial: 100 })),
      compute([2], (i) => te.max(read(A, i, k), k)),
      compute([2], (i) => te.prod(read(A, i, k), k)),
      compute([2], (i) => te.min(te.cast(read(A, i, k), "int8"), k)),
    ];
    expect(outputs.map((output) => values(output)[0])).toEqual([
      [103, 111],
      [3, 6],
      [6, 30],
      [2, 5],
    ]);
  });

  it("guards reads with ifThenElse, so that they may leave the tensor", () => {
    const shifted = compute([2, 3], (i, j) => te.ifThenElse(te.ge(j, 1), read(A, i, te.sub(j, 1)), 0));
    expect(values(shifted)).toEqual([[0, 1, 2, 0, 4, 5]]);
  });

  it("accepts a read whose index is data", () => {
    const ids = placeholder([3], { name: "ids", dtype: "int64" });
    const gathered = compute([3, 3], (i, j) => read(A, read(ids, i), j));
    expect(values(gathered, { A: a, ids: BigInt64Array.of(1n, 0n, 1n) })).toEqual([[4, 5, 6, 1, 2, 3, 4, 5, 6]]);
  });

  it("accepts empty tensors", () => {
    expect(values(compute([0, 3], (_, j) => read(A, 5, j)))).toEqual([[]]);
  });

  it("accepts symbols of shapes and scalar parameters of data types", () => {
    const n = variable("n");
    const rate = variable("rate", "float32");
    const X = placeholder([n], { name: "X" });
    expect(compute([n], (i) => mul(read(X, te.sub(te.sub(n, 1), i)), rate)).shape).toEqual([n]);
  });

  it("names axes for schedules", () => {
    const names = (tensor: Tensor): string[] => operationOf(tensor).axes.map(({ name }) => name);
    expect(names(compute([2, 3], (i, j) => read(A, i, j)))).toEqual(["i", "j"]);
    expect(names(compute([1, 2, 3], (_, i, j) => read(A, i, j)))).toEqual(["i0", "i1", "i2"]);
    expect(names(compute([2, 3], (i, j) => read(A, i, j), { axes: ["row", "column"] }))).toEqual(["row", "column"]);
  });

  it("takes expressions that share their operands over and over", () => {
    const k = reduceAxis(3);
    const shared = compute([2], (i) => {
      let x: Expr = read(A, i, k);
      for (let depth = 0; depth < 30; depth++) x = add(x, x);
      return sum(x, k);
    });
    expect(shared.dtype).toBe("float32");
  });
});

describe("floating-point licences", () => {
  const k = reduceAxis(3, "k");
  const source = (i: Expr): Expr => mul(read(A, i, k), 2);
  const reduceOf = (make: (i: Expr) => Reduce): Reduce => bodyOf(compute([2], (i) => make(i))) as Reduce;
  const fastOf = (expr: Expr | undefined): number => (expr?.kind === "Binary" ? expr.fast : -1);

  it("let a sum of floats reorder and contract", () => {
    const reduce = reduceOf((i) => sum(source(i), k));
    expect([reduce.fast, fastOf(reduce.sources[0])]).toEqual([CONTRACT | REASSOCIATE, CONTRACT]);
  });

  it("are none for what is compared, so that a choice is the same wherever it is made", () => {
    const value = (i: Expr): Expr => add(mul(read(A, i, k), 2), 1);
    const reduce = reduceOf((i) => sum(te.select(te.eq(value(i), 3), value(i), 0), k));
    const choice = reduce.sources[0];
    if (choice?.kind !== "Select" || choice.condition.kind !== "Binary") throw new Error("no choice");
    expect([fastOf(choice.whenTrue), fastOf(choice.condition.left)]).toEqual([CONTRACT, 0]);
  });

  it("are refused by strict", () => {
    const reduce = reduceOf((i) => sum(source(i), k, { strict: true }));
    expect([reduce.fast, fastOf(reduce.sources[0])]).toEqual([0, 0]);
  });

  it("are none outside reductions", () => {
    expect(fastOf(bodyOf(compute([2], (i) => add(mul(read(A, i, 0), 2), 1))))).toBe(0);
  });
});

describe("extern and scan", () => {
  it("fill tensors with statements of the user's", () => {
    const [doubled] = te.extern({
      name: "double",
      inputs: [A],
      outputs: [{ shape: [2, 3], dtype: "float32" }],
      body: ([from], [into]) => {
        const [i, j] = [variable("i"), variable("j")];
        if (from === undefined || into === undefined) return build.seq();
        const value = build.mul(build.load(from, [i, j]), build.const(2, "float32"));
        return build.loop(
          i,
          build.int(0),
          build.int(2),
          build.loop(j, build.int(0), build.int(3), build.store(into, [i, j], value)),
        );
      },
    });
    expect(values(doubled as Tensor)).toEqual([[2, 4, 6, 8, 10, 12]]);
  });

  it("run a recurrence over the first dimension", () => {
    const state = placeholder([5], { name: "state" });
    const initial = compute([1], () => te.constant(1, "float32"), { name: "initial" });
    const update = compute([5], (t) => mul(read(state, te.maximum(te.sub(t, 1), 0)), 2), { name: "update" });
    const [powers] = te.scan({ initial: [initial], states: [state], update: [update] });
    expect(values(powers as Tensor, {})).toEqual([[1, 2, 4, 8, 16]]);
  });
});
