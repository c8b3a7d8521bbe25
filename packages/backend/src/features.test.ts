import { arbitraryPrimFunc } from "@tilewright/backend-test";
import { interpret } from "@tilewright/interp";
import {
  type Atomic,
  build as b,
  buffer,
  DTYPES,
  int,
  type PrimFunc,
  type Stmt,
  variable,
  visit,
} from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { lower } from "@tilewright/lower";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kernel, type moduleOf } from "../test/plain-backend.js";
import {
  type Capabilities,
  type CapabilitiesDefinition,
  checkCapabilities,
  type Feature,
  type FeatureKind,
  featuresOf,
  MATH_FUNCTIONS,
  supportOf,
  toCapabilities,
} from "./index.js";

const namesOfFeatures = (features: readonly Feature[]): readonly string[] =>
  features.map(({ kind, name }) => `${kind} ${name}`);
/** Of a module, less the element type and the memory that every kernel here has. */
const featuresIn = (module: ReturnType<typeof moduleOf>): readonly string[] =>
  namesOfFeatures(featuresOf(module)).filter((each) => each !== "dtype float32" && each !== "memory global");

const lanes = b.ramp(int(0), int(1), 4);
const wide = b.broadcast(b.const(1, "float32"), 4);
const y = buffer("y", { dtype: "float32", shape: [64] });
const built = (body: Stmt, parameters: PrimFunc["parameters"] = [y]): ReturnType<typeof moduleOf> => {
  const func = { kind: "PrimFunc", span: b.span, name: "main", role: "kernel", parameters, mayAlias: [], body, attributes: {} } as const; // biome-ignore format: one line
  return { kind: "IRModule", span: b.span, functions: [func], attributes: {} };
};
const below = b.binary("lt", b.load(y, [lanes]), wide);
const atomic = (value: Atomic["value"], index = lanes): Stmt =>
  ({ kind: "Atomic", span: b.span, op: "add", buffer: y, indices: [index], value }) as const;

describe("each kind of node tells what it asks of a target", () => {
  it.each<[string, string, readonly string[]]>([
    ["nothing but a type", "  y[0] = y[1] + 1.0", []],
    ["indices and conditions, which are implied", "  if y[0] < 1.0 {\n    for i in 0..4 {\n      y[i] = 1.0\n    }\n  }", []],
    ["a loop over threads", "  for t: thread(threadIdx.x) in 0..4 {\n    y[t] = 1.0\n  }", ["loop thread"]],
    ["scratch memory", "  allocate t: int8[4] @shared\n  y[0] = 1.0", ["dtype int8", "memory shared"]],
    ["lanes", "  y[ramp(0, 1, 4)] = broadcast(1.0, 4)", ["vector lanes"]],
    ["functions", "  y[0] = exp(y[1]) + pow(y[2], y[3]) + sqrt(y[4])", ["math exp", "math pow"]],
    ["a type in passing", "  y[0] = cast(float32, cast(int16, y[1]))", ["dtype int16"]],
    ["a barrier", "  barrier @shared", ["barrier shared"]],
    ["an assertion", '  assert y[0] < 1.0, "small"', ["assert assertion"]],
    ["queues", "  async load reads () writes () {\n    y[0] = 1.0\n  }\n  synchronize (load, store)", ["queue load", "queue store"]],
    ["tokens", "  push_token load -> compute\n  pop_token compute -> store", ["queue load", "queue compute", "queue store"]],
    ["a call of what the module does not hold", "  call @vendor(&y[0..+64])", ["intrinsic vendor"]],
    ["a launch of it", "  call @vendor(&y[0..+64]) launch (1) (32)", ["intrinsic vendor", "loop thread"]],
    ["a parallel call", "  parallel_call @body(&y[0..+64]) over 8", ["loop parallel"]],
  ])("%s", (_, body, features) => {
    expect(featuresIn(kernel(body))).toEqual(features);
  }); // biome-ignore format: a table

  it.each<[string, ReturnType<typeof moduleOf>, readonly string[]]>([
    ["an intrinsic in an expression", built(b.store(y, [int(0)], b.call("my.clock", [], "float32"))), ["intrinsic my.clock"]],
    ["a predicate", built(b.store(y, [int(0)], b.const(1, "float32"), b.const(true, "bool"))), []],
    ["a predicate of lanes", built(b.store(y, [lanes], wide, below)), ["vector lanes", "vector predicates"]],
    ["a load of some lanes", built(b.store(y, [lanes], b.load(y, [lanes], below))), ["vector lanes", "vector predicates"]],
    ["a choice of lanes", built(b.store(y, [lanes], b.ifThenElse(below, wide, wide))), ["vector lanes", "vector predicates"]],
    ["a selection of lanes", built(b.store(y, [lanes], b.select(below, wide, wide))), ["vector lanes"]],
    ["an atomic update", built(atomic(b.const(1, "float32"), int(0) as never)), ["atomic float32"]],
    ["atomic updates of lanes", built(atomic(wide)), ["vector lanes", "atomic float32", "vector atomics"].sort()],
    ["a parameter with lanes", built(b.seq(), [variable("v", "float32", 4)]), ["vector parameters"]],
    ["a scalar parameter", built(b.seq(), [variable("v", "int64"), variable("n")]), ["dtype int64"]],
  ])("%s", (_, module, features) => {
    expect([...featuresIn(module)].sort()).toEqual([...features].sort());
  }); // biome-ignore format: a table

  it("once, where it is used first", () => {
    const span = { file: "kernel.ts", line: 3, column: 1 };
    const second = { file: "kernel.ts", line: 4, column: 1 };
    const store = (at: typeof span): Stmt => ({ ...b.store(y, [int(0)], { ...b.unary("exp", b.load(y, [int(1)])), span: at }) }); // biome-ignore format: one line
    const uses = featuresOf(built(b.seq(store(span), store(second)))).filter(({ kind }) => kind === "math");
    expect(uses).toEqual([{ kind: "math", name: "exp", span }]);
  });

  it("that no target has, is refused by all: atomics and parameters with lanes", () => {
    const all = { bytes: 64, registers: 32, predicated: true };
    const capabilities = toCapabilities({ dtypes: { float32: "stable" }, vector: all, atomics: { float32: "stable" } });
    for (const [module, name] of [
      [built(atomic(wide)), "atomics"],
      [built(b.seq(), [variable("v", "float32", 4)]), "parameters"],
    ] as const) {
      const [refusal] = checkCapabilities(module, capabilities, "names");
      expect(refusal).toMatchObject({ code: "BE101", actual: name });
      expect(refusal?.message).toBe(`the backend \`names\` does not declare ${name} of vectors`);
    }
  });
});

/** All that these features take, and nothing else. */
function capabilitiesFor(features: readonly Feature[]): Capabilities {
  const names = (kind: FeatureKind): readonly string[] =>
    features.filter((each) => each.kind === kind).map(({ name }) => name);
  const levels = (kind: FeatureKind): object => Object.fromEntries(names(kind).map((name) => [name, "stable"]));
  const scopes = Object.fromEntries(names("memory").map((scope) => [scope, { maxBytes: null }]));
  return {
    ...toCapabilities({ dtypes: levels("dtype") }),
    loopKinds: levels("loop"),
    memory: scopes,
    vector: names("vector").length === 0 ? null : { bytes: 64, registers: 32, predicated: names("vector").includes("predicates") }, // biome-ignore format: one line
    math: names("math") as Capabilities["math"],
    intrinsics: names("intrinsic"),
    atomics: levels("atomic"),
    barriers: levels("barrier"),
    queues: names("queue"),
    asserts: names("assert").length > 0,
  };
}

const same = (a: Feature, other: Feature): boolean => a.kind === other.kind && a.name === other.name;

describe("a target that lacks one thing", () => {
  const FULL: CapabilitiesDefinition = {
    dtypes: Object.fromEntries(DTYPES.map((dtype) => [dtype, "stable"])),
    loopKinds: { parallel: "stable" },
    vector: { bytes: 32, registers: 16, predicated: false },
    threads: 2,
    math: MATH_FUNCTIONS,
    atomics: { int32: "stable", uint8: "stable" },
    hostCode: true,
  };
  const kinds = ["serial", "vectorized", "parallel", "unrolled"] as const;

  it("is told exactly that, whatever random functions use", () => {
    const seen = new Set<FeatureKind>();
    fc.assert(
      fc.property(
        arbitraryPrimFunc({
          dtypes: ["float32", "int32", "uint8", "float16"],
          loopKinds: kinds,
          atomics: ["int32", "uint8"],
          conditions: true,
        }),
        (func) => {
          const random = { kind: "IRModule", span: b.span, functions: [func], attributes: {} } as const;
          const { module } = lower(random, { capabilities: toCapabilities(FULL) });
          const features = featuresOf(module);
          expect(checkCapabilities(module, capabilitiesFor(features), "names")).toEqual([]);
          for (const lost of features) {
            seen.add(lost.kind);
            const left = capabilitiesFor(features.filter((each) => !same(each, lost)));
            const found = checkCapabilities(module, left, "names");
            expect(
              found.map(({ code, actual }) => [code, actual]),
              print(module),
            ).toEqual([["BE101", lost.name]]);
            expect(supportOf(left, lost)).toBeNull();
          }
        },
      ),
      { numRuns: 800 }, // one in forty holds vectors,
    );
    expect([...seen].sort()).toEqual(["atomic", "dtype", "loop", "memory", "vector"]);
  });
});

describe("math functions", () => {
  const values = [0.25, 0.5, 1, 1.5, 2, 3];
  const run = (module: ReturnType<typeof moduleOf>): readonly number[] => {
    const memory = { x: Float32Array.from(values), y: new Float32Array(values.length) };
    interpret(module, memory, { entry: "main" });
    return [...memory.y];
  };

  it.each(MATH_FUNCTIONS)("`%s` is left to a target that declares it, and expanded for the others", (op) => {
    const call = op === "pow" ? "pow(x[i], x[i] + 0.5)" : `${op}(x[i])`;
    const size = values.length;
    const module = kernel(
      `  for i in 0..${size} {\n    y[i] = ${call}\n  }`,
      `x: float32[${size}] @global align 64, y: float32[${size}] @global align 64`,
    );
    const holds = (lowered: ReturnType<typeof moduleOf>): boolean => {
      const operators = new Set<string>();
      visit(lowered, { Unary: (node) => void operators.add(node.op), Binary: (node) => void operators.add(node.op) });
      return operators.has(op);
    };
    const dtypes = { float32: "stable", int32: "stable", uint32: "stable", float64: "stable" } as const;
    const declared = toCapabilities({ dtypes, math: [op] });
    const plain = toCapabilities({ dtypes });
    const [left, expanded] = [declared, plain].map((capabilities) => lower(module, { capabilities }).module);
    if (left === undefined || expanded === undefined) throw new Error("two modules");
    expect([holds(left), holds(expanded)]).toEqual([true, false]);
    expect(run(left)).toEqual(run(module));
    for (const [at, value] of run(expanded).entries()) expect(value).toBeCloseTo(run(module)[at] as number, 4);
    expect(checkCapabilities(left, declared, "names")).toEqual([]);
    expect(checkCapabilities(left, plain, "names").map(({ actual }) => actual)).toEqual([op]);
    expect(checkCapabilities(expanded, plain, "names")).toEqual([]);
  });
});
