import { existsSync, readdirSync } from "node:fs";
import { build as b, buffer, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";
import { nativeDevice } from "@tilewright/runtime-native";
import { sharedLibrary } from "@tilewright/toolchain-c";
import { describe, expect, it } from "vitest";
import { kernel, load, moduleOf, type Runner, tools } from "../test/run-native.js";
import { c } from "./index.js";

const N = 1000;
const WIDTH = 2000;

/**
 * `out[i] = Σ_k table[k]` where `table[k] = x[i] + k` lies in the workspace of the thread that runs iteration i; with `nested`,
 * each iteration fills its table by a parallel call of its own.
 */
function rowSums(nested: boolean): readonly PrimFunc[] {
  const x = buffer("x", { dtype: "float32", shape: [N] });
  const out = buffer("out", { dtype: "float32", shape: [N] });
  const scale = variable("scale", "float32");
  const [begin, end, i, k, j] = ["begin", "end", "i", "k", "j"].map((name) => variable(name));
  const bx = buffer("x", { dtype: "float32", shape: [N] });
  const bout = buffer("out", { dtype: "float32", shape: [N] });
  const bscale = variable("scale", "float32");
  const table = buffer("table", { dtype: "float32", shape: [WIDTH] });
  if (begin === undefined || end === undefined || i === undefined || k === undefined || j === undefined)
    throw new Error("five variables");
  const sum = variable("sum", "float32");
  const value = b.add(b.load(bx, [i]), b.cast(k, "float32"));
  const fill: Stmt = nested
    ? {
        kind: "ParallelCall",
        span: b.span,
        callee: "fill",
        extent: int(WIDTH),
        args: [b.region(table, [int(0)], [int(WIDTH)]), b.load(bx, [i])],
      }
    : b.loop(k, int(0), int(WIDTH), b.store(table, [k], value));
  const total = b.register(
    sum,
    b.const(0, "float32"),
    b.seq(
      b.loop(j, int(0), int(WIDTH), b.assign(sum, b.add(sum, b.load(table, [j])))),
      b.store(bout, [i], b.mul(sum, bscale)),
    ),
  );
  const body = b.loop(i, begin, b.sub(end, begin), b.allocate(table, b.seq(fill, total)));
  const rows = kernel("rows_body", [begin, end, bout, bx, bscale], body, { role: "parallel" });
  const call: Stmt = {
    kind: "ParallelCall",
    span: b.span,
    callee: "rows_body",
    extent: int(N),
    args: [b.region(out, [int(0)], [int(N)]), b.region(x, [int(0)], [int(N)]), scale],
  };
  return [kernel("rows", [x, out, scale], call), rows, ...(nested ? [fillBody()] : [])];
}

function fillBody(): PrimFunc {
  const [begin, end, k] = [variable("begin"), variable("end"), variable("k")];
  const table = buffer("table", { dtype: "float32", shape: [WIDTH] });
  const first = variable("first", "float32");
  const store = b.store(table, [k], b.add(first, b.cast(k, "float32")));
  return kernel("fill", [begin, end, table, first], b.loop(k, begin, b.sub(end, begin), store), { role: "parallel" });
}

const x = Float32Array.from({ length: N }, (_, at) => at % 17);
const expected = x.map((value) => (WIDTH * value + (WIDTH * (WIDTH - 1)) / 2) * 2);
const toolchain = (compiler: "clang" | "gcc") => sharedLibrary({ compiler, cache: false });

async function rowsOn(runner: Runner): Promise<Float32Array> {
  const out = new Float32Array(N);
  await runner.call("rows", { x: x.slice(), out, scale: 2 });
  return out;
}

/** Threads of this process, where the system tells. */
const threadCount = (): number => (existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : 0);

describe.each(["clang", "gcc"] as const)("parallel loops, %s", (compiler) => {
  const test = it.runIf(tools.includes(compiler));
  test.each([1, 2, 3, 8])("compute the same on %i threads", async (threads) => {
    const runner = await load(c({ threads: 2 }), toolchain(compiler), rowSums(false), threads);
    for (let turn = 0; turn < 50; turn++) expect(await rowsOn(runner)).toEqual(expected);
    await runner.close();
  });

  test("run inside each other on the thread that called", async () => {
    const runner = await load(c({ threads: 2 }), toolchain(compiler), rowSums(true), 3);
    for (let turn = 0; turn < 10; turn++) expect(await rowsOn(runner)).toEqual(expected);
    await runner.close();
  });

  test("need no pool", async () => {
    const runner = await load(c({ threads: 1 }), toolchain(compiler), rowSums(true), 4);
    expect(await rowsOn(runner)).toEqual(expected);
    await runner.close();
  });

  test("leave no threads behind when a module is closed while they are parked", async () => {
    const built = await toolchain(compiler).build(c({ threads: 4 }).compile(moduleOf(...rowSums(false))));
    const device = await nativeDevice.open({ threads: 4 });
    const [out, input] = [device.allocate(N * 4), device.allocate(N * 4)];
    const before = threadCount();
    for (let turn = 0; turn < 20; turn++) {
      const module = await device.load(
        { format: built.format, blob: "", features: [], functions: built.functions },
        built.bytes,
      );
      await module.launch("rows", [input, out, 2]);
      if (before > 0) expect(threadCount()).toBeGreaterThanOrEqual(before + 3);
      await module.close();
    }
    expect(threadCount()).toBeLessThan(before + 3);
    await device.close();
  });
});
