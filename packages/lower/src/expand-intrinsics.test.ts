import type { Intrinsic } from "@tilewright/backend";
import { isCompileError } from "@tilewright/diagnostics";
import { interpret } from "@tilewright/interp";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { parseFunctionText } from "@tilewright/ir/text";
import { verify } from "@tilewright/ir/verify";
import { describe, expect, it } from "vitest";
import { SIMD128 } from "../test/gemm.js";
import { moduleOf, textOf } from "../test/same-meaning.js";
import { loopTemplates } from "./loop-templates.js";
import { lower } from "./lower.js";

const func = (text: string): PrimFunc => parseFunctionText(`// tilewright-ir 1\n${text}`);

/** y += 2 · x on a tile of 2 × 4. */
const semantics = func(`prim_func @twice(x: float32[2, 4] @global align 4, y: float32[2, 4] @global align 4) {
  for i in 0..2 {
    for j in 0..4 {
      y[i, j] = y[i, j] + x[i, j] * 2.0
    }
  }
}`);
const twice = { name: "twice", semantics };

const call = (operands = "&x[t * 2..+2, 4..+4], &y[t..+1, 0..2, 4..+4]"): IRModule =>
  moduleOf(`prim_func @main(x: float32[6, 8] @global align 64, y: float32[3, 2, 12] @global align 64) {
  for t in 0..3 {
    call @twice(${operands})
  }
}`);

function run(module: IRModule): Float32Array {
  const x = Float32Array.from({ length: 48 }, (_, i) => i);
  const y = Float32Array.from({ length: 72 }, (_, i) => (i % 5) * 100);
  interpret(module, { x, y }, { entry: "main", intrinsics: { twice: semantics } });
  return y;
}

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return "no error";
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
};

describe("expand-intrinsics", () => {
  it("puts the meaning in, on the regions of the call", () => {
    let expanded: IRModule | null = null;
    lower(call(), {
      capabilities: SIMD128,
      intrinsics: [twice],
      onPass: (name, module) => {
        if (name === "expand-intrinsics") expanded = module;
      },
    });
    expect(textOf(expanded as unknown as IRModule)).toBe(
      `prim_func @main(x: float32[6, 8] @global align 64, y: float32[3, 2, 12] @global align 64) {
  for t in 0..3 {
    for i in 0..2 {
      for j in 0..4 {
        y[t, i, j + 4] = y[t, i, j + 4] + x[t * 2 + i, j + 4] * 2.0
      }
    }
  }
}`,
    );
  });

  it.each([
    ["without", []],
    ["with", ["twice"]],
  ])("keeps the meaning on a target %s the intrinsic, after every pass", (_, declared) => {
    const expected = run(call());
    expect(expected[4]).toBe(400 + 2 * 4);
    const { module } = lower(call(), {
      capabilities: { ...SIMD128, intrinsics: declared },
      intrinsics: [twice],
      verify: true,
      onPass: (name, after, changed) => {
        if (changed) expect(run(after), name).toEqual(expected);
      },
    });
    expect(module.functions.map(({ name }) => name)).toEqual(declared.length === 0 ? ["main"] : ["main", "twice"]);
    expect(verify(module, "device")).toEqual([]);
  });

  it("makes one function for each set of strides, beside functions of that name", () => {
    const text = `prim_func @twice_1(z: float32[1] @global align 4) { z[0] = 1.0 }
prim_func @main(x: float32[6, 8] @global align 64, y: float32[2, 4] @global align 64) {
  call @twice(&x[0..2, 0..4], &y[0..2, 0..4])
  call @twice(&x[2..+2, 4..+4], &y[0..2, 0..4])
  call @twice(&y[0..2, 0..4], &x[2..+2, 4..+4])
}`;
    const { module } = lower(moduleOf(text), {
      capabilities: { ...SIMD128, intrinsics: ["twice"] },
      intrinsics: [twice],
    });
    expect(module.functions.map(({ name }) => name)).toEqual(["twice_1", "main", "twice", "twice_2"]);
  });

  it("gives the function the body of a template", () => {
    const emit = func(`prim_func @t(a: float32[2, 4] @global align 4, b: float32[2, 4] @global align 4) {
  for i: unrolled in 0..2 {
    for j: vectorized in 0..4 {
      b[i, j] = b[i, j] + a[i, j] * 2.0
    }
  }
}`);
    const { module } = lower(call(), {
      capabilities: { ...SIMD128, intrinsics: ["twice"] },
      intrinsics: [twice],
      passes: [loopTemplates([{ ...twice, emit }])],
      verify: true,
    });
    expect(run(module)).toEqual(run(call()));
    expect(textOf({ ...module, functions: module.functions.slice(1) })).toContain("b[ramp(12, 1, 4)] = ");
    const other: Intrinsic<PrimFunc> = { ...twice, emit: { ...emit, parameters: emit.parameters.slice(1) } };
    expect(codeOf(() => loopTemplates([other]))).toBe("LOW206");
  });

  it("leaves a small buffer in memory whose region is an operand", () => {
    const module = moduleOf(`prim_func @main(x: float32[6, 8] @global align 64, y: float32[3, 2, 12] @global align 64) {
  allocate m: float32[2, 4] @local align 64
  for i: unrolled in 0..2 {
    for j: vectorized in 0..4 {
      m[i, j] = x[i, j]
    }
  }
  for t in 0..2 {
    m[t, 1] = 0.0
    call @twice(&m[0..2, 0..4], &y[t..+1, 0..2, 4..+4])
  }
}`);
    const { module: lowered } = lower(module, {
      capabilities: { ...SIMD128, intrinsics: ["twice"] },
      intrinsics: [twice],
      verify: true,
    });
    expect(verify(lowered, "device")).toEqual([]);
    expect(run(lowered)).toEqual(run(module));
  });

  it("refuses what nobody knows, other operands, and two meanings", () => {
    const options = { capabilities: SIMD128, intrinsics: [twice] };
    expect(codeOf(() => lower(call(), { capabilities: SIMD128 }))).toBe("LOW205");
    expect(codeOf(() => lower(call("&x[0..2, 0..4]"), options))).toBe("LOW206");
    expect(codeOf(() => lower(call("&x[0..2, 0..4], 1.0"), options))).toBe("LOW206");
    expect(codeOf(() => lower(call("&x[0..4, 0..2], &y[0..1, 0..2, 0..4]"), options))).toBe("LOW206");
    const strict = { ...twice, semantics: { ...semantics, parameters: [...semantics.parameters].reverse() } };
    expect(codeOf(() => lower(call(), { ...options, intrinsics: [twice, strict] }))).toBe("LOW207");
    expect(codeOf(() => lower(call(), { ...options, intrinsics: [twice, twice] }))).toBe("no error");
  });

  it("puts the meaning in where operands may share memory", () => {
    const module = call();
    const [main] = module.functions as readonly [PrimFunc];
    const [x, y] = main.parameters as unknown as PrimFunc["mayAlias"][number];
    const shared = { ...module, functions: [{ ...main, mayAlias: [[x, y] as const] }] };
    const lowered = lower(shared, { capabilities: { ...SIMD128, intrinsics: ["twice"] }, intrinsics: [twice] });
    expect(lowered.module.functions.map(({ name }) => name)).toEqual(["main"]);
  });
});
