import { ASSERT_SECTION, TABLE_EXPORT } from "@tilewright/artifact";
import { type Buffer, build as b, buffer, type Expr, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { instantiate, kernel, moduleOf } from "../test/run-module.js";
import { wasm } from "./index.js";

const x = buffer("x", { dtype: "float32", shape: [64] });
const y = buffer("y", { dtype: "float32", shape: [64] });
const whole = (of: Buffer) => b.region(of, [int(0)], [int(64)]);
const one = b.const(1, "float32");
const store = (index: Expr = int(0), value: Expr = one): Stmt => b.store(y, [index], value);
const compile = (...functions: readonly PrimFunc[]) => wasm().compile(moduleOf(...functions));
const modulesOf = (bytes: Uint8Array) => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);

describe("a module", () => {
  it("has the same bytes each time, and none where an engine stumbles", () => {
    const func = kernel("f", [x, y], store(int(3), b.load(x, [int(5)])));
    const { bytes } = compile(func);
    expect(compile(func).bytes).toEqual(bytes);
    expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
    expect(WebAssembly.validate(compile().bytes as Uint8Array<ArrayBuffer>)).toBe(true);
  });

  it("imports and exports what the calling convention says, no more", () => {
    const plain = modulesOf(compile(kernel("f", [y], store())).bytes);
    expect(WebAssembly.Module.imports(plain)).toEqual([{ module: "tilewright", name: "memory", kind: "memory" }]);
    expect(WebAssembly.Module.exports(plain)).toEqual([{ name: "f", kind: "function" }]);
    const [begin, end] = [variable("begin"), variable("end")];
    const body: PrimFunc = { ...kernel("body", [begin, end, y], store(begin)), role: "parallel" };
    const main = kernel("main", [x], {
      kind: "ParallelCall",
      span: b.span,
      callee: "body",
      extent: int(4),
      args: [whole(x)],
    });
    const threaded = modulesOf(wasm({ threads: 2 }).compile(moduleOf(main, body)).bytes);
    expect(WebAssembly.Module.imports(threaded).map(({ name }) => name)).toEqual(["memory", "parallel"]);
    expect(WebAssembly.Module.exports(threaded).map(({ name }) => name)).toEqual(["main", TABLE_EXPORT]);
    expect(WebAssembly.Module.imports(modulesOf(compile(main, body).bytes)).map(({ name }) => name)).toEqual([
      "memory",
    ]);
  });

  it("names its functions and locals", () => {
    const i = variable("row");
    const { bytes } = compile(kernel("fill", [y], b.loop(i, int(0), int(4), store(i))));
    const [section] = WebAssembly.Module.customSections(modulesOf(bytes), "name");
    const text = new TextDecoder().decode(section);
    for (const name of ["fill", "workspace", "row"]) expect(text).toContain(name);
  });

  it("holds the messages of its assertions, each once", () => {
    const check = (message: string): Stmt => ({
      kind: "Assert",
      span: b.span,
      condition: b.const(false, "bool"),
      message,
    });
    const compiled = compile(kernel("f", [y], b.seq(check("first"), check("second"), check("first"))));
    const [section] = WebAssembly.Module.customSections(modulesOf(compiled.bytes), ASSERT_SECTION);
    expect(JSON.parse(new TextDecoder().decode(section))).toEqual(["first", "second"]);
    const { call, failures } = instantiate(compiled);
    expect(() => call("f", { y: new Float32Array(64) })).toThrow(WebAssembly.RuntimeError);
    expect(failures).toEqual([0]);
  });

  it("names only the features that it uses", () => {
    const vector = kernel("f", [y], b.store(y, [b.ramp(int(0), int(1), 4)], b.broadcast(one, 4)));
    expect(compile(kernel("f", [y], store())).features).toEqual([]);
    expect(compile(vector).features).toEqual(["simd"]);
    expect(wasm({ threads: 4 }).compile(moduleOf(vector)).features).toEqual(["simd", "threads"]);
    const fused = b.binary(
      "add",
      b.binary("mul", b.load(x, [b.ramp(int(0), int(1), 4)]), b.broadcast(one, 4), 1),
      b.broadcast(one, 4),
      1,
    );
    const contracted = kernel("f", [x, y], b.store(y, [b.ramp(int(0), int(1), 4)], fused));
    expect(wasm({ relaxed: true }).compile(moduleOf(contracted)).features).toEqual(["simd", "relaxed-simd"]);
    expect(wasm({ relaxed: true }).compile(moduleOf(vector)).features).toEqual(["simd"]);
    expect(compile(contracted).features).toEqual(["simd"]);
    expect(wasm({ registers: 32 }).compile(moduleOf(vector)).features).toEqual(["simd", "registers-32"]);
    expect(wasm({ registers: 32 }).compile(moduleOf(kernel("f", [y], store()))).features).toEqual([]);
  });

  it("says how functions use their parameters and how much workspace they need", () => {
    const scratch = (bytes: number) => buffer("s", { dtype: "uint8", shape: [bytes] });
    const use = (of: Buffer): Stmt => b.store(of, [int(0)], b.const(1, "uint8"));
    const [a, c, d] = [scratch(100), scratch(64), scratch(1000)];
    const call: Stmt = { kind: "KernelCall", span: b.span, callee: "inner", args: [whole(y)], launch: null };
    const inner = kernel("inner", [x], b.allocate(d, b.seq(use(d), b.store(x, [int(0)], b.load(x, [int(1)])))));
    const outer = kernel(
      "outer",
      [x, y],
      b.seq(b.allocate(a, b.seq(use(a), call)), b.allocate(c, use(c)), store(int(0), b.load(x, [int(0)]))),
    );
    const { functions } = compile(outer, inner);
    expect(functions.map(({ workspaceBytes }) => workspaceBytes)).toEqual([128 + 1000, 1000]);
    expect(
      functions.map(({ parameters }) => parameters.map((each) => (each.kind === "buffer" ? each.access : ""))),
    ).toEqual([["read", "readwrite"], ["readwrite"]]);
  });

  it("keeps constants of indices out of the arithmetic, whatever their sign", () => {
    const i = variable("i");
    const at = (offset: number) => b.load(x, [b.add(b.mul(i, int(2)), int(offset))]);
    const far = buffer("x", { dtype: "float32", shape: [40_000] });
    const func = kernel(
      "f",
      [far, y],
      b.loop(
        i,
        int(4),
        int(8),
        b.store(y, [i], b.add(b.load(far, [b.add(i, int(20_000))]), b.load(far, [b.sub(i, int(4))]))),
      ),
    );
    const memory = { x: Float32Array.from({ length: 40_000 }, (_, k) => k), y: new Float32Array(64) };
    instantiate(compile(func)).call("f", memory);
    expect(memory.y[5]).toBe(20_006);
    expect(at(1).kind).toBe("Load");
  });

  it("runs a loop as often as its extent says, also not at all", () => {
    const [n, i] = [variable("n", "int32"), variable("i")];
    const count = b.store(y, [int(0)], b.add(b.load(y, [int(0)]), one));
    const compiled = compile(kernel("f", [n, y], b.loop(i, int(2), b.cast(n, "index"), count)));
    const { call } = instantiate(compiled);
    for (const extent of [0, 1, 2, 7]) {
      const memory = { y: new Float32Array(64) };
      call("f", { n: extent, ...memory });
      expect(memory.y[0]).toBe(extent);
    }
  });

  it("takes nests and sums of thousands", () => {
    const register = variable("r", "float32");
    let body: Stmt = store(int(0), register);
    for (let k = 0; k < 5000; k++) {
      const t = variable("t", "float32");
      body = b.let(t, b.add(register, one), b.seq(b.assign(register, t), body));
    }
    let sum: Expr = one;
    for (let k = 0; k < 20_000; k++) sum = b.add(sum, one);
    const compiled = compile(kernel("f", [y], b.seq(b.register(register, one, body), store(int(1), sum))));
    const memory = { y: new Float32Array(64) };
    instantiate(compiled).call("f", memory);
    expect([...memory.y.slice(0, 2)]).toEqual([5001, 20_001]);
  });

  it("reads a byte other than 0 as true", () => {
    const [flags, out] = [
      buffer("flags", { dtype: "bool", shape: [16] }),
      buffer("out", { dtype: "bool", shape: [16] }),
    ];
    const i = variable("i");
    const all = b.ramp(int(0), int(1), 16);
    const lanes = kernel("lanes", [flags, out], b.store(out, [all], b.load(flags, [all])));
    const scalars = kernel("scalars", [flags, out], b.loop(i, int(0), int(16), b.store(out, [i], b.load(flags, [i]))));
    const { call } = instantiate(compile(lanes, scalars));
    for (const name of ["lanes", "scalars"]) {
      const memory = { flags: Uint8Array.from({ length: 16 }, (_, k) => (k % 3) * 100), out: new Uint8Array(16) };
      call(name, memory);
      expect([...memory.out]).toEqual(Array.from({ length: 16 }, (_, k) => (k % 3 === 0 ? 0 : 1)));
    }
  });
});

describe("what WebAssembly lacks is refused", () => {
  const n = variable("n");
  const loop = (kind: "thread" | "parallel"): Stmt => ({
    ...(b.loop(n, int(0), int(4), store(n)) as Stmt & { kind: "For" }),
    loopKind: kind,
    thread: kind === "thread" ? "threadIdx.x" : null,
  });
  const call = (callee: string): Stmt => ({ kind: "KernelCall", span: b.span, callee, args: [], launch: null });
  const scratch = (count: number) => buffer("s", { dtype: "float32", shape: [int(count)] });
  const ramp = (lanes: number): Expr => b.ramp(int(0), int(1), lanes);
  const wide = b.store(y, [ramp(8)], b.broadcast(one, 8));
  const below = (lanes: number): Expr => b.binary("lt", ramp(lanes), b.broadcast(int(2), lanes));
  const atomic = (of: Buffer, index: Expr, value: Expr): Stmt =>
    ({ kind: "Atomic", span: b.span, op: "add", buffer: of, indices: [index], value }) as const;
  const half = buffer("h", { dtype: "float16", shape: [4] });
  const bools = buffer("p", { dtype: "bool", shape: [64] });
  const cases: readonly [string, string, readonly PrimFunc[]][] = [
    ["BE101", "packed integers", [kernel("f", [buffer("p", { dtype: "int4", shape: [4] })], b.seq())]],
    ["BE101", "loops of a launch", [kernel("f", [y], loop("thread"))]],
    ["BE101", "math functions", [kernel("f", [y], store(int(0), b.unary("exp", one)))]],
    ["BE101", "powers", [kernel("f", [y], store(int(0), b.binary("pow", one, one)))]],
    ["BE101", "unknown intrinsics", [kernel("f", [y], store(int(0), b.call("gpu.clock", [], "float32")))]],
    ["BE101", "barriers", [kernel("f", [], { kind: "Barrier", span: b.span, scope: "shared" })]],
    ["BE101", "atomics of half floats", [kernel("f", [half], atomic(half, int(0), b.const(1, "float16")))]],
    ["BE101", "atomics of vectors", [kernel("f", [y], atomic(y, ramp(4), b.broadcast(one, 4)))]],
    ["BE101", "predicates of lanes", [kernel("f", [y], b.store(y, [ramp(4)], b.broadcast(one, 4), below(4)))]],
    [
      "BE101",
      "choices of lanes",
      [kernel("f", [y], b.store(y, [ramp(4)], b.ifThenElse(below(4), b.load(y, [ramp(4)]), b.broadcast(one, 4))))],
    ],
    ["BE101", "parameters with lanes", [kernel("f", [variable("v", "float32", 4)], b.seq())]],
    ["BE102", "vectors wider than a register", [kernel("f", [y], wide)]],
    ["BE102", "masks wider than a register", [kernel("f", [bools], b.store(bools, [ramp(32)], b.broadcast(b.const(true, "bool"), 32)))]], // biome-ignore format: one line
    ["BE102", "indices wider than a register", [kernel("f", [bools], b.store(bools, [ramp(8)], below(8)))]],
    ["BE105", "loops that are not outlined", [kernel("f", [y], loop("parallel"))]],
    ["BE105", "lanes apart", [kernel("f", [y], b.store(y, [b.ramp(int(0), int(2), 4)], b.broadcast(one, 4)))]],
    ["BE105", "variables out of scope", [kernel("f", [y], store(n))]],
    ["BE105", "calls of nothing", [kernel("f", [], call("g"))]],
    ["BE207", "one allocation beyond addresses", [kernel("f", [], b.allocate(scratch(2 ** 30), b.seq()))]],
    [
      "BE207",
      "allocations beyond addresses together",
      [kernel("f", [], b.allocate(scratch(2 ** 28), b.allocate(scratch(2 ** 28), b.seq())))],
    ],
    ["BE208", "recursion", [kernel("f", [], call("g")), kernel("g", [], call("f"))]],
    ["BE212", "a function with the name of the table", [kernel(TABLE_EXPORT, [], b.seq())]],
  ];
  it.each(cases)("%s: %s", (code, _, functions) => {
    expect(() => compile(...functions)).toThrow(expect.objectContaining({ code }));
  });

  it("BE101: vectors without SIMD", () => {
    const vector = kernel("f", [y], b.store(y, [ramp(4)], b.broadcast(one, 4)));
    expect(() => wasm({ simd: false }).compile(moduleOf(vector))).toThrow(/BE101.*does not declare vectors/);
  });

  it("BE203: an intrinsic in an expression", () => {
    const nothing = kernel("clock", [], b.seq());
    const backend = wasm({ intrinsics: [{ name: "my.clock", semantics: nothing, emit: nothing }] });
    const func = kernel("f", [y], store(int(0), b.call("my.clock", [], "float32")));
    expect(() => backend.compile(moduleOf(func))).toThrow(expect.objectContaining({ code: "BE203" }));
  });

  it("BE206: functions that engines refuse", () => {
    let body: Stmt = b.seq();
    for (let k = 0; k < 50_001; k++) body = b.let(variable("t", "float32"), one, body);
    expect(() => compile(kernel("f", [y], body))).toThrow(expect.objectContaining({ code: "BE206" }));
  });

  it.each([-1, 0, 2.5, Number.NaN, 257, "2", null])("BE211: %s threads", (threads) => {
    const made = () => wasm({ threads: threads as number });
    expect(made).toThrow(expect.objectContaining({ code: "BE211" }));
    expect(made).toThrow(String(threads));
  });

  it("BE211: flags that are none", () => {
    expect(() => wasm({ simd: "no" as never })).toThrow(expect.objectContaining({ code: "BE211" }));
    expect(() => wasm({ relaxed: 1 as never })).toThrow(expect.objectContaining({ code: "BE211" }));
    expect(() => wasm({ registers: 24 as never })).toThrow(expect.objectContaining({ code: "BE211" }));
    expect(wasm({ threads: 256 }).capabilities.threads).toBe(256);
  });

  it("BE211: intrinsics without a template of loop IR", () => {
    for (const intrinsics of [null, 1, [undefined], [{ name: "f" }]])
      expect(() => wasm({ intrinsics: intrinsics as never })).toThrow(expect.objectContaining({ code: "BE211" }));
  });
});
