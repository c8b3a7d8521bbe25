import * as S from "@tilewright/schedule";
import { add, compute, mul, placeholder, read } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { gemm, updateTile } from "./intrinsics.js";
import { expectSame, refusal, tiled } from "./tensorized.js";

describe("blockize", () => {
  it("changes nothing but what may come after", () => {
    const { C } = gemm(8, 16, 12);
    const s = S.createSchedule(C);
    S.split(s, C, "i", { factor: 4 });
    S.vectorize(s, C, "j");
    const before = S.print(s);
    S.blockize(s, C, "j");
    expect(S.print(s)).toBe(before);
    for (const change of [
      () => S.split(s, C, "k", { factor: 2 }),
      () => S.unroll(s, C, "k"),
      () => S.blockize(s, C, "k"),
      () => S.reorder(s, C, ["k", "i.inner"]),
    ])
      expect(refusal(s, change)).toBe("SCH150");
    S.blockize(s, C, "i.inner");
    S.parallel(s, C, "i.outer");
    expectSame([C], s);
    expect(S.traceOf(S.replay(gemm(8, 16, 12).C, S.traceOf(s)))).toEqual(S.traceOf(s));
  });

  it("lets nothing be computed inside, nor the stage inline, nor moved to another: SCH150", () => {
    const X = placeholder([6, 6], { name: "X" });
    const Y = compute([6, 6], (i, j) => add(read(X, i, j), 1), { name: "Y" });
    const Z = compute([6, 6], (i, j) => mul(read(Y, i, j), 2), { name: "Z" });
    const s = S.createSchedule(Z);
    S.blockize(s, Z, "j");
    expect(refusal(s, () => S.computeAt(s, Y, Z, "j"))).toBe("SCH150");
    S.computeAt(s, Y, Z, "i");
    S.blockize(s, Y, "i");
    expect(refusal(s, () => S.computeInline(s, Y))).toBe("SCH150");
    expectSame([Z], s);
  });

  it("is what tensorize replaces, whole", () => {
    const { C } = gemm(4, 8, 18);
    const s = S.createSchedule(C);
    tiled(s, C, 4, 8, 6);
    S.blockize(s, C, "i.inner");
    S.tensorize(s, C, "i.inner", updateTile(4, 8, 6));
    expectSame([C], s);
  });
});
