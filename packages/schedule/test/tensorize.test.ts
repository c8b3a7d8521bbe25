import { wasm } from "@tilewright/codegen-wasm";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { evaluateTensors, type TypedArray } from "@tilewright/interp";
import type { IRModule } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import * as S from "@tilewright/schedule";
import { add, compute, maximum, mul, placeholder, read } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { gemm, updateTile, wasmTile } from "./intrinsics.js";
import { placeholdersOf } from "./programs.js";
import { runModule } from "./run-wasm.js";
import { expectSame, filled, printed, refusal, tensorized, tiled } from "./tensorized.js";

describe("tensorize", () => {
  it("puts a call in the place of a nest", () => {
    const s = tensorized();
    expect(printed(s)).toBe(
      `
prim_func @C(A: float32[12, 18] @global align 64, B: float32[18, 16] @global align 64, C: float32[12, 16] @global align 64) {
  for i.outer in 0..3 {
    for j.outer in 0..2 {
      for i.inner in 0..4 {
        for j.inner in 0..8 {
          C[i.outer * 4 + i.inner, j.outer * 8 + j.inner] = 0.0
        }
      }
      for k.outer in 0..3 {
        call @gemm4x8(&A[i.outer * 4..+4, k.outer * 6..+6], &B[k.outer * 6..+6, j.outer * 8..+8], &C[i.outer * 4..+4, j.outer * 8..+8])
      }
    }
  }
}`.trim(),
    );
    expectSame([gemm(12, 16, 18).C], S.createSchedule(gemm(12, 16, 18).C));
  });

  it.each([
    [4, 8, 6],
    [12, 16, 18],
    [4, 40, 6],
    [28, 8, 42],
  ])("computes the same on %i × %i × %i", (m, n, k) => {
    const program = gemm(m, n, k);
    expectSame([program.C], tensorized(program));
  });

  it("matches loops in another order, and what begins with the initialisation", () => {
    const program = gemm(8, 8, 6);
    const s = S.createSchedule(program.C);
    S.split(s, program.C, "i", { factor: 4 });
    S.reorder(s, program.C, ["i.outer", "j", "i.inner", "k"]);
    S.tensorize(s, program.C, "j", S.tensorIntrinsic("product", gemm(4, 8, 6).C));
    expect(printed(s)).toContain("call @product(&A[i.outer * 4..+4, 0..6], &B[0..6, 0..8], &C[i.outer * 4..+4, 0..8])");
    expectSame([program.C], s);
  });

  it("matches the update after decomposeReduction", () => {
    const program = gemm(8, 8, 6);
    const s = S.createSchedule(program.C);
    S.split(s, program.C, "i", { factor: 4 });
    S.decomposeReduction(s, program.C, "i.outer");
    S.tensorize(s, program.C, "i.inner", updateTile(4, 8, 6));
    expectSame([program.C], s);
  });

  it("matches swapped factors, but floats' minima only with a licence", () => {
    const X = placeholder([8], { name: "X" });
    const Y = placeholder([8], { name: "Y" });
    const product = S.tensorIntrinsic(
      "product",
      compute([8], (i) => mul(read(X, i), read(Y, i)), { name: "P" }),
    );
    const Q = compute([8], (i) => mul(add(read(X, i), 1), read(Y, i)), { name: "Q" });
    const shifted = S.tensorIntrinsic(
      "shifted",
      compute([8], (i) => mul(read(Y, i), add(read(X, i), 1)), { name: "P" }),
    );
    const s = S.createSchedule(Q);
    expect(refusal(s, () => S.tensorize(s, Q, "i", product))).toBe("SCH152");
    S.tensorize(s, Q, "i", shifted);
    expectSame([Q], s);
    const R = compute([8], (i) => maximum(add(read(X, i), 1), read(Y, i)), { name: "R" });
    const larger = S.tensorIntrinsic(
      "larger",
      compute([8], (i) => maximum(read(Y, i), add(read(X, i), 1)), { name: "P" }),
    );
    const r = S.createSchedule(R);
    expect(refusal(r, () => S.tensorize(r, R, "i", larger))).toBe("SCH152");
  });

  it("works on packed operands and accumulators of their own", () => {
    const program = gemm(16, 24, 12);
    const { B, C } = program;
    const s = S.createSchedule(C);
    const sums = S.cacheWrite(s, C, "local");
    S.split(s, C, "i", { factor: 4 });
    S.split(s, C, "j", { factor: 8 });
    S.reorder(s, C, ["i.outer", "j.outer", "i.inner", "j.inner"]);
    S.computeAt(s, sums, C, "j.outer");
    S.reorder(s, sums, ["k", "i", "j"]);
    S.split(s, sums, "k", { factor: 6 });
    const packed = S.cacheRead(s, B, "global");
    S.transformLayout(s, packed, [{ dimension: 1, divisor: 8 }, { dimension: 0 }, { dimension: 1, modulus: 8 }]);
    S.tensorize(s, sums, "k.inner", updateTile(4, 8, 6));
    expect(printed(s)).toContain(
      "call @gemm4x8(&A[i.outer * 4..+4, k.outer * 6..+6], &B.global[j.outer..+1, k.outer * 6..+6, 0..8], &C.local[0..4, 0..8])",
    );
    S.parallel(s, C, "i.outer");
    S.unroll(s, C, "j.outer");
    expectSame([C], s);
  });

  it("matches the 16 × 16 product of an accelerator, int8 summed in int32", () => {
    const program = gemm(32, 16, 48, "int8", "int32");
    const s = S.createSchedule(program.C);
    S.tensorize(s, program.C, tiled(s, program.C, 16, 16, 16), updateTile(16, 16, 16, "int8", "int32"));
    expect(printed(s)).toContain("call @gemm16x16(");
    expectSame([program.C], s);
  });

  it("keeps guards that concern the call as a whole", () => {
    const X = placeholder([20], { name: "X" });
    const Y = compute([20], (i) => mul(read(X, i), 2), { name: "Y" });
    const D = placeholder([4], { name: "D" });
    const twice = S.tensorIntrinsic(
      "twice",
      compute([4], (i) => mul(read(D, i), 2), { name: "E" }),
    );
    const s = S.createSchedule(Y);
    S.split(s, Y, "i", { factor: 4 });
    S.split(s, Y, "i.outer", { factor: 2 });
    S.tensorize(s, Y, "i.inner", twice);
    expect(printed(s)).toContain("guard i.outer.outer * 2 + i.outer.inner < 5 {\n        call @twice");
    expectSame([Y], s);
  });

  it("replays by name, on another shape too", () => {
    const s = tensorized();
    const trace = JSON.parse(JSON.stringify(S.traceOf(s)));
    const intrinsics = [updateTile(4, 8, 6)];
    expect(S.traceOf(S.replay(gemm(12, 16, 18).C, trace, { intrinsics }))).toEqual(trace);
    const larger = gemm(20, 32, 24);
    expectSame([larger.C], S.replay(larger.C, trace, { intrinsics }));
    const codeOf = (run: () => unknown): string => {
      try {
        run();
        return "accepted";
      } catch (error) {
        return isCompileError(error) ? error.code : String(error);
      }
    };
    expect(codeOf(() => S.replay(larger.C, trace))).toBe("SCH156");
    expect(codeOf(() => S.replay(gemm(10, 16, 18).C, trace, { intrinsics }))).toBe("SCH154");
    expect(codeOf(() => S.replay(larger.C, trace, { intrinsics: [{ name: "gemm4x8" }] as never }))).toBe("SCH153");
  });

  it("runs as WebAssembly through a template", () => {
    const program = gemm(20, 24, 32);
    const template = wasmTile(16);
    const s = S.createSchedule(program.C);
    S.tensorize(s, program.C, tiled(s, program.C, 4, 8, 16), template);
    const backend = wasm({ intrinsics: [template] });
    const inputs = placeholdersOf([program.C]).map((tensor, k) => filled(tensor, k) as Float32Array);
    const [expected] = evaluateTensors([program.C], new Map([["A", inputs[0] as TypedArray], ["B", inputs[1] as TypedArray]])); // biome-ignore format: one thought
    const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [S.toPrimFunc(s)], attributes: {} };
    const { capabilities, passes = [] } = backend;
    const compiled = backend.compile(
      lower(module, { capabilities, passes, intrinsics: S.intrinsicsOf(s), verify: true }).module,
    );
    expect(compiled.functions.map(({ name }) => name)).toEqual(["C"]);
    expect(compiled.functions[0]?.parameters.map((each) => (each.kind === "buffer" ? each.access : ""))).toEqual(["read", "read", "readwrite"]); // biome-ignore format: one thought
    expect(runModule(compiled, "C", inputs, [expected as Float32Array])[0]).toEqual(expected);
  });
});
