import { assignmentCases, caseInputs, mismatch, type OperatorCase } from "@tilewright/backend-test";
import { evaluateModel } from "@tilewright/compiler";
import { isCompileError } from "@tilewright/diagnostics";
import { CONTRACT, type DType, type GraphNode, type Tensor, type Value, visit } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { describe, expect, it } from "vitest";
import * as ops from "./index.js";
import { ADD, MUL, SUB } from "./operators/arithmetic.js";

type Numbers = readonly number[];

/** What `build` gives for inputs of shapes and elements. */
function run(
  build: (b: ops.GraphBuilder, inputs: readonly Value[]) => Value,
  ...inputs: readonly { shape: Numbers; data: ArrayLike<number>; dtype?: DType }[]
): { shape: Numbers; data: number[] } {
  const b = ops.graphBuilder("case");
  const values = inputs.map(({ shape, dtype = "float32" }, k) => b.input(`x${k}`, dtype, shape));
  const y = build(b, values);
  const arrays = inputs.map(({ data, dtype }) => (dtype === "int32" ? Int32Array.from(data) : Float32Array.from(data)));
  const given = new Map(values.map((value, k) => [value, arrays[k] as Float32Array]));
  const [result] = evaluateModel(b.finish([y]), [y], given);
  return { shape: ops.shapeOf(y), data: Array.from(result ?? [], Number) };
}

const lastNode = (b: ops.GraphBuilder, value: Value) => b.finish([value]).graph.nodes.at(-1) as GraphNode;
const row = (...data: number[]) => ({ shape: [data.length], data });
const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "no error";
};

describe("the operators of the assignment", () => {
  const runCase = (each: OperatorCase, inputs: readonly Float32Array[]) => {
    const operator = ops.defaultOperators.get(ops.operatorKey(each.operator)) as ops.Operator;
    return run(
      (b, values) => b.apply(operator, values, each.attributes)[0] as Value,
      ...each.inputs.map(({ shape }, k) => ({ shape, data: inputs[k] as Float32Array })),
    );
  };
  it.each(assignmentCases("small").map((each) => [each.name, each] as const))("%s", (_, each) => {
    const inputs = caseInputs(each);
    const { shape, data } = runCase(each, inputs);
    expect(shape).toEqual(each.outputShape);
    expect(mismatch(each, data, each.reference(inputs.map((data) => Float64Array.from(data))))).toBeNull();
  });
});

describe("operators", () => {
  it("let a product be rounded with a sum along rows, and with nothing else", () => {
    const [x, y] = [te.placeholder([4, 8]), te.placeholder([4, 8])];
    const fast = (operator: ops.Operator, ...inputs: Tensor[]): number => {
      const [made] = operator.compute(inputs, {}) as readonly [Tensor];
      return (made.operation as { bodies: readonly { fast: number }[] }).bodies[0]?.fast ?? 0;
    };
    expect([fast(MUL, x, y), fast(ADD, x, y), fast(SUB, x, y)]).toEqual([CONTRACT, 0, 0]);
    const [i, j] = [te.placeholder([4], { dtype: "int32" }), te.placeholder([4], { dtype: "int32" })];
    expect(fast(MUL, i, j)).toBe(0);
  });

  it("broadcast by NumPy's rule", () => {
    const sum = run(
      (b, [x, y]) => ops.add(b, x as Value, y as Value),
      { shape: [2, 1], data: [1, 2] },
      row(10, 20, 30),
    );
    expect(sum).toEqual({ shape: [2, 3], data: [11, 21, 31, 12, 22, 32] });
  });

  it("compute what JavaScript's Math computes", () => {
    const x = [0.5, 1, 2];
    const of = (f: (b: ops.GraphBuilder, x: Value) => Value) => run((b, [v]) => f(b, v as Value), row(...x)).data;
    const near = (actual: Numbers, expected: Numbers) =>
      actual.forEach((value, k) => {
        expect(value).toBeCloseTo(expected[k] as number, 6);
      });
    near(of(ops.exp), x.map(Math.exp));
    near(of(ops.log), x.map(Math.log));
    near(of(ops.sqrt), x.map(Math.sqrt));
    near(of(ops.tanh), x.map(Math.tanh));
    near(
      of(ops.sigmoid),
      x.map((v) => 1 / (1 + Math.exp(-v))),
    );
    near(of(ops.erf), [0.5204998778, 0.8427007929, 0.995322265]);
    near(
      of(ops.neg),
      x.map((v) => -v),
    );
    near(
      of((b, v) => ops.pow(b, v, 3)),
      x.map((v) => v ** 3),
    );
    near(
      of((b, v) => ops.sub(b, 1, v)),
      x.map((v) => 1 - v),
    );
    near(
      of((b, v) => ops.div(b, 1, v)),
      x.map((v) => 1 / v),
    );
  });

  it("reduce over the axes named, or all", () => {
    const x = { shape: [2, 3], data: [1, 5, 3, 4, 2, 6] };
    expect(run((b, [v]) => ops.reduceMax(b, v as Value, { axes: [1] }), x)).toEqual({ shape: [2, 1], data: [5, 6] });
    expect(run((b, [v]) => ops.reduceMean(b, v as Value, { axes: [0], keepdims: false }), x)).toEqual({
      shape: [3],
      data: [2.5, 3.5, 4.5],
    });
    expect(run((b, [v]) => ops.reduceSum(b, v as Value, { keepdims: false }), x)).toEqual({ shape: [], data: [21] });
    expect(run((b, [v]) => ops.reduceSum(b, v as Value, { axes: [] }), x).data).toEqual(x.data);
  });

  it("find the first greatest element, so that accuracy can be counted", () => {
    const x = { shape: [2, 3], data: [1, 7, 7, 4, 2, 3] };
    expect(run((b, [v]) => ops.argMax(b, v as Value, { keepdims: false }), x)).toEqual({ shape: [2], data: [1, 0] });
    const hits = run(
      (b, [v, l]) => {
        const hit = ops.equal(b, ops.argMax(b, v as Value, { keepdims: false }), l as Value);
        return ops.reduceMean(b, ops.cast(b, hit, "float32"), { keepdims: false });
      },
      x,
      { shape: [2], data: [1, 2], dtype: "int32" },
    );
    expect(hits.data).toEqual([0.5]);
  });

  it("make one-hot rows, of zeros for integers outside", () => {
    const x = { shape: [3], data: [2, 0, 5], dtype: "int32" as const };
    expect(run((b, [v]) => ops.oneHot(b, v as Value, 3), x).data).toEqual([0, 0, 1, 1, 0, 0, 0, 0, 0]);
  });

  it("make one-hot rows in the type of the integers: nothing wraps", () => {
    const rows = (dtype: DType, array: BigInt64Array | BigUint64Array | Int8Array, depth: number): number[] => {
      const b = ops.graphBuilder("wide");
      const x = b.input("x", dtype, [array.length]);
      const y = ops.oneHot(b, x, depth);
      const [flat = []] = evaluateModel(b.finish([y]), [y], new Map([[x, array]]));
      const all = Array.from(flat, Number);
      return [...array].map((_, k) => all.slice(k * depth, (k + 1) * depth).indexOf(1));
    };
    expect(rows("int64", BigInt64Array.of(4294967298n, 2n, -1n, 2n ** 40n), 5)).toEqual([-1, 2, -1, -1]);
    expect(rows("uint64", BigUint64Array.of(4294967298n, 2n, 2n ** 64n - 1n), 5)).toEqual([-1, 2, -1]);
    expect(rows("int8", Int8Array.of(1, -1, 127), 300)).toEqual([1, -1, 127]);
    const b = ops.graphBuilder("no index");
    const [x] = [te.placeholder([3], { dtype: "int64" })];
    const operator = ops.operatorOf(ops.defaultOperators, lastNode(b, ops.oneHot(b, b.input("x", "int64", [3]), 5)));
    const [y] = operator.compute([x], { depth: 5 });
    const casts: string[] = [];
    if (y?.operation.kind === "Compute") visit(y.operation, { Cast: ({ dtype }) => void casts.push(dtype) });
    expect(casts).toContain("int64");
    expect(casts).not.toContain("index");
  });

  it("move elements without changing them", () => {
    const x = { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };
    expect(run((b, [v]) => ops.transpose(b, v as Value), x)).toEqual({ shape: [3, 2], data: [1, 4, 2, 5, 3, 6] });
    expect(run((b, [v]) => ops.reshape(b, v as Value, [3, -1]), x)).toEqual({ shape: [3, 2], data: x.data });
    expect(run((b, [v]) => ops.reshape(b, v as Value, [0, 1, 3]), x).shape).toEqual([2, 1, 3]);
    expect(run((b, [v]) => ops.broadcastTo(b, v as Value, [2, 2, 3]), x).data).toEqual([...x.data, ...x.data]);
  });

  it("convolve with padding, strides and a bias", () => {
    const x = { shape: [1, 1, 3, 3], data: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
    const w = { shape: [1, 1, 2, 2], data: [1, 1, 1, 1] };
    const y = run((b, [v, k]) => ops.conv2d(b, v as Value, k as Value, { pads: [1, 1, 0, 0], strides: [2, 2] }), x, w);
    expect(y).toEqual({ shape: [1, 1, 2, 2], data: [1, 5, 11, 28] });
  });
});

describe("operators refuse", () => {
  const b = ops.graphBuilder("wrong");
  const x = b.input("x", "float32", [2, 3]);
  const y = b.input("y", "float32", [2, 4]);
  const n = b.input("n", "int32", [2, 3]);
  const add = ops.defaultOperators.get("::Add@14") as ops.Operator;
  const foreign = ops.graphBuilder("other").input("z", "float32", [2, 3]);
  it.each([
    ["OP101", () => ops.operatorOf(new Map(), { ...b.finish([ops.relu(b, x)]).graph.nodes.at(-1) } as never)],
    ["OP102", () => b.apply(add, [x])],
    ["OP103", () => ops.add(b, x, y)],
    ["OP104", () => ops.matmul(b, x, y)],
    ["OP105", () => ops.add(b, x, n)],
    ["OP106", () => ops.reshape(b, x, [5])],
    ["OP106", () => ops.reduceSum(b, x, { axes: [2] })],
    ["OP106", () => ops.transpose(b, x, [0, 0])],
    ["OP104", () => ops.argMax(b, b.input("e", "float32", [2, 0]))],
    ["OP104", () => ops.reduceMax(b, b.input("e", "float32", [0, 3]), { axes: [0] })],
    ["OP105", () => ops.reduceMean(b, n)],
    ["OP108", () => b.constant([1, 2], { shape: [3] })],
    ["OP108", () => b.constant(1, { shape: [1e6, 1e6] })],
    ["OP108", () => b.constant(null as never)],
    ["OP108", () => b.constant(["a"] as never)],
    ["OP108", () => b.constant([1.5], { dtype: "int64" })],
    ["OP108", () => b.constant([Number.NaN], { dtype: "int32" })],
    ["OP108", () => b.constant([2n ** 63n], { dtype: "int64" })],
    ["OP108", () => ops.mul(b, n, 0.5)],
    ["OP108", () => ops.add(b, b.input("u", "uint8", [2]), 300)],
    ["OP108", () => ops.add(b, b.input("u", "uint8", [2]), -1)],
    ["OP108", () => ops.add(b, b.input("l", "int64", [2]), 0.5)],
    ["OP109", () => ops.relu(b, foreign)],
    ["OP110", () => ops.bindTensors(b.nodes(), ops.defaultOperators, new Map())],
  ])("with %s what does not fit", (code, action) => {
    expect(codeOf(action)).toBe(code);
  });

  it("elements that the type does not hold, by their value", () => {
    expect(() => ops.mul(b, n, 0.5)).toThrow(/OP108[\s\S]*-2147483648 to 2147483647 \(int32\)[\s\S]*0\.5/);
    expect(() => b.constant([2n ** 64n], { dtype: "uint64" })).toThrow("18446744073709551616n");
  });

  it.each([Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, 2 ** 53, "3", null, undefined])(
    "the dimension %s with OP111",
    (extent) => {
      const refused = () => b.input("x", "float32", [extent as number, 2]);
      expect(codeOf(refused)).toBe("OP111");
      expect(refused).toThrow(String(extent));
    },
  );

  it("shapes, types and names that are none with OP111", () => {
    expect(codeOf(() => b.input("x", "float32", undefined as never))).toBe("OP111");
    expect(codeOf(() => b.state("x", "float31" as never, [2]))).toBe("OP111");
    expect(codeOf(() => b.input(undefined as never, "float32", [2]))).toBe("OP111");
  });

  it("a symbolic shape with OP107", () => {
    const symbol = { kind: "Var", span: x.span, name: "n", dtype: "index", lanes: 1 } as const;
    expect(codeOf(() => ops.shapeOf({ ...x, shape: [symbol] }))).toBe("OP107");
  });
});

describe("data", () => {
  const encoded = (dtype: DType, ...data: number[]) => ops.encodeData("x", { dtype, shape: [data.length] }, data);
  it("of sixteen-bit floats is rounded to the nearest, ties to even", () => {
    const bits = (dtype: DType, ...data: number[]) => [...new Uint16Array(encoded(dtype, ...data).buffer)];
    const cases = [1, -2, 65504, 65520, 2 ** -24, 2 ** -25, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -0, Number.NaN, 1e308];
    const float16 = [0x3c00, 0xc000, 0x7bff, 0x7c00, 1, 0, 0x3c00, 0x3c02, 0x8000, 0x7e00, 0x7c00];
    expect(bits("float16", ...cases)).toEqual(float16);
    expect(bits("bfloat16", 1, -2, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38, 3.39e38, 2 ** -133, Number.NaN)).toEqual([
      0x3f80, 0xc000, 0x3f80, 0x3f82, 0x7f80, 0x7f7f, 1, 0x7fc0,
    ]);
  });

  it("of sixteen-bit floats is read as it is written, all of it", () => {
    const all = Uint16Array.from({ length: 1 << 16 }, (_, k) => k);
    for (const dtype of ["float16", "bfloat16"] as const) {
      const numbers = ops.decodeData(dtype, new Uint8Array(all.buffer)) ?? new Float64Array();
      const again = new Uint16Array(encoded(dtype, ...numbers).buffer);
      const different = [...all].filter((k) => again[k] !== k && !Number.isNaN(numbers[k]));
      expect(different).toEqual([]);
    }
  });

  it("of integers reaches from limit to limit", () => {
    const at = (dtype: DType, data: ArrayLike<number | bigint>) =>
      ops.encodeData("x", { dtype, shape: [data.length] }, data as ArrayLike<number>).buffer;
    expect([...new Int8Array(at("int8", [-128, 127, -0]))]).toEqual([-128, 127, 0]);
    expect([...new BigUint64Array(at("uint64", [2n ** 64n - 1n, 5]))]).toEqual([2n ** 64n - 1n, 5n]);
  });
});

describe("graphBuilder", () => {
  it("knows its values", () => {
    const b = ops.graphBuilder("own");
    const x = b.input("x", "float32", [2]);
    const y = ops.add(b, x, 1);
    const of = [x, y, b.state("s", "float32", []), ...b.finish([y]).graph.constants.map(({ value }) => value)];
    expect(of.every((value) => b.has(value))).toBe(true);
    expect(b.has(ops.graphBuilder("other").input("x", "float32", [2]))).toBe(false);
  });

  it("gives every value a name of its own", () => {
    const b = ops.graphBuilder("names");
    const x = b.input("x", "float32", [2]);
    let y = b.input("x", "float32", [2]);
    for (let k = 0; k < 5; k++) y = ops.add(b, y, x, "x");
    const names = b.finish([y]).graph.nodes.flatMap(({ outputs }) => outputs.map(({ name }) => name));
    expect(new Set([...names, "x"]).size).toBe(6);
  });

  it("shares equal scalars", () => {
    const b = ops.graphBuilder("scalars");
    const x = b.input("x", "float32", [2]);
    const y = ops.mul(b, ops.add(b, x, 2), 2);
    expect(b.finish([y]).graph.constants).toHaveLength(1);
  });

  it("continues a model", () => {
    const b = ops.graphBuilder("first");
    const x = b.input("x", "float32", [2]);
    const y = ops.mul(b, x, 3);
    const more = ops.graphBuilder("second", { from: b.finish([y]) });
    const z = ops.add(more, y, x);
    expect(evaluateModel(more.finish([z]), [z], new Map([[x, Float32Array.of(1, 2)]]))[0]).toEqual(
      Float32Array.of(4, 8),
    );
  });

  it("keeps initial values of states and what they become", () => {
    const b = ops.graphBuilder("state");
    const w = b.state("w", "float32", [2], [1, 2]);
    const next = ops.sgdUpdate(b, w, w, 0.5);
    b.update(w, next);
    const model = b.finish([]);
    expect(model.graph.states[0]).toMatchObject({ value: w, next });
    expect(evaluateModel(model, [next], new Map())[0]).toEqual(Float32Array.of(0.5, 1));
  });
});
