import { wasm } from "@tilewright/codegen-wasm";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import type { IRModule, Tensor } from "@tilewright/ir";
import { parseFunctionText } from "@tilewright/ir/text";
import { lower } from "@tilewright/lower";
import * as S from "@tilewright/schedule";
import { add, cast, compute, max, maximum, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { type Gemm, gemm, updateTile, wasmTile } from "./intrinsics.js";
import { elements, placeholdersOf } from "./programs.js";
import { runModule } from "./run-wasm.js";

const ARRAYS = { float32: Float32Array, int32: Int32Array, int8: Int8Array } as const;
const arrayFor = ({ dtype, shape }: Tensor): TypedArray => new ARRAYS[dtype as keyof typeof ARRAYS](elements(shape));
const filled = (tensor: Tensor, seed: number): TypedArray =>
  (arrayFor(tensor) as Float32Array).map((_, i) => ((i * 7 + seed) % 11) - 5);

/** Tiles of `m` × `n`, with `depth` steps of the reduction inside. */
function tiled(schedule: S.Schedule, tensor: S.TensorLike, m: number, n: number, depth: number): string {
  S.split(schedule, tensor, "i", { factor: m });
  S.split(schedule, tensor, "j", { factor: n });
  S.split(schedule, tensor, "k", { factor: depth });
  S.reorder(schedule, tensor, ["i.outer", "j.outer", "k.outer", "i.inner", "j.inner", "k.inner"]);
  return "i.inner";
}

/** Runs a schedule: as it is, and lowered for a target without and with the intrinsics, after every pass. */
function expectSame(outputs: readonly Tensor[], schedule: S.Schedule): void {
  const inputs = new Map(placeholdersOf(outputs).map((tensor, k) => [tensor.name, filled(tensor, k)]));
  const expected = evaluateTensors(outputs, inputs);
  const intrinsics = S.intrinsicsOf(schedule);
  const meanings = Object.fromEntries(intrinsics.map(({ name, semantics }) => [name, semantics]));
  const check = (module: IRModule): void => {
    const memory = new Map<string, TypedArray>(inputs);
    for (const tensor of outputs) memory.set(tensor.name, (arrayFor(tensor) as Float32Array).fill(77));
    interpret(module, memory as never, { entry: "main", intrinsics: meanings });
    for (const [k, tensor] of outputs.entries()) expect(memory.get(tensor.name)).toEqual(expected[k]);
  };
  const func = S.toPrimFunc(schedule, { name: "main" });
  const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
  check(module);
  const { capabilities } = wasm();
  for (const declared of [[], Object.keys(meanings)]) {
    const options = { capabilities: { ...capabilities, intrinsics: declared }, intrinsics, verify: true };
    lower(module, { ...options, onPass: (_, after, changed) => changed && check(after) });
  }
}

const printed = (schedule: S.Schedule): string => S.print(schedule).split("\n").slice(1).join("\n").trim();

/** The code of the error, and that the schedule is as it was. */
function refusal(schedule: S.Schedule, change: () => unknown): string {
  const before = JSON.stringify(S.traceOf(schedule));
  try {
    change();
  } catch (error) {
    if (!isCompileError(error)) throw error;
    expect(JSON.stringify(S.traceOf(schedule))).toBe(before);
    return error.code;
  }
  return "accepted";
}

/** A product whose tiles of 4 × 8 × 6 are calls. */
function tensorized({ C }: Gemm = gemm(12, 16, 18)): S.Schedule {
  const s = S.createSchedule(C);
  S.tensorize(s, C, tiled(s, C, 4, 8, 6), updateTile(4, 8, 6));
  return s;
}

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
    const s = tensorized();
    expect(refusal(s, () => S.tensorize(s, "A", "i", intrinsic))).toMatch(/SCH1(04|10)/);
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
