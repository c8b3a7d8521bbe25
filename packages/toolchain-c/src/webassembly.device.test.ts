import { ABI_VERSION } from "@tilewright/artifact";
import { c } from "@tilewright/codegen-c";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { build as b, buffer, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { clangWasm, emcc } from "./index.js";

const tools = (process.env.TILEWRIGHT_TOOLS ?? "").split(",");
const N = 100;

/** `double n`: checks n, then doubles x in parallel, through a table in scratch memory. */
function functions(): readonly PrimFunc[] {
  const [x, bx] = [buffer("x", { dtype: "float32", shape: [N] }), buffer("x", { dtype: "float32", shape: [N] })];
  const table = buffer("table", { dtype: "float32", shape: [N] });
  const [n, begin, end, i, j] = [variable("n"), variable("begin"), variable("end"), variable("i"), variable("j")];
  const fill = b.loop(i, begin, b.sub(end, begin), b.store(table, [i], b.mul(b.load(bx, [i]), b.const(2, "float32"))));
  const copy = b.loop(j, begin, b.sub(end, begin), b.store(bx, [j], b.unary("round", b.load(table, [j]))));
  const common = { span: NO_SPAN, mayAlias: [], attributes: {} };
  const call: Stmt = {
    kind: "ParallelCall",
    span: NO_SPAN,
    callee: "body",
    extent: n,
    args: [b.region(x, [int(0)], [int(N)])],
  };
  const check: Stmt = {
    kind: "Assert",
    span: NO_SPAN,
    condition: b.binary("le", n, int(N)),
    message: "n is at most 100",
  };
  return [
    { kind: "PrimFunc", ...common, name: "double n", role: "kernel", parameters: [x, n], body: b.seq(check, call) },
    {
      kind: "PrimFunc",
      ...common,
      name: "body",
      role: "parallel",
      parameters: [begin, end, bx],
      body: b.allocate(table, b.seq(fill, copy)),
    },
  ];
}

const module = { kind: "IRModule" as const, span: NO_SPAN, functions: functions(), attributes: {} };
const cases = [
  ["wasm-ld", "clang-wasm", (threads: boolean) => clangWasm({ threads, cache: false })],
  ["emcc", "emcc", (threads: boolean) => emcc({ threads, cache: false })],
] as const;

describe.each(cases)("%s: a module of %s follows the calling convention", (tool, _, make) => {
  const test = it.runIf(tools.includes(tool));
  test.each([false, true])("threads: %s", async (threads) => {
    expect(ABI_VERSION).toBe(1);
    const built = await make(threads).build(c({ cpu: "wasm" }).compile(module));
    expect(built.features).toEqual(threads ? ["simd", "threads"] : ["simd"]);
    const compiled = await WebAssembly.compile(built.bytes as Uint8Array<ArrayBuffer>);
    expect(
      WebAssembly.Module.imports(compiled)
        .map(({ module: from, name, kind }) => `${from}.${name}: ${kind}`)
        .sort(),
    ).toEqual(["tilewright.assert_failed: function", "tilewright.memory: memory", "tilewright.parallel: function"]);
    expect(
      WebAssembly.Module.exports(compiled)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["double n", "functions"]);
    expect(new TextDecoder().decode(WebAssembly.Module.customSections(compiled, "tilewright.asserts")[0])).toBe(
      '["n is at most 100"]',
    );

    const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536, shared: threads });
    const bodies: unknown[] = [];
    const failures: number[] = [];
    const parallel = (slot: number, extent: number, closure: number, workspace: number): void => {
      const body = (instance.exports.functions as WebAssembly.Table).get(slot) as (...args: number[]) => void;
      bodies.push(extent);
      for (const [begin, end] of [
        [50, extent],
        [0, 50],
      ] as const)
        body(begin, end, closure, workspace);
    };
    const instance = await WebAssembly.instantiate(compiled, {
      tilewright: { memory, parallel, assert_failed: (index: number) => failures.push(index) },
    });
    const x = new Float32Array(memory.buffer, 65536, N);
    x.set(Array.from({ length: N }, (_, at) => at + 0.25));
    const run = instance.exports["double n"] as (x: number, n: number, workspace: number) => void;
    run(65536, N, 131072);
    expect([x[0], x[1], x[99], bodies, failures]).toEqual([0, 2, 198, [100], []]);
    expect(() => run(65536, N + 1, 131072)).toThrow(WebAssembly.RuntimeError);
    expect(failures).toEqual([0]);
  });

  test("a stack in memory only without threads", async () => {
    const table = buffer("table", { dtype: "int32", shape: [64] });
    const [x, i] = [buffer("x", { dtype: "int32", shape: [64] }), variable("i")];
    const index = b.cast(b.binary("bitand", b.load(x, [i]), b.const(63, "int32")), "index");
    const body = b.allocate(
      table,
      b.seq(
        b.loop(i, int(0), int(64), b.store(table, [index], b.load(x, [i]))),
        b.store(x, [int(0)], b.load(table, [b.cast(b.load(x, [int(1)]), "index")])),
      ),
    );
    const func: PrimFunc = {
      kind: "PrimFunc",
      span: NO_SPAN,
      name: "f",
      role: "kernel",
      parameters: [x],
      mayAlias: [],
      body,
      attributes: {},
    };
    const compiled = c().compile({ ...module, functions: [func] });
    const built = await make(false).build(compiled);
    expect(WebAssembly.validate(built.bytes as Uint8Array<ArrayBuffer>)).toBe(true);
    const refused = await make(true)
      .build(compiled)
      .then(
        () => "",
        (error: unknown) => (isCompileError(error) ? error.code : String(error)),
      );
    expect(refused).toBe("TC105");
  });
});
