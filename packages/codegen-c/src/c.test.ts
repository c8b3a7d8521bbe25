import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import {
  type Buffer,
  build as b,
  buffer,
  CONTRACT,
  type Expr,
  int,
  type PrimFunc,
  type Stmt,
  type Var,
  variable,
} from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { kernel, moduleOf } from "../test/run-native.js";
import { type COptions, c } from "./index.js";

const text = (options: COptions, ...functions: readonly PrimFunc[]): string =>
  new TextDecoder().decode(c(options).compile(moduleOf(...functions)).bytes);

/** The definition of a function, without what stands around it. */
const definition = (name: string, options: COptions, ...functions: readonly PrimFunc[]): string =>
  new RegExp(`^(static )?void ${name}\\([^;]*?\\) \\{[^]*?^\\}`, "m").exec(text(options, ...functions))?.[0] ?? "";

const floats = (name: string, count = 16): Buffer => buffer(name, { dtype: "float32", shape: [count] });
const ramp = (base: Expr, lanes = 8): Expr => b.ramp(base, int(1), lanes);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "";
}

describe("the text", () => {
  it("of a vector addition reads as one would write it", () => {
    const [x, y, out, i] = [floats("x"), floats("y"), floats("out"), variable("i")];
    const at = ramp(b.mul(i, int(8)));
    const body = b.loop(i, int(0), int(2), b.store(out, [at], b.add(b.load(x, [at]), b.load(y, [at]))));
    expect(definition("add", {}, kernel("add", [x, y, out], body))).toMatchInlineSnapshot(`
      "void add(const float *restrict x, const float *restrict y, float *restrict out, void *workspace) {
        (void)workspace;
        for (int32_t i = 0; i < 2; i++) {
          store_f32x8(&out[i * 8], load_f32x8(&x[i * 8]) + load_f32x8(&y[i * 8]));
        }
      }"
    `);
  });

  it("of a vector of integers compared with itself is a constant, since compilers warn", () => {
    const [x, out] = [buffer("x", { dtype: "int8", shape: [8] }), buffer("out", { dtype: "bool", shape: [8] })];
    const value = variable("value", "int8", 8);
    const of = (op: "eq" | "lt"): string => {
      const store = b.store(out, [ramp(int(0))], b.binary(op, value, value));
      return definition("f", {}, kernel("f", [x, out], b.let(value, b.load(x, [ramp(int(0))]), store)));
    };
    expect(of("eq")).toContain("splat_i8x8(-1)");
    expect(of("lt")).toContain("splat_i8x8(0)");
  });

  it("guards zeros in minima of floats from compilers that lose their sign, and integers from nothing", () => {
    const minimum = (dtype: "float32" | "int32", lanes: number): string => {
      const out = buffer("out", { dtype, shape: [16] });
      const at = lanes === 1 ? int(0) : ramp(int(0), lanes);
      const store = b.store(out, [at], b.binary("min", b.load(out, [at]), b.broadcast(b.const(0, dtype), lanes)));
      return text({}, kernel("f", [out], store));
    };
    for (const lanes of [1, 4]) {
      expect(minimum("float32", lanes)).toContain("__clang_major__ < 19");
      expect(minimum("int32", lanes)).not.toContain("__clang_major__ < 19");
    }
  });

  it("is the same each time", () => {
    const make = (): string => {
      const [x, out, i] = [floats("x"), floats("out"), variable("i")];
      return text(
        {},
        kernel("f", [x, out], b.loop(i, int(0), int(16), b.store(out, [i], b.unary("sqrt", b.load(x, [i]))))),
      );
    };
    expect(make()).toBe(make());
  });

  it("avoids names that C keeps, and gives each thing a name of its own", () => {
    const [first, second] = [floats("for"), floats("for")];
    const body = b.store(second, [int(0)], b.load(first, [int(0)]));
    const result = text(
      {},
      kernel("exp", [first, second], body),
      kernel("π r²", [first, second], body),
      kernel("load_f32x8", [first, second], body),
    );
    expect(result).toContain("void exp_(const float *restrict for_, float *restrict for__1, void *workspace) {");
    expect(result).toContain('{"exp", (tilewright_function)exp_}');
    expect(result).toContain("void v__r_(");
    expect(result).toContain("void load_f32x8_(");
  });

  it("fuses only what carries the licence to contract", () => {
    const [x, out] = [floats("x"), floats("out")];
    const [p, q] = [b.load(x, [int(0)]), b.load(x, [int(1)])];
    const sum = (first: number, second: number): Expr => b.binary("add", b.binary("mul", p, q, first), p, second);
    const of = (expr: Expr): string => definition("f", {}, kernel("f", [x, out], b.store(out, [int(0)], expr)));
    expect(of(sum(CONTRACT, CONTRACT))).toContain("fma_f32(");
    expect(of(sum(CONTRACT, 0))).not.toContain("fma");
    expect(of(sum(0, CONTRACT))).not.toContain("fma");
    expect(of(b.binary("sub", p, b.binary("mul", p, q, CONTRACT), CONTRACT))).toMatch(
      /fma_f32\(-t, x\[1\], t\)|fma_f32\(-x\[0\]/,
    );
  });

  it("puts no restrict on buffers that may overlap, and const on those only read", () => {
    const [x, out] = [floats("x"), floats("out")];
    const func = kernel("f", [x, out], b.store(out, [int(0)], b.load(x, [int(0)])), { mayAlias: [[x, out]] });
    expect(text({}, func)).toContain("void f(const float *x, float *out, void *workspace)");
  });

  it("evaluates only the chosen arm of a lazy conditional", () => {
    const [x, out, n] = [floats("x"), floats("out"), variable("n")];
    const lazy = b.ifThenElse(b.binary("lt", n, int(16)), b.mul(b.load(x, [n]), b.load(x, [n])), b.const(0, "float32"));
    expect(definition("f", {}, kernel("f", [x, out, n], b.store(out, [int(0)], lazy)))).toContain(
      "out[0] = n < 16 ? x[n] * x[n] : 0.0f;",
    );
  });
});

describe("work and text are bounded", () => {
  it("for values that are shared sixty-four times over", () => {
    const [x, out] = [floats("x"), floats("out")];
    let value: Expr = b.load(x, [int(0)]);
    for (let level = 0; level < 64; level++) value = b.mul(value, value);
    expect(text({}, kernel("f", [x, out], b.store(out, [int(0)], value))).length).toBeLessThan(10_000);
  });

  it("for a sum of 20,000 terms, in lines of moderate length", () => {
    const [x, out] = [floats("x"), floats("out")];
    let value: Expr = b.const(0, "float32");
    for (let term = 0; term < 20_000; term++) value = b.add(value, b.load(x, [int(term % 16)]));
    const lines = text({}, kernel("f", [x, out], b.store(out, [int(0)], value))).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(400);
  });

  it("for 20,000 nested bindings, and refuses loops nested that deep", () => {
    const [x, out, i] = [floats("x"), floats("out"), variable("i")];
    let chain: Stmt = b.store(out, [int(0)], b.load(x, [int(0)]));
    for (let level = 0; level < 20_000; level++) chain = b.register(variable("r", "int32"), b.const(0, "int32"), chain);
    expect(text({}, kernel("f", [x, out], chain))).toContain("r_19999 = 0;");
    expect(text({ dialect: "c99" }, kernel("f", [x, out], chain))).toContain("r_19999 = 0;");
    let nest: Stmt = b.store(out, [int(0)], b.load(x, [int(0)]));
    for (let level = 0; level < 20_000; level++) nest = b.loop(variable("i"), int(0), int(1), nest);
    expect(codeOf(() => text({}, kernel("f", [x, out, i], nest)))).toBe("BE207");
  });
});

describe("scratch memory", () => {
  const scratch = (count: number): { readonly body: (inner: Stmt) => Stmt; readonly buffer: Buffer } => {
    const made = floats("scratch", count);
    return {
      buffer: made,
      body: (inner) => b.allocate(made, b.seq(b.store(made, [int(0)], b.const(1, "float32")), inner)),
    };
  };
  const out = floats("out");
  const entries = (options: COptions, ...functions: readonly PrimFunc[]) =>
    c(options).compile(moduleOf(...functions)).functions;

  it("is an array while it is small, and none of WebAssembly's", () => {
    const { body, buffer: made } = scratch(100);
    const func = kernel("f", [out], body(b.store(out, [int(0)], b.load(made, [int(0)]))));
    expect(definition("f", {}, func)).toContain("float scratch[100];");
    expect(entries({}, func)[0]?.workspaceBytes).toBe(0);
    expect(entries({ cpu: "wasm" }, func)[0]?.workspaceBytes).toBe(448);
  });

  it("is shared by allocations that are not alive together, and holds what callees need", () => {
    const [a, d] = [scratch(2000), scratch(3000)];
    const callee = kernel("callee", [out], b.seq(a.body(b.seq()), d.body(b.seq())));
    const mine = scratch(5000);
    const call: Stmt = {
      kind: "KernelCall",
      span: NO_SPAN,
      callee: "callee",
      args: [b.region(out, [int(0)], [int(16)])],
      launch: null,
    };
    const caller = kernel("caller", [out], mine.body(call), { role: "host" });
    expect(entries({}, caller, callee).map(({ workspaceBytes }) => workspaceBytes)).toEqual([20_032 + 12_032, 12_032]);
    expect(definition("caller", {}, caller, callee)).toContain("callee(out, (char *)workspace + 20032);");
  });
});

describe("what is refused, with a code", () => {
  const out = floats("out");
  const one = b.const(1, "float32");
  const call = (callee: string): Stmt => ({ kind: "KernelCall", span: NO_SPAN, callee, args: [], launch: null });

  const at = ramp(int(0), 4);
  const below = b.binary("lt", at, b.broadcast(int(2), 4));
  const scratch = (count: number): Buffer => buffer("s", { dtype: "float32", shape: [count] });
  it.each<[string, string, () => Stmt]>([
    ["BE101", "a packed type", () => b.allocate(buffer("q", { dtype: "int4", shape: [8] }), b.seq())],
    ["BE101", "a barrier", () => ({ kind: "Barrier", span: NO_SPAN, scope: "shared" })],
    [
      "BE101",
      "a thread loop",
      () => ({ ...b.loop(variable("i"), int(0), int(1), b.seq(), "thread"), thread: "threadIdx.x" }) as Stmt,
    ],
    ["BE101", "a function that lower expands", () => b.store(out, [int(0)], b.unary("exp", one))],
    ["BE101", "an unknown intrinsic", () => b.store(out, [int(0)], b.call("none", [one], "float32"))],
    ["BE101", "a predicate of lanes", () => b.store(out, [at], b.broadcast(one, 4), below)],
    ["BE101", "a choice of lanes", () => b.store(out, [at], b.ifThenElse(below, b.load(out, [at]), b.broadcast(one, 4)))], // biome-ignore format: one line
    ["BE102", "lanes that no register holds", () => b.store(out, [ramp(int(0), 16)], b.broadcast(one, 16))],
    ["BE105", "lanes that are no power of two", () => b.store(out, [ramp(int(0), 3)], b.broadcast(one, 3))],
    ["BE105", "a function that is not there", () => call("nowhere")],
    ["BE105", "several indices", () => b.store(out, [int(0), int(0)], one)],
    ["BE105", "memory of unknown size", () => b.allocate(buffer("q", { dtype: "int8", shape: [variable("n") as Var] }), b.seq())], // biome-ignore format: one line
    ["BE205", "recursion", () => call("f")],
    ["BE207", "memory beyond what indices reach", () => b.allocate(scratch(2 ** 30), b.seq())],
  ])("%s: %s", (code, _, make) => {
    expect(codeOf(() => text({}, kernel("f", code === "BE205" ? [] : [out], make())))).toBe(code);
  });

  it("BE101: vectors in C99", () => {
    const vector = kernel("f", [out], b.store(out, [at], b.broadcast(one, 4)));
    expect(codeOf(() => text({ dialect: "c99" }, vector))).toBe("BE101");
  });

  it("BE203: an intrinsic in an expression", () => {
    const intrinsics = [{ name: "my.clock", semantics: kernel("clock", [], b.seq()), emit: () => "" }];
    const func = kernel("f", [out], b.store(out, [int(0)], b.call("my.clock", [], "float32")));
    expect(codeOf(() => text({ intrinsics }, func))).toBe("BE203");
  });

  it("BE208: options that do not exist", () => {
    for (const options of [
      { threads: 0 },
      { vectorBytes: 8 },
      { cpu: "z80" },
      { dialect: "k&r" },
      { name: "../x" },
      { dialect: "c99", vectorBytes: 16 },
      { intrinsics: 1 },
      { intrinsics: [{ name: "f" }] },
    ])
      expect(codeOf(() => c(options as unknown as COptions))).toBe("BE208");
  });
});
