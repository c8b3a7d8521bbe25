import { NO_SPAN } from "@tilewright/diagnostics";
import {
  type Buffer,
  build as b,
  buffer,
  constant,
  type DType,
  type Expr,
  int,
  type Stmt,
  type Var,
  variable,
} from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { call, errorOf, errorOfRun, kernel, moduleOf } from "../test/programs.js";
import { interpret } from "./index.js";

const f32 = (name: string, ...shape: number[]): Buffer => buffer(name, { dtype: "float32", shape });
const f = (value: number): Expr => constant(value, "float32");
const loop = (i: Var, extent: number, body: Stmt, kind: Parameters<typeof b.loop>[4] = "serial"): Stmt =>
  b.loop(i, int(0), int(extent), body, kind);
const [i, j] = [variable("i"), variable("j")];
const A = f32("A", 4);

describe("arguments", () => {
  const func = kernel([A], b.store(A, [int(0)], f(1)));

  it("are found by name or by the parameter itself, and changed in place", () => {
    const [byName, byObject] = [new Float32Array(4), new Float32Array(4)];
    interpret(func, { A: byName });
    interpret(func, new Map([[A, byObject]]));
    expect([byName[0], byObject[0]]).toEqual([1, 1]);
  });

  it("that are missing, of another type or length, or unknown functions end in an error", () => {
    const error = errorOf(() => interpret(func, { B: new Float32Array(4) }));
    expect(error?.message).toBe(
      [
        "error[IP101]: parameter `A` has no argument",
        "  --> <generated>",
        "  = expected: an argument for `A`",
        "  = actual: arguments for `B`",
        "  = hint: name arguments as the parameters are named, or use the Buffer and Var objects as keys",
      ].join("\n"),
    );
    expect(errorOfRun(func, { A: new Float64Array(4) })).toBe("IP102");
    expect(errorOfRun(func, { A: 3 })).toBe("IP102");
    expect(errorOfRun(func, { A: new Float32Array(5) })).toBe("IP103");
    expect(errorOfRun(moduleOf(func), { A: new Float32Array(4) }, { entry: "g" })).toBe("IP104");
    expect(errorOfRun(moduleOf(func, { ...func, name: "g" }), { A: new Float32Array(4) })).toBe("IP104");
    const flag = variable("flag", "bool");
    expect(errorOfRun(kernel([flag], b.seq()), { flag: 1 })).toBe("IP102");
  });

  it("may be scalars, which shapes may name, and views into one ArrayBuffer", () => {
    const n = variable("n");
    const out = buffer("out", { dtype: "float32", shape: [n] });
    const grow = kernel([out, n], b.loop(i, int(0), n, b.store(out, [i], b.cast(n, "float32"))));
    const whole = new Float32Array(6);
    interpret(grow, { out: whole.subarray(2, 5), n: 3 });
    expect([...whole]).toEqual([0, 0, 3, 3, 3, 0]);
  });

  it("may not share memory where one is written, unless they may alias and are equal", () => {
    const B = f32("B", 4);
    const copy = kernel([A, B], loop(i, 4, b.store(B, [i], b.add(b.load(A, [i]), f(1)))));
    const memory = new Float32Array(8);
    expect(errorOfRun(copy, { A: memory.subarray(0, 4), B: memory.subarray(2, 6) })).toBe("IP105");
    expect(errorOfRun(copy, { A: memory.subarray(0, 4), B: memory.subarray(4, 8) })).toBeUndefined();
    const aliasing = { ...copy, mayAlias: [[A, B] as const] };
    expect(errorOfRun(aliasing, { A: memory.subarray(0, 4), B: memory.subarray(0, 4) })).toBeUndefined();
    expect(errorOfRun(aliasing, { A: memory.subarray(0, 4), B: memory.subarray(2, 6) })).toBe("IP105");
  });

  it.each([
    ["bool", Uint8Array.of(0, 1, 7), 2, 1],
    ["int64", BigInt64Array.of(0n, 1n, -7n), 2, -7n],
    ["float16", Uint16Array.of(0, 0, 0xc580), 2, 0xc580],
    ["bfloat16", Uint16Array.of(0, 0, 0x3fc0), 2, 0x3fc0],
    ["uint32", Uint32Array.of(0, 0, 4294967295), 2, 4294967295],
  ] as const)("of type %s are read and written as they are held", (dtype, array, at, expected) => {
    const x = buffer("x", { dtype: dtype as DType, shape: [3] });
    interpret(kernel([x], b.store(x, [int(0)], b.load(x, [int(at)]))), { x: array });
    expect(array[0]).toBe(expected);
  });

  it("of packed types hold the lowest bits first", () => {
    const x = buffer("x", { dtype: "int4", shape: [3] });
    const bytes = Uint8Array.of(0x2f, 0xf7);
    interpret(kernel([x], b.store(x, [int(1)], b.add(b.load(x, [int(0)]), b.load(x, [int(2)])))), { x: bytes });
    expect([...bytes]).toEqual([0x6f, 0xf7]);
  });
});

describe("memory", () => {
  it("is strided as the buffer says, and flat with one index", () => {
    const x = buffer("x", { dtype: "float32", shape: [2, 2], strides: [3, 1] });
    const data = new Float32Array(6);
    interpret(kernel([x], b.seq(b.store(x, [int(1), int(1)], f(5)), b.store(x, [int(3)], f(7)))), { x: data });
    expect([...data]).toEqual([0, 0, 0, 7, 5, 0]);
  });

  it("accessed outside ends in an error that names buffer, index, shape and loops", () => {
    const x = f32("x", 2, 3);
    const outside = kernel([x], loop(i, 4, b.store(x, [int(1), i], f(0))));
    expect(errorOf(() => interpret(outside, { x: new Float32Array(6) }))?.message).toBe(
      [
        "error[IP301]: store of `x` out of bounds",
        "  --> <generated>",
        "  = expected: indices inside the shape [2, 3]",
        "  = actual: [1, 3]",
        "  = hint: guard the access with an If or IfThenElse",
        "  | where i = 3",
      ].join("\n"),
    );
    const flat = kernel([x], b.store(x, [int(6)], f(0)));
    expect(errorOfRun(flat, { x: new Float32Array(6) })).toBe("IP301");
    expect(errorOfRun(kernel([x], b.store(x, [int(0), int(-1)], f(0))), { x: new Float32Array(6) })).toBe("IP301");
    expect(errorOfRun(kernel([x], b.store(x, [int(0), int(0), int(0)], f(0))), { x: new Float32Array(6) })).toBe(
      "IP202",
    );
  });

  it("of a guarded load is not touched: by IfThenElse, by lanes of IfThenElse, by a predicate", () => {
    const guarded = b.ifThenElse(b.binary("lt", i, int(4)), b.load(A, [i]), f(-1));
    const out = f32("out", 6);
    const memory = { A: Float32Array.of(1, 2, 3, 4), out: new Float32Array(6) };
    interpret(kernel([A, out], loop(i, 6, b.store(out, [i], guarded))), memory);
    expect([...memory.out]).toEqual([1, 2, 3, 4, -1, -1]);
    const ramp = b.ramp(int(0), int(1), 6);
    const inside = b.binary("lt", ramp, b.broadcast(int(4), 6));
    for (const value of [b.ifThenElse(inside, b.load(A, [ramp]), b.broadcast(f(-1), 6)), b.load(A, [ramp], inside)]) {
      interpret(kernel([A, out], b.store(out, [ramp], value)), memory);
      expect([...memory.out].slice(0, 4)).toEqual([1, 2, 3, 4]);
    }
    expect([...memory.out].slice(4)).toEqual([0, 0]);
    expect(errorOfRun(kernel([A, out], b.store(out, [ramp], b.load(A, [ramp]))), memory)).toBe("IP301");
    interpret(kernel([A], b.store(A, [ramp], b.broadcast(f(9), 6), inside)), memory);
    expect([...memory.A]).toEqual([9, 9, 9, 9]);
  });

  it("that is allocated holds a pattern that differs between seeds, or may not be read before it is written", () => {
    const local = f32("local", 2);
    const body = b.allocate(
      local,
      b.seq(b.store(local, [int(0)], f(1)), b.store(A, [int(0)], b.load(local, [int(1)]))),
    );
    const results = [0, 1].map((seed) => {
      const memory = { A: new Float32Array(4) };
      expect(interpret(kernel([A], body), memory, { seed }).uninitialisedReads).toBe(1);
      return new Uint32Array(memory.A.buffer)[0];
    });
    expect(results[0]).not.toBe(results[1]);
    const error = errorOf(() => interpret(kernel([A], body), { A: new Float32Array(4) }, { uninitialised: "error" }));
    expect(error?.code).toBe("IP303");
    expect(error?.message).toContain("nothing wrote [1]");
  });
});

describe("statements", () => {
  const run = (body: Stmt): number[] => {
    const memory = { A: new Float32Array(4) };
    interpret(kernel([A], body), memory);
    return [...memory.A];
  };

  it("bind a Let to the value that its expression had", () => {
    const x = variable("x", "float32");
    expect(run(b.let(x, b.load(A, [int(0)]), b.seq(b.store(A, [int(0)], f(5)), b.store(A, [int(1)], x))))).toEqual([
      5, 0, 0, 0,
    ]);
  });

  it("change registers with Assign, also of vectors", () => {
    const sum = variable("sum", "float32");
    const body = b.register(sum, f(0), b.seq(loop(i, 4, b.assign(sum, b.add(sum, f(2)))), b.store(A, [int(0)], sum)));
    expect(run(body)[0]).toBe(8);
    const lanes = variable("v", "float32", 4);
    const twice = b.assign(lanes, b.add(lanes, lanes));
    const ramp = b.ramp(int(0), int(1), 4);
    expect(run(b.register(lanes, b.broadcast(f(1.5), 4), b.seq(twice, b.store(A, [ramp], lanes))))).toEqual([
      3, 3, 3, 3,
    ]);
  });

  it("run a While as long as its condition holds, and not for ever", () => {
    const n = variable("n", "int32");
    const decrement = b.assign(n, b.sub(n, constant(1, "int32")));
    const condition = b.binary("gt", n, constant(0, "int32"));
    const body: Stmt = {
      kind: "While",
      span: NO_SPAN,
      condition,
      body: b.seq(decrement, b.store(A, [int(0)], b.cast(n, "float32"))),
    };
    expect(run(b.register(n, constant(5, "int32"), body))[0]).toBe(0);
    const endless: Stmt = { kind: "While", span: NO_SPAN, condition: constant(true, "bool"), body: b.seq() };
    expect(errorOfRun(kernel([], endless), {}, { maxSteps: 1000 })).toBe("IP305");
  });

  it("choose a branch, loop from a minimum, do nothing for an extent of 0, and refuse a negative one", () => {
    const even = b.binary("eq", b.binary("floormod", i, int(2)), int(0));
    expect(run(loop(i, 4, b.when(even, b.store(A, [i], f(1)), "branch", b.store(A, [i], f(2)))))).toEqual([1, 2, 1, 2]);
    expect(run(b.loop(i, int(1), int(2), b.store(A, [i], f(1))))).toEqual([0, 1, 1, 0]);
    expect(run(loop(i, 0, b.store(A, [int(99)], f(1))))).toEqual([0, 0, 0, 0]);
    expect(errorOfRun(kernel([], loop(i, -1, b.seq())), {})).toBe("IP311");
  });

  it("end the run with an Assert that fails", () => {
    const assert: Stmt = { kind: "Assert", span: NO_SPAN, condition: b.binary("lt", i, int(2)), message: "i is small" };
    const error = errorOf(() => interpret(kernel([], loop(i, 4, assert)), {}));
    expect(error?.message).toContain("error[IP304]: assertion failed: i is small");
    expect(error?.message).toContain("where i = 2");
  });

  it("update atomically, also in iterations that run at once", () => {
    const atomic: Stmt = { kind: "Atomic", span: NO_SPAN, op: "add", buffer: A, indices: [int(1)], value: f(1) };
    expect(run(loop(i, 10, atomic, "parallel"))[1]).toBe(10);
    const store = b.store(A, [int(1)], f(0));
    const mixed = loop(i, 10, b.when(b.binary("eq", i, int(3)), store, "branch", atomic), "parallel");
    expect(errorOfRun(kernel([A], mixed), { A: new Float32Array(4) })).toBe("IP306");
  });

  it("refuse values of another type", () => {
    expect(errorOfRun(kernel([A], b.store(A, [int(0)], int(1))), { A: new Float32Array(4) })).toBe("IP202");
    expect(errorOfRun(kernel([A], b.store(A, [b.ramp(int(0), int(1), 4)], f(1))), { A: new Float32Array(4) })).toBe(
      "IP202",
    );
  });

  it("evaluate intrinsics for their effect, given as functions or as loop IR", () => {
    const seen: unknown[] = [];
    const evaluate: Stmt = { kind: "Evaluate", span: NO_SPAN, value: b.call("note", [i], "int32") };
    interpret(kernel([], loop(i, 3, evaluate)), {}, { intrinsics: { note: (value) => seen.push(value) } });
    expect(seen).toEqual([0, 1, 2]);
    const [x, out] = [variable("x", "float32"), f32("out", 1)];
    const square = kernel([x, out], b.store(out, [int(0)], b.mul(x, x)), { name: "square" });
    const memory = { A: new Float32Array(4) };
    interpret(kernel([A], b.store(A, [int(0)], b.call("square", [f(3)], "float32"))), memory, {
      intrinsics: { square },
    });
    expect(memory.A[0]).toBe(9);
  });
});

describe("loops whose iterations run at once", () => {
  const run = (body: Stmt, seed: number) => errorOfRun(kernel([A], body), { A: new Float32Array(4) }, { seed });
  const next = b.binary("floormod", b.add(i, int(1)), int(4));

  it.each(["parallel", "vectorized", "virtual"] as const)(
    "race when one iteration reads what another writes, in every order: %s",
    (kind) => {
      for (const seed of [0, 1, 2, 3]) {
        expect(run(loop(i, 4, b.store(A, [i], b.load(A, [i])), kind), seed)).toBeUndefined();
        expect(run(loop(i, 4, b.store(A, [i], b.load(A, [next])), kind), seed)).toBe("IP306");
        expect(run(loop(i, 4, b.store(A, [int(0)], f(1)), kind), seed)).toBe("IP306");
        expect(run(loop(i, 1, b.store(A, [i], b.load(A, [next])), kind), seed)).toBeUndefined();
      }
    },
  );

  it("name the buffer, the loop and the iterations of a race", () => {
    const error = errorOf(() =>
      interpret(kernel([A], loop(i, 4, b.store(A, [int(2)], f(1)), "parallel")), { A: new Float32Array(4) }),
    );
    expect(error?.message).toContain("error[IP306]: race on `A` in `i`");
    expect(error?.message).toContain("= actual: a write by iteration 0 and a write by iteration 1");
  });

  it("have memory of their own for what they allocate, and order what follows them", () => {
    const local = f32("local", 1);
    const body = b.allocate(
      local,
      b.seq(b.store(local, [int(0)], b.cast(i, "float32")), b.store(A, [i], b.load(local, [int(0)]))),
    );
    const after = b.store(A, [int(0)], b.load(A, [int(3)]));
    for (const seed of [0, 1, 2]) {
      const memory = { A: new Float32Array(4) };
      interpret(kernel([A], b.seq(loop(i, 4, body, "parallel"), after)), memory, { seed });
      expect([...memory.A]).toEqual([3, 1, 2, 3]);
    }
  });

  it("race between iterations of an outer loop also inside an inner one", () => {
    const inner = loop(j, 2, b.store(A, [j], f(1)), "parallel");
    expect(run(loop(i, 2, inner, "parallel"), 0)).toBe("IP306");
    const apart = loop(j, 2, b.store(A, [b.add(b.mul(i, int(2)), j)], f(1)), "parallel");
    expect(run(loop(i, 2, apart, "parallel"), 0)).toBeUndefined();
  });

  it("may not assign a register of outside", () => {
    const sum = variable("sum", "float32");
    const body = b.register(sum, f(0), loop(i, 4, b.assign(sum, b.add(sum, f(1))), "parallel"));
    expect(run(body, 0)).toBe("IP306");
  });

  it("are not watched when races are not to be detected", () => {
    const racy = kernel([A], loop(i, 4, b.store(A, [int(0)], b.cast(i, "float32")), "parallel"));
    const results = [0, 1].map((seed) => {
      const memory = { A: new Float32Array(4) };
      interpret(racy, memory, { seed, detectRaces: false });
      return memory.A[0];
    });
    expect(results).toEqual([3, 0]);
  });
});

describe("calls", () => {
  const [x, y] = [f32("x", 4), f32("y", 4)];
  const double = kernel([x, y], loop(i, 4, b.store(y, [i], b.add(b.load(x, [i]), b.load(x, [i])))), { name: "double" });
  const host = (...args: Parameters<typeof b.region>[]): ReturnType<typeof kernel> =>
    kernel([arena, out], b.seq(call("double", ...args.map((each) => b.region(...each)))), {
      name: "host",
      role: "host",
    });
  const arena = buffer("arena", { dtype: "uint8", shape: [64] });
  const out = f32("out", 2, 4);

  it("pass slices of memory, also of an arena of bytes", () => {
    const memory = { arena: new Uint8Array(64), out: new Float32Array(8) };
    new Float32Array(memory.arena.buffer)[4] = 21;
    interpret(moduleOf(double, host([arena, [int(16)], [int(16)]], [out, [int(1), int(0)], [int(1), int(4)]])), memory);
    expect([...memory.out]).toEqual([0, 0, 0, 0, 42, 0, 0, 0]);
  });

  it("of what is not there, with slices that do not fit, or of a function that is running end in an error", () => {
    const memory = { arena: new Uint8Array(64), out: new Float32Array(8) };
    const row = [out, [int(1), int(0)], [int(1), int(4)]] as const;
    const bad = (...args: Parameters<typeof host>) => errorOfRun(moduleOf(double, host(...args)), memory);
    expect(bad([arena, [int(16)], [int(12)]], [...row])).toBe("IP205");
    expect(bad([arena, [int(8)], [int(16)]], [...row])).toBe("IP205");
    expect(bad([arena, [int(56)], [int(16)]], [...row])).toBe("IP301");
    expect(bad([out, [int(0), int(0)], [int(2), int(2)]], [...row])).toBe("IP205");
    expect(bad([...row], [...row])).toBe("IP105");
    expect(bad([...row])).toBe("IP205");
    expect(errorOfRun(moduleOf(host([...row])), memory)).toBe("IP204");
    const recursive = kernel([], call("f"));
    expect(errorOfRun(moduleOf(recursive), {})).toBe("IP205");
  });

  it("in parallel run any partition, and find races between its parts", () => {
    const [begin, end] = [variable("begin"), variable("end")];
    const part = (index: Expr) =>
      kernel([begin, end, x], b.loop(i, begin, b.sub(end, begin), b.store(x, [index], f(1))), {
        name: "part",
        role: "parallel",
      });
    const region = b.region(A, [int(0)], [int(4)]);
    const body: Stmt = { kind: "ParallelCall", span: NO_SPAN, callee: "part", extent: int(4), args: [region] };
    for (const seed of [0, 2, 3]) {
      const memory = { A: new Float32Array(4) };
      interpret(moduleOf(kernel([A], body), part(i)), memory, { seed });
      expect([...memory.A]).toEqual([1, 1, 1, 1]);
    }
    expect(errorOfRun(moduleOf(kernel([A], body), part(int(0))), { A: new Float32Array(4) })).toBe("IP306");
  });
});

it("multiplies 64 × 64 matrices without complaint", () => {
  const n = 64;
  const [P, Q, R] = [f32("P", n, n), f32("Q", n, n), f32("R", n, n)];
  const k = variable("k");
  const update = b.store(R, [i, j], b.add(b.load(R, [i, j]), b.mul(b.load(P, [i, k]), b.load(Q, [k, j]))));
  const memory = { P: new Float32Array(n * n).fill(2), Q: new Float32Array(n * n).fill(3), R: new Float32Array(n * n) };
  const report = interpret(kernel([P, Q, R], loop(i, n, loop(j, n, loop(k, n, update)))), memory);
  expect(memory.R).toEqual(new Float32Array(n * n).fill(6 * n));
  expect(report.steps).toBe(n + n ** 2 + n ** 3);
});
