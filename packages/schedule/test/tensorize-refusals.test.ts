import { isCompileError } from "@tilewright/diagnostics";
import type { Tensor } from "@tilewright/ir";
import { parseFunctionText } from "@tilewright/ir/text";
import * as S from "@tilewright/schedule";
import { add, cast, compute, max, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { gemm, updateTile } from "./intrinsics.js";
import { programs } from "./programs.js";
import { expectSame, refusal, tensorized, tiled } from "./tensorized.js";

describe("tensorize refuses", () => {
  const intrinsic = updateTile(4, 8, 6);

  it("another nest, and shows where they differ: SCH152", () => {
    const A = placeholder([4, 6], { name: "A" });
    const B = placeholder([6, 8], { name: "B" });
    const k = reduceAxis(6, "k");
    const C = compute([4, 8], (i, j) => max(mul(read(A, i, k), read(B, k, j)), k), { name: "C" });
    const s = S.createSchedule(C);
    S.decomposeReduction(s, C, "i");
    try {
      S.tensorize(s, C, "i", S.tensorIntrinsic("gemm4x8", gemm(4, 8, 6).C, { accumulate: true }));
      expect.unreachable();
    } catch (error) {
      if (!isCompileError(error)) throw error;
      expect(error.diagnostics[0]).toMatchObject({
        code: "SCH152",
        message: "the nest of `C` is not what `gemm4x8` computes: another value",
        expected: "C[i, j] +[cr] A[i, k] *[c] B[k, j]",
      });
      expect(error.diagnostics[0]?.notes?.[0]?.split("\n")).toEqual(
        `
gemm4x8                                            | C
for i in 0..4 {                                    | for i in 0..4 {
  for j in 0..8 {                                  |   for j in 0..8 {
    for k in 0..6 {                                |     for k in 0..6 {
      C[i, j] = C[i, j] +[cr] A[i, k] *[c] B[k, j] |       C[i, j] = max[r](C[i, j], A[i, k] * B[k, j])
                ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ |                 ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
    }                                              |     }
  }                                                |   }
}                                                  | }`
          .trim()
          .split("\n"),
      );
    }
  });

  it("the initialisation inside: SCH152, with the way out", () => {
    const { C } = gemm(4, 8, 6);
    const s = S.createSchedule(C);
    expect(refusal(s, () => S.tensorize(s, C, "i", intrinsic))).toBe("SCH152");
    S.decomposeReduction(s, C, "i");
    S.tensorize(s, C, "i", intrinsic);
  });

  it("folds in another order, and transposed operands: SCH152", () => {
    const A = placeholder([2, 3], { name: "A" });
    const fold = (name: string, first: string, second: string): Tensor => {
      const [p, q] = [reduceAxis(first === "p" ? 2 : 3, first), reduceAxis(second === "q" ? 3 : 2, second)];
      const [row, column] = first === "p" ? [p, q] : [q, p];
      return compute([1], () => sum(read(A, row, column), [p, q]), { name });
    };
    const C = fold("C", "p", "q");
    const s = S.createSchedule(C);
    S.decomposeReduction(s, C, "i");
    expect(refusal(s, () => S.tensorize(s, C, "p", S.tensorIntrinsic("fold", fold("F", "q", "p"), { accumulate: true })))).toBe("SCH152"); // biome-ignore format: one thought
    const X = placeholder([4, 4], { name: "X" });
    const Y = compute([4, 4], (i, j) => read(X, j, i), { name: "Y" });
    const t = S.createSchedule(Y);
    const copy = S.tensorIntrinsic(
      "copy",
      compute([4, 4], (i, j) => read(X, i, j), { name: "Y" }),
    );
    expect(refusal(t, () => S.tensorize(t, Y, "i", copy))).toBe("SCH152");
  });

  it("guards inside: SCH154, and roundUp is a way out", () => {
    const { C } = gemm(10, 16, 18);
    const s = S.createSchedule(C);
    expect(refusal(s, () => undefined)).toBe("accepted");
    tiled(s, C, 4, 8, 6);
    expect(refusal(s, () => S.tensorize(s, C, "i.inner", intrinsic))).toBe("SCH154");
  });

  it("what is no intrinsic: SCH153", () => {
    const { C } = gemm(4, 8, 6);
    const s = S.createSchedule(C);
    const bad = (given: unknown) => refusal(s, () => S.tensorize(s, C, "i", given as S.TensorIntrinsic));
    expect(bad(undefined)).toBe("SCH153");
    expect(bad({ name: "two words", semantics: intrinsic.semantics })).toBe("SCH153");
    expect(bad({ name: "f", semantics: {} })).toBe("SCH153");
    const text = (body: string, shape = "4"): S.TensorIntrinsic => ({
      name: "f",
      semantics: parseFunctionText(
        `// tilewright-ir 1\nprim_func @f(x: float32[${shape}] @global align 4, n: index) {\n${body}\n}`,
      ),
    });
    expect(bad(text("for i in 0..4 { x[i] = 1.0 }"))).toBe("SCH153");
    for (const output of [
      compute(
        [4],
        (i) =>
          read(
            compute([4], (j) => cast(j, "float32"), { name: "P" }),
            i,
          ),
        { name: "Q" },
      ),
    ])
      expect(refusal(s, () => S.tensorIntrinsic("f", output))).toBe("SCH153");
    expect(refusal(s, () => S.tensorIntrinsic("f", compute([4], (i) => cast(i, "float32"), { name: "P" }), { accumulate: true }))).toBe("SCH153"); // biome-ignore format: one thought
    const X = placeholder([9], { name: "X" });
    expect(
      refusal(s, () =>
        S.tensorIntrinsic(
          "f",
          compute([4], (i) => read(X, i), { name: "P" }),
        ),
      ),
    ).toBe("SCH153");
  });

  it("operands that begin anywhere: SCH155", () => {
    const program = gemm(8, 16, 6);
    const aligned = S.tensorIntrinsic("aligned", gemm(4, 8, 6).C, { accumulate: true, alignment: 16 });
    const s = S.createSchedule(program.C);
    tiled(s, program.C, 4, 8, 6);
    S.tensorize(s, program.C, "i.inner", aligned);
    expectSame([program.C], s);
    const odd = gemm(8, 18, 6);
    const t = S.createSchedule(odd.C);
    S.split(t, odd.C, "i", { factor: 4 });
    S.split(t, odd.C, "j", { factor: 8, tail: "shift" });
    S.reorder(t, odd.C, ["i.outer", "j.outer", "i.inner", "j.inner", "k"]);
    S.decomposeReduction(t, odd.C, "i.inner");
    expect(refusal(t, () => S.tensorize(t, odd.C, "i.inner", aligned))).toBe("SCH155");
    S.tensorize(t, odd.C, "i.inner", intrinsic);
    expectSame([odd.C], t);
  });

  it("marks inside, lanes around: SCH151", () => {
    const { C } = gemm(4, 8, 18);
    const s = S.createSchedule(C);
    tiled(s, C, 4, 8, 6);
    S.vectorize(s, C, "j.inner");
    expect(refusal(s, () => S.tensorize(s, C, "i.inner", intrinsic))).toBe("SCH151");
    const t = tensorized();
    expect(refusal(t, () => S.vectorize(t, "C", "j.outer"))).toBe("SCH151");
  });

  it("stages without an expression: SCH110, a second meaning of a name: SCH156", () => {
    const X = placeholder([4], { name: "X" });
    const sums = S.createSchedule(programs.find(({ name }) => name === "running sums")?.build(() => 4) ?? []);
    const scanned = sums.stages.find(({ operation }) => operation.kind === "Scan")?.name ?? "none";
    const [, inner = "none"] = S.axesOf(sums, scanned);
    expect(refusal(sums, () => S.tensorize(sums, scanned, inner, intrinsic))).toBe("SCH110");
    const Y = compute([4], (i) => read(X, i), { name: "Y" });
    const Z = compute([4], (i) => add(read(Y, i), 1), { name: "Z" });
    const copy = S.tensorIntrinsic(
      "f",
      compute([4], (i) => read(X, i), { name: "E" }),
    );
    const next = S.tensorIntrinsic(
      "f",
      compute([4], (i) => add(read(X, i), 1), { name: "E" }),
    );
    const t = S.createSchedule(Z);
    S.tensorize(t, Y, "i", copy);
    expect(refusal(t, () => S.tensorize(t, Z, "i", next))).toBe("SCH156");
  });
});

describe("what a later primitive would break is refused at its call", () => {
  it("inside the unit: SCH150", () => {
    const s = tensorized();
    for (const change of [
      () => S.split(s, "C", "j.inner", { factor: 2 }),
      () => S.fuse(s, "C", "i.inner", "j.inner"),
      () => S.reorder(s, "C", ["j.inner", "i.inner"]),
      () => S.reorder(s, "C", ["i.inner", "k.outer"]),
      () => S.unroll(s, "C", "k.inner"),
      () => S.tensorize(s, "C", "i.inner", updateTile(4, 8, 6)),
      () => S.blockize(s, "C", "j.outer"),
    ])
      expect(refusal(s, change)).toBe("SCH150");
    S.split(s, "C", "j.outer", { factor: 2 });
    S.fuse(s, "C", "i.outer", "j.outer.outer");
    S.decomposeReduction(s, "C", "j.outer.inner");
    expectSame(s.outputs, s);
  });

  it("a layout or an inlined producer that no region describes: SCH152", () => {
    const { A, B, C } = gemm(8, 16, 12);
    expect([A.name, B.name]).toEqual(["A", "B"]);
    const s = S.createSchedule(C);
    const packed = S.cacheRead(s, B, "global");
    S.tensorize(s, C, tiled(s, C, 4, 8, 6), updateTile(4, 8, 6));
    expect(refusal(s, () => S.transformLayout(s, packed, [{ dimension: 1 }, { dimension: 0 }]))).toBe("SCH152");
    S.transformLayout(s, packed, [{ dimension: 1, divisor: 8 }, { dimension: 0 }, { dimension: 1, modulus: 8 }]);
    S.computeAt(s, packed, C, "k.outer");
    expectSame([C], s);
  });
});
