import { readFileSync } from "node:fs";
import { type Diagnostic, isCompileError } from "@tilewright/diagnostics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deepChain, deepNest, doubled } from "../../test/big.js";
import { functions } from "../../test/random.js";
import { axis, everyOperation, placeholder, read, tensorOf } from "../../test/sample-tensors.js";
import { addOne, everyGraphNode, everyStatement, func, module } from "../../test/samples.js";
import { build as b, buffer, constant, int, variable } from "../build.js";
import type { Expr } from "../expr.js";
import type { Graph } from "../graph.js";
import type { Level } from "../level.js";
import type { Stmt } from "../stmt.js";
import type { Compute, Extern, Operation, Scan, Tensor } from "../tensor.js";
import { verify } from "./verify-func.js";
import { verifyGraph } from "./verify-graph.js";
import { verifyTensors } from "./verify-tensor.js";

const codes = (diagnostics: readonly Diagnostic[]): string[] => [...new Set(diagnostics.map(({ code }) => code))];
const raised = new Set<string>();
function expectCodes(diagnostics: readonly Diagnostic[], ...expected: readonly string[]): void {
  expect(codes(diagnostics)).toEqual(expected);
  for (const { code, expected: wanted, actual, hint, notes } of diagnostics) {
    raised.add(code);
    expect([wanted, actual, hint].every((part) => part !== undefined && part !== "")).toBe(true);
    expect(notes?.[0]).toMatch(/^in ./);
  }
}

const A = buffer("A", { dtype: "float32", shape: [8, 8] });
const F = buffer("F", { dtype: "float32", shape: [64] });
const N = buffer("N", { dtype: "int32", shape: [8] });
const [n, x, flag, wide] = [
  variable("n"),
  variable("x", "float32"),
  variable("flag", "bool"),
  variable("wide", "float32", 4),
];
const one = constant(1, "float32");
const { span } = b;
const within = (body: Stmt, level: Level = "scheduled"): Diagnostic[] =>
  verify(func("f", [A, F, N, n, x, flag, wide], body), level);
const storing = (value: unknown): Stmt => b.store(F, [int(0)], value as Expr);
const ramp = (stride: number, lanes = 4): Expr => b.ramp(int(0), int(stride), lanes);

describe("verify accepts", () => {
  it("the samples, and random functions (property)", () => {
    expect(verify(addOne(), "scheduled")).toEqual([]);
    expect(verify(everyStatement(), "scheduled")).toEqual([]);
    fc.assert(
      fc.property(functions, (program) => {
        expect(verify(program, "scheduled")).toEqual([]);
      }),
    );
  });

  it("programs nested 20,000 deep and shared expressions, in linear time", () => {
    const i = variable("i");
    const shared = doubled(64);
    let base = shared;
    while (base.kind === "Binary") base = base.left;
    const loop = b.loop(base as never, int(0), int(8), b.store(N, [shared], constant(1, "int32")));
    expect(verify(func("f", [N], loop), "scheduled")).toEqual([]);
    expect(verify(func("f", [], deepNest(20_000)), "scheduled")).toEqual([]);
    const chain = deepChain(20_000);
    expect(codes(verify(func("f", [N], b.loop(i, chain, int(2), b.seq())), "scheduled"))).toEqual(["IR201"]);
  });

  it("flat and device code", () => {
    const i = variable("i");
    const vector = b.store(F, [b.ramp(b.mul(i, int(4)), int(1), 4)], b.load(F, [b.ramp(i, int(1), 4)]));
    expect(within(b.loop(i, int(0), int(8), vector), "device")).toEqual([]);
    expect(within(b.loop(i, int(0), int(8), b.store(A, [i], one), "parallel"), "flat")).toEqual([]);
  });
});

describe("verify reports", () => {
  const i = variable("i");
  const strange = (node: Expr, more: object): Expr => ({ ...node, ...more }) as Expr;
  const sum = b.binary("add", x, one);
  const cases: readonly [code: string, what: string, diagnostics: () => Diagnostic[]][] = [
    ["IR101", "operands of two types", () => within(storing(strange(sum, { right: int(1) })))],
    ["IR101", "arms of two types", () => within(storing(strange(b.select(flag, x, one), { whenFalse: int(1) })))],
    [
      "IR101",
      "a ramp of two types",
      () => within(b.store(F, [strange(ramp(1), { stride: constant(1, "int32") })], wide)),
    ],
    ["IR102", "a float operator on integers", () => within(b.store(N, [n], b.unary("exp", constant(1, "int32"))))],
    ["IR102", "div on index", () => within(b.store(N, [b.binary("div", n, n)], constant(1, "int32")))],
    ["IR102", "a value of another type stored", () => within(b.store(N, [n], x))],
    ["IR102", "a scalar stored to lanes", () => within(b.store(F, [ramp(1)], x))],
    ["IR102", "an index that is no index", () => within(b.store(F, [constant(1, "int32")], x))],
    ["IR102", "lanes in an index before the last", () => within(b.store(A, [ramp(1), int(0)], wide))],
    ["IR102", "a condition that is no bool", () => within(b.when(n, b.seq()))],
    [
      "IR102",
      "a choice by lanes before vectorization",
      () => within(b.store(F, [ramp(1)], b.ifThenElse(b.broadcast(flag, 4), wide, wide))),
    ],
    ["IR102", "a predicate of other lanes", () => within(b.store(F, [ramp(1)], wide, flag))],
    ["IR102", "bits of another width", () => within(storing(b.reinterpret(constant(1, "int8"), "float32")))],
    ["IR102", "a let of another type", () => within(b.let(variable("y"), x, b.seq()))],
    [
      "IR102",
      "an atomic that floats do not have",
      () => within({ kind: "Atomic", span, op: "xor", buffer: F, indices: [n], value: x }),
    ],
    ["IR102", "a loop over floats", () => within(b.loop(i, one, int(3), b.seq()))],
    [
      "IR103",
      "a result that is not the operands'",
      () => within(b.let(variable("y", "float64"), strange(sum, { dtype: "float64" }), b.seq())),
    ],
    [
      "IR104",
      "a constant out of range",
      () => within(b.store(N, [n], strange(constant(1, "int32"), { value: 2 ** 31 }))),
    ],
    [
      "IR104",
      "a number for an int64",
      () => within(b.let(variable("y", "int64"), strange(constant(1, "int64"), { value: 1 }), b.seq())),
    ],
    ["IR105", "a ramp of one lane", () => within(b.store(F, [strange(ramp(1), { lanes: 1 })], x))],
    ["IR105", "a lane that is not there", () => within(storing(b.shuffle([wide], [4])))],
    ["IR106", "too few indices", () => within(b.store(A, [n], x))],
    ["IR106", "two indices in flat code", () => within(b.store(A, [n, n], x), "flat")],
    ["IR107", "a buffer of indices", () => within(b.allocate(buffer("T", { dtype: "index", shape: [1] }), b.seq()))],
    [
      "IR107",
      "an alignment of 3",
      () => within(b.allocate(buffer("T", { dtype: "int8", shape: [1], alignment: 3 }), b.seq())),
    ],
    ["IR108", "an operator that is none", () => within(storing(strange(sum, { op: "constructor" })))],
    [
      "IR108",
      "a loop that is none",
      () => within({ ...b.loop(i, int(0), int(1), b.seq()), loopKind: "fast" as never }),
    ],
    ["IR108", "a level that is none", () => within(b.seq(), "hot" as Level)],
    ["IR201", "a variable out of scope", () => within(b.seq(b.loop(i, int(0), int(4), b.seq()), b.store(F, [i], x)))],
    ["IR201", "a buffer out of scope", () => within(b.store(buffer("Z", { dtype: "float32", shape: [] }), [], x))],
    [
      "IR202",
      "a body that stands twice",
      () => within(b.seq(b.loop(i, int(0), int(4), b.seq()), b.loop(i, int(0), int(4), b.seq()))),
    ],
    ["IR203", "an assignment to a parameter", () => within(b.assign(x, one))],
    [
      "IR204",
      "two functions of a name",
      () => verify(module(func("f", [], b.seq()), func("f", [], b.seq())), "device"),
    ],
    ["IR205", "a callee that is not there", () => verify(module(func("f", [], call("g"))), "device")],
    [
      "IR206",
      "too many arguments",
      () => verify(module(func("f", [], call("g", int(1))), func("g", [], b.seq())), "device"),
    ],
    [
      "IR207",
      "an expression for a buffer",
      () => verify(module(func("f", [], call("g", int(1))), func("g", [F], b.seq())), "device"),
    ],
    [
      "IR207",
      "a region of other bytes",
      () =>
        verify(module(func("f", [N], call("g", b.region(N, [int(0)], [int(8)]))), func("g", [F], b.seq())), "device"),
    ],
    [
      "IR208",
      "a call of a parallel function",
      () => verify(module(func("f", [], call("g", int(0), int(1))), parallelFunction()), "device"),
    ],
    [
      "IR209",
      "a parallel function without a range",
      () => verify(func("f", [F], b.seq(), { role: "parallel" }), "device"),
    ],
    ["IR210", "an alias of no parameter", () => verify(func("f", [F], b.seq(), { mayAlias: [[F, N]] }), "device")],
    ["IR211", "statements that unfold without end", () => within(unfolding())],
    ["IR301", "a read in loop IR", () => within(storing(read(placeholder("P", []))))],
    [
      "IR302",
      "a vectorized loop in lowered code",
      () => within(b.loop(i, int(0), int(4), b.seq(), "vectorized"), "lowered"),
    ],
    ["IR302", "a parallel loop in device code", () => within(b.loop(i, int(0), int(4), b.seq(), "parallel"), "device")],
    ["IR303", "a thread loop without a tag", () => within(b.loop(i, int(0), int(4), b.seq(), "thread"))],
    ["IR303", "a tag twice in a nest", () => within(thread(thread(b.seq())))],
    [
      "IR304",
      "a vector of three lanes",
      () => within(b.let(variable("v", "float32", 3), b.broadcast(x, 3), b.seq()), "device"),
    ],
    ["IR304", "a strided vector", () => within(b.store(F, [ramp(2)], wide), "device")],
    [
      "IR305",
      "an allocation of unknown size",
      () => within(b.allocate(buffer("T", { dtype: "int8", shape: [n] }), b.seq()), "flat"),
    ],
    ["IR306", "an evaluation of nothing", () => within({ kind: "Evaluate", span, value: n })],
  ];
  it.each(cases)("%s: %s", (code, _, diagnostics) => {
    expectCodes(diagnostics(), code);
  });

  it("the place: function, first line, expected, found, hint", () => {
    const [first] = within(b.loop(i, int(0), int(4), b.store(N, [i], x)));
    expect(first).toMatchObject({ code: "IR102", expected: "int32", actual: "float32", notes: ["in @f: N[i] = x"] });
  });

  it("no more than 100 faults", () => {
    expect(within(b.seq(...Array.from({ length: 500 }, () => b.store(A, [n], x))))).toHaveLength(100);
  });

  function call(callee: string, ...args: readonly (Expr | ReturnType<typeof b.region>)[]): Stmt {
    return { kind: "KernelCall", span, callee, args, launch: null };
  }
  function parallelFunction() {
    return func("g", [variable("begin"), variable("end")], b.seq(), { role: "parallel" });
  }
  function thread(body: Stmt): Stmt {
    return {
      kind: "For",
      span,
      loopVar: variable("t"),
      min: int(0),
      extent: int(4),
      loopKind: "thread",
      thread: "threadIdx.x",
      body,
    };
  }
  function unfolding(): Stmt {
    let stmt: Stmt = b.seq();
    for (let level = 0; level < 64; level++) stmt = { kind: "Seq", span, stmts: [stmt, stmt] };
    return stmt;
  }
});

describe("verifyTensors", () => {
  const [P, i, k] = [placeholder("P", [8]), axis("i", 8), axis("k", 8, "reduce")];
  const compute = (bodies: readonly Expr[], more: Partial<Compute> = {}): Tensor[] => {
    const operation: Compute = { kind: "Compute", span, name: "C", axes: [i], bodies, attributes: {}, ...more };
    return bodies.map((body, position) => tensorOf(operation, body.dtype, [int(8)], position));
  };
  const [lx, rx] = [variable("l", "float32"), variable("r", "float32")];
  const combiner = {
    kind: "Combiner",
    span,
    name: "sum",
    lhs: [lx],
    rhs: [rx],
    results: [b.add(lx, rx)],
    identities: [constant(0, "float32")],
  } as const;
  const reduce = (more: object = {}): Expr => ({
    kind: "Reduce", span, dtype: "float32", lanes: 1, combiner, sources: [read(P, k.variable)], axes: [k], condition: null, initial: null, valueIndex: 0, fast: 0, ...more,
  }); // biome-ignore format: a record
  const operation = (made: Operation, dtype: Tensor["dtype"] = "float32"): Tensor[] => [
    tensorOf(made, dtype, [int(8)]),
  ];
  const scan = (more: Partial<Scan> = {}): Tensor[] => {
    return operation({
      kind: "Scan",
      span,
      name: "S",
      axis: axis("t", 8, "ordered"),
      initial: [P],
      update: [P],
      states: [P],
      ...more,
    });
  };
  const extern = (more: Partial<Extern> = {}): Tensor[] => {
    const out = buffer("out", { dtype: "float32", shape: [8] });
    return operation({
      kind: "Extern",
      span,
      name: "E",
      inputs: [],
      inputBuffers: [],
      outputBuffers: [out],
      body: b.seq(),
      ...more,
    });
  };

  it("accepts the samples", () => {
    expect(verifyTensors(everyOperation())).toEqual([]);
    expect(verifyTensors([...compute([reduce()]), ...scan(), ...extern()])).toEqual([]);
  });

  const cases: readonly [code: string, what: string, outputs: () => Tensor[]][] = [
    ["IR401", "an output number too high", () => compute([read(P, i.variable)]).map((t) => ({ ...t, outputIndex: 1 }))],
    [
      "IR401",
      "another type than the body's",
      () => compute([read(P, i.variable)]).map((t) => ({ ...t, dtype: "int8" })),
    ],
    [
      "IR401",
      "another shape than the axes'",
      () => compute([read(P, i.variable)]).map((t) => ({ ...t, shape: [int(9)] })),
    ],
    ["IR402", "a reduction inside an expression", () => compute([b.add(reduce(), one)])],
    ["IR402", "a reduction beside another body", () => compute([reduce(), one])],
    ["IR403", "a source too many", () => compute([reduce({ sources: [one, one] })])],
    [
      "IR403",
      "an identity of another type",
      () => compute([reduce({ combiner: { ...combiner, identities: [int(0)] } })]),
    ],
    ["IR404", "a data axis in a reduction", () => compute([reduce({ axes: [{ ...k, iterKind: "data" }] })])],
    ["IR405", "a scan without its update", () => scan({ update: [] })],
    ["IR405", "an extern without its buffer", () => extern({ inputs: [P] })],
    ["IR106", "an index too many", () => compute([read(P, i.variable, i.variable)])],
    [
      "IR201",
      "an axis of another operation",
      () =>
        compute([
          read(compute([read(P, k.variable)], { axes: [{ ...k, iterKind: "data" }] })[0] as Tensor, k.variable),
        ]),
    ],
    ["IR301", "a load in a body", () => compute([b.load(F, [i.variable])])],
    ["IR102", "a wrong statement in an extern", () => extern({ body: b.when(n, b.seq()) }).map((t) => t)],
  ];
  it.each(cases)("%s: %s", (code, _, outputs) => {
    const diagnostics = verifyTensors(outputs());
    expect(codes(diagnostics)).toContain(code);
    expectCodes(diagnostics, ...codes(diagnostics));
  });
});

describe("verifyGraph", () => {
  const graph = everyGraphNode();
  const [first, second, third] = graph.nodes as unknown as [Graph["nodes"][0], Graph["nodes"][0], Graph["nodes"][0]];
  it("accepts the sample", () => {
    expect(verifyGraph(graph)).toEqual([]);
  });
  const cases: readonly [code: string, what: string, graph: Graph][] = [
    ["IR411", "nodes out of order", { ...graph, nodes: [second, first, third] }],
    ["IR411", "an output that nothing defines", { ...graph, nodes: [first, third] }],
    ["IR202", "a value defined twice", { ...graph, nodes: [first, second, third, third] }],
    [
      "IR204",
      "two inputs of a name",
      { ...graph, inputs: [...graph.inputs, { ...graph.inputs[0], shape: [] } as never] },
    ],
    [
      "IR412",
      "a reuse of what is not there",
      { ...graph, nodes: [{ ...first, reuse: [{ output: 0, input: 2 }] }, second, third] },
    ],
    ["IR413", "a symbol without room", { ...graph, symbols: graph.symbols.map((symbol) => ({ ...symbol, max: 0 })) }],
    ["IR201", "a dimension over a symbol that is not there", { ...graph, symbols: [] }],
  ];
  it.each(cases)("%s: %s", (code, _, wrong) => {
    expectCodes(verifyGraph(wrong), code);
  });
});

it("every code of the catalogue is raised by a test", () => {
  const files = ["../errors.ts", "../errors-format.ts"].map((file) => new URL(file, import.meta.url));
  const catalogue = files.map((file) => readFileSync(file, "utf8")).join();
  const all = [...catalogue.matchAll(/error\(\s*"(IR\d+)"/g)].map((match) => match[1] as string);
  expect(all).toEqual([...all].sort());
  expect(new Set(all).size).toBe(all.length);
  const others = ["verify-launch.test.ts", "../text/text.test.ts", "../json/json.test.ts", "../history.test.ts"]
    .map((file) => readFileSync(new URL(file, import.meta.url), "utf8"))
    .join();
  expect(all.filter((code) => !raised.has(code) && !others.includes(`"${code}"`))).toEqual([]);
  expect(isCompileError(thrown(() => b.add(int(1), one)))).toBe(true);
});

function thrown(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
