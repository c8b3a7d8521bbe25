import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Device } from "@tilewright/artifact";
import { type Buffer, build as b, buffer, type Expr, int, type Stmt, variable } from "@tilewright/ir";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifactOf, compile, floats, func, parallelRows } from "../test/programs.js";
import { loadFunctions, ndarray, type WasmDevice, wasmDevice, zeros } from "./index.js";
import { nodeWasmDevice, nodeWorkers } from "./node.js";

const ROWS = 37;
const COLUMNS = 11;
const flat = (i: Expr, j: Expr): Expr => b.add(b.mul(i, int(COLUMNS)), j);
const twice = (x: Buffer, i: Expr, j: Expr): Expr => b.mul(b.load(x, [flat(i, j)]), b.const(2, "float32"));
const input = () => ndarray(Float32Array.from({ length: ROWS * COLUMNS }, (_, k) => k));

let device: Device;
beforeAll(async () => {
  device = await nodeWasmDevice.open({ threads: 3 });
});
afterAll(() => device.close());

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("parallel loops on worker threads", () => {
  it("compute every iteration once, call after call, module after module", async () => {
    for (let round = 0; round < 5; round++) {
      const name = `twice${round}`;
      const functions = await loadFunctions(
        artifactOf([compile(parallelRows(name, ROWS, COLUMNS, twice), { threads: 3 })]),
        device,
      );
      for (let turn = 0; turn < 40; turn++) {
        const out = zeros([ROWS * COLUMNS]);
        await functions.call(name, input(), out);
        expect(out.toArray()).toEqual(Array.from({ length: ROWS * COLUMNS }, (_, k) => 2 * k));
      }
      if (round % 2 === 0) await functions.dispose();
    }
  });

  it("really use the workers, each with a workspace of its own", async () => {
    // Each row fills its own scratch memory, long enough for other threads to meddle if they shared it, then sums it up.
    const functions = await loadFunctions(artifactOf([compile(scratchSums(64, 20_000), { threads: 3 })]), device);
    const out = zeros([64]);
    for (let turn = 0; turn < 3; turn++) {
      await functions.call("sums", out);
      expect(out.toArray()).toEqual(Array.from({ length: 64 }, (_, k) => k * 20_000));
    }
    expect((device as WasmDevice).threads).toBe(3);
  });

  it("hand an error of any thread to the caller, and go on", async () => {
    const check = (i: Expr): Stmt => ({
      kind: "Assert",
      span: b.span,
      condition: b.binary("ne", i, int(ROWS - 1)),
      message: "no last row",
    });
    const functions = await loadFunctions(
      artifactOf([
        compile([...parallelRows("bad", ROWS, COLUMNS, twice, check), ...parallelRows("good", ROWS, COLUMNS, twice)], {
          threads: 3,
        }),
      ]),
      device,
    );
    for (let turn = 0; turn < 20; turn++) {
      await expect(functions.call("bad", input(), zeros([ROWS * COLUMNS]))).rejects.toThrow(/RT110[\s\S]*no last row/);
      const out = zeros([ROWS * COLUMNS]);
      await functions.call("good", input(), out);
      expect(out.item(5)).toBe(10);
    }
  });

  it("return when the slowest thread is done", async () => {
    const functions = await loadFunctions(artifactOf([compile(unevenSums(), { threads: 3 })]), device);
    for (let heavy = 0; heavy < 6; heavy++) {
      const out = zeros([2]);
      await functions.call("uneven", heavy % 2, out);
      expect(out.toArray()).toEqual([0, 1].map((row) => (row === heavy % 2 ? 4_000_000 : 1)));
    }
  });

  it("may stand inside each other", async () => {
    const inner = parallelRows("inner", ROWS, COLUMNS, twice);
    const [begin, end] = [variable("begin"), variable("end")];
    const [x, out, x2, out2] = [
      floats("x", ROWS * COLUMNS),
      floats("out", ROWS * COLUMNS),
      floats("x", ROWS * COLUMNS),
      floats("out", ROWS * COLUMNS),
    ];
    const region = (of: Buffer) => b.region(of, [int(0)], [int(ROWS * COLUMNS)]);
    const i = variable("i");
    const call: Stmt = {
      kind: "KernelCall",
      span: b.span,
      callee: "inner",
      args: [region(x2), region(out2)],
      launch: null,
    };
    const outer = func("outer", [x, out], {
      kind: "ParallelCall",
      span: b.span,
      callee: "outer_body",
      extent: int(2),
      args: [region(x), region(out)],
    });
    const body = func(
      "outer_body",
      [begin, end, x2, out2],
      b.loop(i, begin, b.sub(end, begin), b.when(b.binary("eq", i, int(0)), call)),
      "parallel",
    );
    const functions = await loadFunctions(artifactOf([compile([outer, body, ...inner], { threads: 3 })]), device);
    const result = zeros([ROWS * COLUMNS]);
    await functions.call("outer", input(), result);
    expect(result.item(7)).toBe(14);
  });

  it("add atomically", async () => {
    const functions = await loadFunctions(artifactOf([compile(histogram(1000), { threads: 3 })]), device);
    for (const [name, dtype] of [
      ["count_int32", "int32"],
      ["count_float32", "float32"],
      ["count_int8", "int8"],
      ["count_int64", "int64"],
    ] as const) {
      const counts = zeros([7], dtype);
      await functions.call(name, counts);
      const expected = Array.from({ length: 7 }, (_, k) => Math.floor((999 - k) / 7) + 1);
      expect(counts.toArray()).toEqual(
        dtype === "int8" ? expected.map((n) => (n << 24) >> 24) : dtype === "int64" ? expected.map(BigInt) : expected,
      );
    }
  });

  it("let the process end while workers wait", async () => {
    const script = `import { nodeWasmDevice } from "@tilewright/runtime/node"; await nodeWasmDevice.open({ threads: 2 }); process.stdout.write("open");`;
    const args = ["--conditions=@tilewright/source", "--import", "tsx", "--input-type=module", "-e", script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000, cwd: process.cwd() });
    expect(stdout).toBe("open");
  });

  it("are refused where workers do not start", async () => {
    const dead = () => ({
      ...nodeWorkers()(),
      listen: (_: unknown, failed: (reason: string) => void) => failed("no worker here"),
      post: () => undefined,
    });
    await expect(wasmDevice.open({ threads: 2, workers: dead })).rejects.toThrow(code("RT115"));
  });
});

/** `sums(out)`: row i fills a scratch buffer of `length` with i and adds it up. */
function scratchSums(rows: number, length: number) {
  const [out, innerOut, scratch] = [floats("out", rows), floats("out", rows), floats("scratch", length)];
  const [begin, end, i, j, k] = [variable("begin"), variable("end"), variable("i"), variable("j"), variable("k")];
  const sum = variable("sum", "float32");
  const fill = b.loop(j, int(0), int(length), b.store(scratch, [j], b.cast(i, "float32")));
  const add = b.loop(k, int(0), int(length), b.assign(sum, b.add(sum, b.load(scratch, [k]))));
  const row = b.allocate(
    scratch,
    b.seq(fill, b.register(sum, b.const(0, "float32"), b.seq(add, b.store(innerOut, [i], sum)))),
  );
  const call: Stmt = {
    kind: "ParallelCall",
    span: b.span,
    callee: "sums_body",
    extent: int(rows),
    args: [b.region(out, [int(0)], [int(rows)])],
  };
  return [
    func("sums", [out], call),
    func("sums_body", [begin, end, innerOut], b.loop(i, begin, b.sub(end, begin), row), "parallel"),
  ];
}

/** `uneven(heavy, out)`: one of two rows takes much longer than the other. */
function unevenSums() {
  const [out, innerOut] = [floats("out", 2), floats("out", 2)];
  const [heavy, innerHeavy] = [variable("heavy", "int32"), variable("heavy", "int32")];
  const [begin, end, i, k] = [variable("begin"), variable("end"), variable("i"), variable("k")];
  const sum = variable("sum", "float32");
  const trips = b.select(b.binary("eq", i, b.cast(innerHeavy, "index")), int(4_000_000), int(1));
  const add = b.loop(k, int(0), trips, b.assign(sum, b.add(sum, b.const(1, "float32"))));
  const row = b.register(sum, b.const(0, "float32"), b.seq(add, b.store(innerOut, [i], sum)));
  const args = [heavy, b.region(out, [int(0)], [int(2)])];
  const call: Stmt = { kind: "ParallelCall", span: b.span, callee: "uneven_body", extent: int(2), args };
  const body = b.loop(i, begin, b.sub(end, begin), row);
  return [
    func("uneven", [heavy, out], call),
    func("uneven_body", [begin, end, innerHeavy, innerOut], body, "parallel"),
  ];
}

/** `count_<dtype>(counts)`: iteration i adds 1 to element i mod 7. */
function histogram(extent: number) {
  return (["int32", "float32", "int8", "int64"] as const).flatMap((dtype) => {
    const [counts, inner] = [buffer("counts", { dtype, shape: [7] }), buffer("counts", { dtype, shape: [7] })];
    const [begin, end, i] = [variable("begin"), variable("end"), variable("i")];
    const add: Stmt = {
      kind: "Atomic",
      span: b.span,
      op: "add",
      buffer: inner,
      indices: [b.binary("floormod", i, int(7))],
      value: b.const(1, dtype),
    };
    const region = b.region(counts, [int(0)], [int(7)]);
    const call: Stmt = {
      kind: "ParallelCall",
      span: b.span,
      callee: `count_${dtype}_body`,
      extent: int(extent),
      args: [region],
    };
    return [
      func(`count_${dtype}`, [counts], call),
      func(`count_${dtype}_body`, [begin, end, inner], b.loop(i, begin, b.sub(end, begin), add), "parallel"),
    ];
  });
}
