import { readFileSync } from "node:fs";
import { isCompileError } from "@tilewright/diagnostics";
import { build, type Expr, type IterVar, type Tensor } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../test/differences.js";
import * as te from "../index.js";

const { add, compute, mul, placeholder, read, reduceAxis, sum } = te;
const float64 = (shape: readonly number[], name: string): Tensor => placeholder(shape, { dtype: "float64", name });
const values = (tensors: readonly Tensor[], point: readonly (readonly [Tensor, readonly number[]])[]): number[][] =>
  evaluate(tensors, new Map(point.map(([tensor, data]) => [tensor, Float64Array.from(data)]))).map((row) =>
    row.map((value) => value + 0),
  );

describe("gradient", () => {
  const x = float64([4], "x");
  const at = [x, [-1, 0, 0, 2]] as const;
  const elementwise = (f: (x: Expr) => Expr): number[] =>
    values(te.gradient(compute([4], (i) => f(read(x, i))), [x]), [at])[0] as number[]; // biome-ignore format: one call

  it("is 0 at the kink beside a constant, whichever side it stands on, and of |x| at 0", () => {
    expect(elementwise((v) => te.maximum(v, 0))).toEqual([0, 0, 0, 1]);
    expect(elementwise((v) => te.maximum(te.constant(0, "float64"), v))).toEqual([0, 0, 0, 1]);
    expect(elementwise((v) => te.minimum(v, 0))).toEqual([1, 0, 0, 0]);
    expect(elementwise(te.abs)).toEqual([-1, 0, 0, 1]);
  });

  it("of equal operands goes to one of them whole", () => {
    const y = float64([4], "y");
    const z = compute([4], (i) => te.maximum(read(x, i), read(y, i)));
    expect(values(te.gradient(z, [x, y]), [at, [y, [-1, 0, -3, 3]]])).toEqual([
      [0, 0, 1, 0],
      [1, 1, 0, 1],
    ]);
    expect(elementwise((v) => te.minimum(v, mul(v, 1)))).toEqual([1, 1, 1, 1]);
  });

  it("is shared by equal greatest elements, the initial value among them", () => {
    const k = reduceAxis(4, "k");
    const plain = compute([], () => te.max(te.neg(te.abs(read(x, k))), k));
    const square = compute([], () => te.max(te.minimum(read(x, k), 0), k, { initial: read(x, 1) }));
    const z = float64([4], "z");
    const greatest = compute([], () => te.max(read(z, k), k, { initial: read(z, 3) }));
    expect(values(te.gradient(plain, [x]), [at])).toEqual([[0, 0, 0, 0]]);
    expect(values(te.gradient(square, [x]), [at])).toEqual([[0, 0.25, 0, 0]]);
    expect(values(te.gradient(greatest, [z]), [[z, [5, 7, 1, 7]]])).toEqual([[0, 1 / 3, 0, 2 / 3]]);
  });

  it("of a product is right with no, one and two zeros", () => {
    const k = reduceAxis(3, "k");
    const z = float64([3, 3], "z");
    const products = compute([3], (i) => te.prod(read(z, i, k), k, { initial: read(z, i, 0) }));
    expect(values(te.gradient(products, [z]), [[z, [2, 3, 5, 2, 0, 5, 2, 0, 0]]])).toEqual([
      [60, 20, 12, 0, 20, 0, 0, 0, 0],
    ]);
  });

  it("of a power with exponent 0 is 0, at 0 as well, and so is the second", () => {
    const e = float64([4], "e");
    const [first] = te.gradient(compute([4], (i) => te.pow(read(x, i), read(e, i))), [x]); // biome-ignore format: one call
    const second = te.gradient(first as Tensor, [x]);
    expect(values([first as Tensor, ...second], [at, [e, [3, 0, 1, 0]]])).toEqual([
      [3, 0, 1, 0],
      [-6, 0, 0, 0],
    ]);
  });

  it("is 0 where a choice takes another value, though a derivative there is infinite or no number", () => {
    expect(elementwise((v) => te.select(te.gt(v, 0), te.log(v), 0))).toEqual([0, 0, 0, 0.5]);
    expect(elementwise((v) => te.maximum(te.sqrt(v), 0))).toEqual([0, 0, 0, 0.5 / Math.SQRT2]);
    expect(elementwise((v) => te.log(te.select(te.gt(v, 0), v, te.exp(v))))).toEqual([1, 1, 1, 0.5]);
    const k = reduceAxis(4, "k");
    const roots = compute([], () => te.max(te.sqrt(te.maximum(read(x, k), 0)), k));
    expect(values(te.gradient(roots, [x]), [at])).toEqual([[0, 0, 0, 0.5 / Math.SQRT2]]);
  });

  it("of what does not depend on an input is 0, of the output itself the head", () => {
    const y = compute([4], (i) => mul(read(x, i), 2));
    const head = float64([4], "head");
    const [unused, itself] = te.gradient(y, [float64([2], "z"), y], { head }) as [Tensor, Tensor];
    expect(values([unused, itself], [[head, [1, 2, 3, 4]]])).toEqual([
      [0, 0],
      [1, 2, 3, 4],
    ]);
    expect(values(te.gradient(y, [y]), [])).toEqual([[1, 1, 1, 1]]);
  });

  it("of intermediate tensors counts all ways to the output", () => {
    const y = compute([4], (i) => mul(read(x, i), 3));
    const z = compute([4], (i) => mul(read(y, i), add(read(x, i), 1)));
    expect(values(te.gradient(z, [y, x]), [at])).toEqual([
      [0, 1, 1, 3],
      [-3, 3, 3, 15],
    ]);
  });

  it("takes several losses at once: leading dimensions of the head", () => {
    const z = float64([2, 3], "z");
    const k = reduceAxis(3, "k");
    const y = compute([2], (i) => sum(mul(read(z, i, k), read(z, i, k)), k));
    const head = float64([3, 2], "head");
    const gradients = te.gradient(y, [z], { head });
    const point = [[z, [1, 2, 3, 4, 5, 6]], [head, [1, 0, 0, 1, 1, 10]]] as const; // biome-ignore format: one line
    expect(values(gradients, point)).toEqual([[2, 4, 6, 0, 0, 0, 0, 0, 0, 8, 10, 12, 2, 4, 6, 80, 100, 120]]);
  });

  it("is met by the jacobian: Σ head · jacobian", () => {
    const z = float64([2, 3], "z");
    const k = reduceAxis(3, "k");
    const y = compute([2, 2], (i, j) => sum(mul(read(z, i, k), read(z, j, k)), k));
    const matrix = te.jacobian(y, z);
    expect(matrix.shape.map((extent) => extent.kind === "Const" && extent.value)).toEqual([2, 2, 2, 3]);
    const head = float64([2, 2], "head");
    const point = [[z, [1, 2, 3, 4, 5, 6]], [head, [1, 10, 100, 1000]]] as const; // biome-ignore format: one line
    const [wide, narrow] = values([matrix, te.gradient(y, [z], { head })[0] as Tensor], point);
    const folded = Array.from({ length: 6 }, (_, at) =>
      [1, 10, 100, 1000].reduce((total, weight, o) => total + weight * (wide?.[o * 6 + at] ?? Number.NaN), 0),
    );
    expect(folded).toEqual(narrow);
    const eye = te.jacobian(compute([3], (i) => read(z, 1, i)), z); // biome-ignore format: one call
    expect(values([eye], [[z, [1, 2, 3, 4, 5, 6]]])[0]).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
    expect(values([te.jacobian(y, y)], point)[0]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  });

  it("follows indices that are data, and clamps them as the read does", () => {
    const z = float64([3, 2], "z");
    const ids = placeholder([4], { name: "ids", dtype: "int32" });
    const y = compute([4, 2], (i, j) => mul(read(z, read(ids, i), j), add(te.cast(te.cast(i, "int32"), "float64"), 1)));
    const point = new Map<Tensor, Int32Array | Float64Array>([
      [ids, Int32Array.of(2, 0, 9, -4)],
      [z, new Float64Array(6)],
    ]);
    expect(evaluate(te.gradient(y, [z]), point)).toEqual([[6, 6, 0, 0, 4, 4]]);
  });

  it("keeps the type of each tensor", () => {
    const narrow = placeholder([3], { dtype: "float16", name: "narrow" });
    const wide = placeholder([3], { dtype: "float32", name: "wide" });
    const y = compute([3], (i) => mul(te.cast(read(narrow, i), "float32"), read(wide, i)));
    expect(te.gradient(y, [narrow, wide]).map(({ dtype }) => dtype)).toEqual(["float16", "float32"]);
  });
});

describe("a mistake is named, with its place", () => {
  const x = placeholder([4], { name: "x" });
  const n = placeholder([4], { name: "n", dtype: "int32" });
  const y = compute([4], (i) => te.exp(read(x, i)));
  const wrong = <T>(value: unknown): T => value as T;
  const k = reduceAxis(4, "k");
  const fold = (combine: te.Reducer["combine"], identity: number) => {
    const reducer = te.commReducer({ name: "mine", identities: () => [identity], combine });
    return compute([], () => reducer([read(x, k)], k)[0] as Expr);
  };
  const state = placeholder([5], { name: "state" });
  const [scanned] = te.scan({
    initial: [compute([1], () => read(x, 0))],
    states: [state],
    update: [compute([5], (t) => mul(read(state, te.maximum(te.sub(t, 1), 0)), 2))],
  });
  const [external] = te.extern({ inputs: [x], outputs: [{ shape: [4], dtype: "float32" }], body: () => build.seq() });
  const bits = compute([4], (i) => build.reinterpret(build.cast(read(x, i), "float16"), "bfloat16"));

  const MISTAKES: readonly (readonly [code: string, what: string, call: () => unknown])[] = [
    ["TE212", "an output that is no tensor", () => te.gradient(wrong(read(x, 0)), [x])],
    ["TE212", "an input that is no tensor", () => te.gradient(y, [wrong("x")])],
    ["TE212", "one input without a list", () => te.gradient(y, wrong(x))],
    ["TE212", "a head that is no tensor", () => te.gradient(y, [x], { head: wrong(1) })],
    ["TE212", "a jacobian of nothing", () => te.jacobian(y, wrong(undefined))],
    ["TE301", "an output of integers", () => te.gradient(compute([4], (i) => read(n, i)), [x])], // biome-ignore format: one line
    ["TE301", "an input of integers", () => te.gradient(y, [n])],
    ["TE302", "a head of another shape", () => te.gradient(y, [x], { head: placeholder([5]) })],
    ["TE302", "a head of lower rank", () => te.gradient(y, [x], { head: placeholder([]) })],
    ["TE302", "a head of another type", () => te.gradient(y, [x], { head: placeholder([4], { dtype: "float64" }) })],
    ["TE303", "a root of squares", () => te.gradient(fold(([a], [b]) => [te.sqrt(add(mul(a as Expr, a as Expr), mul(b as Expr, b as Expr)))], 0), [x])], // biome-ignore format: one line
    [
      "TE303",
      "a sum of twice the one side",
      () =>
        te.gradient(
          fold(([a]) => [add(a as Expr, a as Expr)], 0),
          [x],
        ),
    ],
    ["TE304", "a scan", () => te.gradient(scanned as Tensor, [x])],
    ["TE304", "an extern", () => te.gradient(compute([4], (i) => read(external as Tensor, i)), [x])], // biome-ignore format: one line
    ["TE305", "an intrinsic", () => te.gradient(compute([4], (i) => build.call("f", [read(x, i)], "float32")), [x])], // biome-ignore format: one line
    ["TE305", "the bits of a float", () => te.gradient(bits, [x])],
    [
      "TE306",
      "a reduction axis that data bounds",
      () =>
        te.gradient(
          compute([4], (i) => {
            const axis: IterVar = reduceAxis(te.cast(read(n, i), "index"), "k");
            return sum(read(x, axis), axis);
          }),
          [x],
        ),
    ],
  ];

  it.each(MISTAKES)("%s: %s", (code, _, call) => {
    try {
      call();
    } catch (error) {
      if (!isCompileError(error)) throw error;
      const [diagnostic] = error.diagnostics;
      expect(error.code).toBe(code);
      expect(diagnostic?.span.file).toMatch(/gradient\.test\.ts$/);
      expect([diagnostic?.expected, diagnostic?.actual, diagnostic?.hint]).not.toContain(undefined);
      return;
    }
    throw new Error("accepted");
  });

  it("for every code of the catalogue, but only where a gradient would flow", () => {
    const catalogue = readFileSync(new URL("./errors.ts", import.meta.url), "utf8").match(/"TE\d+"/g) ?? [];
    expect(new Set(MISTAKES.map(([code]) => `"${code}"`).filter((code) => code > '"TE3'))).toEqual(new Set(catalogue));
    const z = compute([4], (i) => mul(read(x, i), read(external as Tensor, i)));
    const other = float64([4], "other");
    expect(te.gradient(compute([4], (i) => mul(te.cast(read(z, i), "float64"), read(other, i))), [other])).toHaveLength(1); // biome-ignore format: one call
    expect(te.gradient(compute([4], (i) => te.select(te.gt(read(scanned as Tensor, i), 0), read(y, i), 0)), [y])).toHaveLength(1); // biome-ignore format: one call
  });
});
