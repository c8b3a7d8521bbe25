import { NO_SPAN } from "@tilewright/diagnostics";
import {
  APPROXIMATE, build as b, buffer, type Combiner, type Compute, CONTRACT, constant, type Expr, type Extern, type Graph, int, type IRModule, type IterVar,
  type Placeholder, type PrimFunc, REASSOCIATE, type Scan, type Stmt, type Tensor, type Trace, type Value, variable,
} from "@tilewright/ir"; // biome-ignore format: a list

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

export const axis = (name: string, extent: number, iterKind: IterVar["iterKind"] = "data"): IterVar => ({
  kind: "IterVar",
  span,
  name,
  variable: variable(name),
  min: int(0),
  extent: int(extent),
  iterKind,
});
export const placeholder = (name: string, shape: readonly number[], dtype: Tensor["dtype"] = "float32"): Tensor => {
  const operation: Placeholder = { kind: "Placeholder", span, name };
  return { kind: "Tensor", span, name, dtype, shape: shape.map((extent) => int(extent)), operation, outputIndex: 0 };
};
export const read = (tensor: Tensor, ...indices: readonly Expr[]): Expr => ({
  kind: "Read",
  span,
  dtype: tensor.dtype,
  lanes: 1,
  tensor,
  indices,
});
export const tensorOf = (
  operation: Tensor["operation"],
  dtype: Tensor["dtype"],
  shape: readonly Expr[],
  outputIndex = 0,
  name = operation.name,
): Tensor => ({
  kind: "Tensor",
  span,
  name,
  dtype,
  shape,
  operation,
  outputIndex,
});

/** A matrix product, an arg-max of two values over shared axes, a running sum, and an extern. */
export function everyOperation(): readonly Tensor[] {
  const [A, B] = [placeholder("A", [8, 4]), placeholder("B", [4, 8])];
  const [i, j, k] = [axis("i", 8), axis("j", 8), axis("k", 4, "reduce")];
  const [x, y] = [variable("x", "float32"), variable("y", "float32")];
  const sum: Combiner = {
    kind: "Combiner",
    span,
    name: "sum",
    lhs: [x],
    rhs: [y],
    results: [b.add(x, y)],
    identities: [constant(0, "float32")],
  };
  const product = b.mul(read(A, i.variable, k.variable), read(B, k.variable, j.variable));
  const reduce: Expr = {
    kind: "Reduce", span, dtype: "float32", lanes: 1, combiner: sum, sources: [product], axes: [k], condition: null, initial: null, valueIndex: 0, fast: REASSOCIATE,
  }; // biome-ignore format: a record
  const matmul: Compute = {
    kind: "Compute",
    span,
    name: "C",
    axes: [i, j],
    bodies: [reduce],
    attributes: { "tool.tag": "matmul" },
  };
  const C = tensorOf(matmul, "float32", [int(8), int(8)]);
  const best = argMax(C);
  const scan = runningSum(C);
  const inputBuffer = buffer("scanned", { dtype: "float32", shape: [8, 8] });
  const outputBuffer = buffer("copied", { dtype: "float32", shape: [8, 8] });
  const [r, c] = [variable("r"), variable("c")];
  const extern: Extern = {
    kind: "Extern",
    span,
    name: "copy",
    inputs: [scan],
    inputBuffers: [inputBuffer],
    outputBuffers: [outputBuffer],
    body: b.loop(
      r,
      int(0),
      int(8),
      b.loop(c, int(0), int(8), b.store(outputBuffer, [r, c], b.load(inputBuffer, [r, c]))),
    ),
  };
  return [...best, tensorOf(extern, "float32", [int(8), int(8)])];
}

function argMax(C: Tensor): Tensor[] {
  const [i, k] = [axis("i", 8), axis("k", 8, "reduce")];
  const [li, lv, ri, rv] = [
    variable("li", "int32"),
    variable("lv", "float32"),
    variable("ri", "int32"),
    variable("rv", "float32"),
  ];
  const left = b.binary("ge", lv, rv);
  const combiner: Combiner = {
    kind: "Combiner",
    span,
    name: "sum",
    lhs: [li, lv],
    rhs: [ri, rv],
    results: [b.select(left, li, ri), b.select(left, lv, rv)],
    identities: [constant(-1, "int32"), constant(Number.NEGATIVE_INFINITY, "float32")],
  };
  const sources = [b.cast(k.variable, "int32"), read(C, i.variable, k.variable)];
  const condition = b.binary("lt", k.variable, int(7));
  const initial = [constant(0, "int32"), constant(0, "float32")];
  const body = (dtype: "int32" | "float32", valueIndex: number): Expr => ({
    kind: "Reduce", span, dtype, lanes: 1, combiner, sources, axes: [k], condition, initial, valueIndex, fast: 0,
  }); // biome-ignore format: a record
  const operation: Compute = {
    kind: "Compute",
    span,
    name: "best",
    axes: [i],
    bodies: [body("int32", 0), body("float32", 1)],
    attributes: {},
  };
  return [
    tensorOf(operation, "int32", [int(8)], 0, "best.index"),
    tensorOf(operation, "float32", [int(8)], 1, "best.value"),
  ];
}

function runningSum(C: Tensor): Tensor {
  const state = placeholder("state", [8, 8]);
  const [t, j, first] = [axis("t", 8), axis("j", 8), axis("j0", 8)];
  const zero = axis("z", 1);
  const initial: Compute = {
    kind: "Compute",
    span,
    name: "first",
    axes: [zero, first],
    bodies: [read(C, int(0), first.variable)],
    attributes: {},
  };
  const next = b.add(read(state, b.sub(t.variable, int(1)), j.variable), read(C, t.variable, j.variable));
  const update: Compute = { kind: "Compute", span, name: "next", axes: [t, j], bodies: [next], attributes: {} };
  const shape = [int(8), int(8)];
  const scan: Scan = {
    kind: "Scan",
    span,
    name: "running",
    axis: axis("time", 8, "ordered"),
    initial: [tensorOf(initial, "float32", [int(1), int(8)])],
    update: [tensorOf(update, "float32", shape)],
    states: [state],
  };
  return tensorOf(scan, "float32", shape);
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
