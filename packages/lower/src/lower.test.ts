import { definePass } from "@tilewright/backend";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import {
  build as b,
  buffer,
  constant,
  type Expr,
  type IRModule,
  int,
  type PrimFunc,
  type Stmt,
  variable,
} from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { SCALAR, SIMD128, scheduledGemm } from "../test/gemm.js";
import { moduleOf } from "../test/same-meaning.js";
import { lower } from "./lower.js";
import { PIPELINE } from "./pipeline.js";

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "nothing thrown";
};

describe("lower", () => {
  it("shows the module after every pass, and whether it changed", () => {
    const seen: string[] = [];
    lower(scheduledGemm({ m: 4, n: 8, k: 2 }), {
      capabilities: SIMD128,
      onPass: (name, _, changed) => seen.push(`${name} ${changed}`),
    });
    expect(seen).toHaveLength(PIPELINE.filter((entry) => typeof entry !== "string").length);
    expect(seen).toContain("vectorize true");
    expect(seen).toContain("virtual-threads false");
  });

  it("runs the passes of a backend where they are placed", () => {
    const order: string[] = [];
    const own = (name: string) =>
      definePass({
        name,
        requires: "scheduled",
        establishes: "scheduled",
        run(module) {
          order.push(name);
          return module;
        },
      });
    lower(scheduledGemm({ m: 4, n: 8, k: 2 }), {
      capabilities: SIMD128,
      passes: [
        { at: "device", pass: own("last") },
        { at: "scheduled", pass: own("first") },
        { at: "before-flatten", pass: own("middle") },
      ],
      onPass: (name) => order.push(name),
    });
    expect(order.slice(0, 2)).toEqual(["expand-intrinsics", "first"]);
    expect(order.indexOf("flatten")).toBeGreaterThan(order.indexOf("middle"));
    expect(order.at(-1)).toBe("last");
  });

  it("gives equal output for equal input", () => {
    const text = (module: IRModule): string =>
      JSON.stringify(module, (key, value) => (key === "span" ? undefined : value));
    const once = () => text(lower(scheduledGemm({ m: 7, n: 9, k: 2 }), { capabilities: SIMD128 }).module);
    expect(once()).toBe(once());
  });

  it("leaves loops of GPU threads and what they share alone", () => {
    const text = `
prim_func @f(A: float32[8] @global) {
  for t: thread(threadIdx.x) in 0..8 { A[t] = A[t] + 1.0 }
}`;
    const { module } = lower(moduleOf(text), { capabilities: SCALAR, verify: true });
    expect(JSON.stringify(module.functions[0]?.body)).toContain("threadIdx.x");
  });

  it("refuses buffers beyond 31-bit addresses: LOW201", () => {
    const large = `prim_func @f(A: float32[1024, 1024, 1024] @global) { A[0, 0, 0] = 1.0 }`;
    expect(codeOf(() => lower(moduleOf(large), { capabilities: SCALAR }))).toBe("LOW201");
  });

  it("refuses allocations of unknown size: LOW202", () => {
    const n = variable("n");
    const [A, t] = [buffer("A", { dtype: "float32", shape: [4] }), buffer("t", { dtype: "float32", shape: [n] })];
    const one = constant(1, "float32");
    const body = b.allocate(t, b.seq(b.store(t, [int(0)], one), b.store(A, [int(0)], b.load(t, [int(0)]))));
    const func: PrimFunc = {
      kind: "PrimFunc",
      span: NO_SPAN,
      name: "f",
      role: "kernel",
      parameters: [A, n],
      mayAlias: [],
      body,
      attributes: {},
    };
    const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
    expect(codeOf(() => lower(module, { capabilities: SCALAR }))).toBe("LOW202");
  });

  it("refuses math of types without an expansion: LOW203", () => {
    const A = buffer("A", { dtype: "int32", shape: [4] });
    const body = b.store(A, [int(0)], b.unary("exp", b.load(A, [int(0)])));
    const func: PrimFunc = {
      kind: "PrimFunc",
      span: NO_SPAN,
      name: "f",
      role: "kernel",
      parameters: [A],
      mayAlias: [],
      body,
      attributes: {},
    };
    const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
    expect(codeOf(() => lower(module, { capabilities: SCALAR }))).toBe("LOW203");
  });

  it("refuses nests deeper than anyone writes: LOW204; takes long sequences and deep expressions", () => {
    const A = buffer("A", { dtype: "float32", shape: [1] });
    const store = b.store(A, [int(0)], constant(1, "float32"));
    const moduleOfBody = (body: Stmt): IRModule => {
      const func: PrimFunc = {
        kind: "PrimFunc",
        span: NO_SPAN,
        name: "f",
        role: "kernel",
        parameters: [A],
        mayAlias: [],
        body,
        attributes: {},
      };
      return { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
    };
    let nest: Stmt = store;
    for (let depth = 0; depth < 3000; depth++) nest = b.loop(variable("i"), int(0), int(2), nest);
    expect(codeOf(() => lower(moduleOfBody(nest), { capabilities: SCALAR }))).toBe("LOW204");
    let sum: Expr = b.load(A, [int(0)]);
    for (let term = 0; term < 3000; term++) sum = b.add(sum, b.load(A, [int(0)]));
    const long = b.seq(...Array.from({ length: 3000 }, () => store), b.store(A, [int(0)], sum));
    expect(codeOf(() => lower(moduleOfBody(long), { capabilities: SCALAR }))).toBe("nothing thrown");
  });
});
