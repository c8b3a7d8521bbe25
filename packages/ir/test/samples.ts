import { NO_SPAN } from "@tilewright/diagnostics";
import { APPROXIMATE, build as b, buffer, CONTRACT, constant, type Expr, type Graph, type IRModule, int, type PrimFunc, REASSOCIATE, type Stmt, type Trace, type Value, variable } from "@tilewright/ir"; // biome-ignore format: a list

/** Programs that between them hold every kind of node, for tests of text, JSON, equality and the verifier. */

const span = NO_SPAN;
export const func = (
  name: string,
  parameters: PrimFunc["parameters"],
  body: Stmt,
  more: Partial<PrimFunc> = {},
): PrimFunc => ({
  kind: "PrimFunc",
  span,
  name,
  role: "kernel",
  parameters,
  mayAlias: [],
  body,
  attributes: {},
  ...more,
});
export const module = (...functions: readonly PrimFunc[]): IRModule => ({
  kind: "IRModule",
  span,
  functions,
  attributes: {},
});

/** `B[i] = A[i] + 1` with a guarded split. */
export function addOne(): PrimFunc {
  const [A, B] = ["A", "B"].map((name) => buffer(name, { dtype: "float32", shape: [10] })) as [
    ReturnType<typeof buffer>,
    ReturnType<typeof buffer>,
  ];
  const [outer, inner] = [variable("i"), variable("i")];
  const index = b.add(b.mul(outer, int(4)), inner);
  const store = b.store(
    B,
    [index],
    b.binary("add", b.load(A, [index]), constant(1, "float32"), CONTRACT | REASSOCIATE),
  );
  const guarded = b.when(b.binary("lt", index, int(10)), store, "guard");
  return func(
    "add_one",
    [A, B],
    b.loop(outer, int(0), int(3), b.loop(inner, int(0), int(4), guarded, "vectorized"), "parallel"),
  );
}

/** Every statement and every expression of loop IR, at level scheduled. */
export function everyStatement(): IRModule {
  const n = variable("n");
  const A = buffer("A", { dtype: "float32", shape: [n, 16], strides: [32, 1], alignment: 64 });
  const B = buffer("B", { dtype: "int32", shape: [16] });
  const tile = buffer("tile", { dtype: "float32", shape: [16], scope: "local" });
  const chip = buffer("inp", { dtype: "int8", shape: [4, 16], scope: "vta.inp" });
  const [i, v, t, s, x, acc, lane] = [
    variable("i"), variable("v"), variable("tx"), variable("s"), variable("x", "float32"), variable("acc", "float32", 4), variable("if"),
  ]; // biome-ignore format: a list
  const f = (value: number): Expr => constant(value, "float32");
  const four = b.load(A, [int(0), b.ramp(int(0), int(1), 4)]);
  const masked = b.load(A, [int(0), b.ramp(int(0), int(1), 4)], b.binary("lt", four, b.broadcast(f(0), 4)));
  const math = b.unary("exp", b.unary("neg", b.unary("abs", x)), APPROXIMATE);
  const bits = b.binary(
    "bitxor",
    b.binary("shl", constant(-3, "int32"), constant(2, "int32")),
    b.unary("bitnot", b.load(B, [i])),
  );
  const flag = b.binary(
    "or",
    b.unary("not", b.binary("eq", i, int(3))),
    b.binary("and", constant(true, "bool"), b.binary("ge", x, f(-0))),
  );
  const index = b.binary("floormod", b.binary("floordiv", b.binary("truncdiv", i, int(2)), int(3)), int(5));
  const wide = b.cast(b.binary("max", constant(-9223372036854775808n, "int64"), b.cast(i, "int64")), "float32");
  const extremes = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e21, 1e-7].map(f);
  const sum = extremes.reduce((left, right) => b.binary("add", left, right));
  const chosen = b.select(flag, b.ifThenElse(flag, math, wide), b.binary("pow", x, b.binary("div", x, f(2))));
  const body = b.let(
    x,
    b.load(A, [i, int(0)]),
    b.seq(
      b.store(A, [i, index], b.sub(chosen, sum)),
      b.register(
        acc,
        masked,
        b.seq(
          b.assign(acc, b.shuffle([acc, four], [0, 4, 1, 5])),
          b.store(A, [i, b.ramp(int(0), int(1), 4)], acc, b.binary("ne", acc, acc)),
          b.store(B, [i], b.reinterpret(x, "int32")),
          b.store(B, [i], bits),
        ),
      ),
      { kind: "Seq", span, stmts: [b.let(variable("x", "float32"), x, b.seq())] },
      b.seq(),
      { kind: "Assert", span, condition: flag, message: 'it "must"\n hold' },
      { kind: "Evaluate", span, value: b.call("vta.dump", [i, x], "int32", 1) },
      { kind: "Atomic", span, op: "add", buffer: B, indices: [i], value: constant(1, "int32") },
    ),
  );
  const copy: Stmt = {
    kind: "Async",
    span,
    queue: "load",
    reads: [b.region(A, [i, int(0)], [int(1), int(16)])],
    writes: [b.region(chip, [int(0), int(0)], [int(1), int(16)])],
    body: b.loop(v, int(0), int(16), b.store(chip, [int(0), v], constant(1, "int8"))),
  };
  const nest = b.loop(
    i,
    int(0),
    n,
    b.seq(
      { kind: "Allocate", span, buffer: tile, body: b.store(tile, [int(0)], f(0)) },
      b.allocate(
        chip,
        b.seq({ kind: "PopToken", span, from: "compute", to: "load" }, copy, {
          kind: "PushToken",
          span,
          from: "load",
          to: "compute",
        }),
      ),
      { kind: "Synchronize", span, queues: ["load"] },
      b.when(flagOf(i), body, "branch", b.when(flagOf(i), b.seq(), "guard", b.seq())),
      { kind: "While", span, condition: flagOf(i), body: { kind: "Barrier", span, scope: "shared" } },
      b.loop(s, int(2), n, b.loop(lane, int(0), int(2), b.seq(), "virtual"), "unrolled"),
      { ...b.loop(t, int(0), int(32), b.seq(), "thread"), thread: "threadIdx.x" },
    ),
  );
  const kernel = func("every statement", [A, B, n], nest, {
    attributes: { "tool.note": { deep: [1, null, "x"], __proto__: 1 } },
  });
  return { ...module(kernel, hostOf(kernel), rowOf()), attributes: { "tool.version": 3 } };
}

function flagOf(i: Expr): Expr {
  return b.binary("gt", i, int(1));
}

function hostOf(kernel: PrimFunc): PrimFunc {
  const [C, D, m] = [
    buffer("C", { dtype: "float32", shape: [8, 16] }),
    buffer("D", { dtype: "int32", shape: [16] }),
    variable("m"),
  ];
  const call: Stmt = {
    kind: "KernelCall",
    span,
    callee: kernel.name,
    args: [b.region(C, [int(0), int(0)], [int(8), int(16)]), b.region(D, [int(0)], [int(16)]), int(8)],
    launch: { grid: [int(8)], block: [m, int(1)] },
  };
  const parallel: Stmt = {
    kind: "ParallelCall",
    span,
    callee: "row",
    extent: m,
    args: [b.region(D, [int(0)], [int(16)])],
  };
  return func("host", [C, D, m], b.seq(call, parallel), { role: "host", mayAlias: [[C, D]] });
}

function rowOf(): PrimFunc {
  const [begin, end, E, k] = [
    variable("begin"),
    variable("end"),
    buffer("E", { dtype: "int32", shape: [16] }),
    variable("k"),
  ];
  const body = b.loop(k, begin, b.sub(end, begin), b.store(E, [k], constant(0, "int32")));
  return func("row", [begin, end, E], body, { role: "parallel" });
}

const value = (name: string, shape: readonly (Expr | number)[], dtype: Value["dtype"] = "float32"): Value => ({
  kind: "Value",
  span,
  name,
  dtype,
  shape: shape.map((extent) => (typeof extent === "number" ? int(extent) : extent)),
});

/** A graph with a symbol, a constant, a state, attributes of every kind and a nested graph. */
export function everyGraphNode(): Graph {
  const n = variable("n");
  const [x, w, count, y] = [
    value("input:0", [n, 4]),
    value("w", [4, 4]),
    value("count", [], "int64"),
    value("y", [n, 4]),
  ];
  const [z, zero, inner] = [value("y", [n, 4]), value("count", [], "int64"), value("inner", [n, 4])];
  const nested: Graph = {
    kind: "Graph",
    span,
    name: "then branch",
    symbols: [],
    inputs: [],
    outputs: [inner],
    constants: [],
    states: [],
    nodes: [operator("", "Relu", [y], [inner])],
    attributes: {},
  };
  return {
    kind: "Graph",
    span,
    name: "every",
    symbols: [{ kind: "DimensionSymbol", span, variable: n, min: 1, max: 64 }],
    inputs: [x],
    outputs: [z, y],
    constants: [{ kind: "Constant", span, value: w, data: { blob: "weights", offset: 0, byteLength: 64 } }],
    states: [{ kind: "State", span, value: count, next: zero, initial: null }],
    nodes: [
      { ...operator("layer/1", "MatMul", [x, w], [y]), device: "gpu", reuse: [{ output: 0, input: 0 }] },
      {
        ...operator("", "If", [y, null], [z]),
        operator: { domain: "tilewright", name: "If", version: 2 },
        attributes: {
          alpha: 0.5, big: 9007199254740993n, text: 'a"b', flag: true, list: [1, 2.5], none: [], bigs: [1n], texts: ["a"], lost: Number.NaN, branch: nested,
          where: { blob: "weights", offset: 4, byteLength: 4 },
        }, // biome-ignore format: a record
      },
      operator("", "Identity", [count], [zero]),
    ],
    attributes: { "tool.source": "test" },
  };
}

function operator(
  name: string,
  op: string,
  inputs: readonly (Value | null)[],
  outputs: readonly Value[],
): Graph["nodes"][number] {
  return {
    kind: "GraphNode",
    span,
    name,
    operator: { domain: "", name: op, version: 13 },
    inputs,
    outputs,
    attributes: {},
    reuse: [],
    device: null,
  };
}

export const trace: Trace = {
  version: 1,
  records: [
    {
      primitive: "split",
      stage: "C",
      arguments: { axis: "i", factor: 4, tail: "guard" },
      results: ["i.outer", "i.inner"],
    },
    { primitive: "reorder", stage: "C", arguments: { axes: ["j", "i.outer"] }, results: [] },
    {
      primitive: "cacheRead",
      stage: "a b",
      arguments: { "odd key": -1.5, deep: { x: null, y: [true] } },
      results: ["for"],
    },
  ],
};
