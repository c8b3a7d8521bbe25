import { existsSync, readdirSync } from "node:fs";
import type { Backend, CompiledModule } from "@tilewright/backend";
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

const [FEW, MANY, TURNS] = [2, 12, 10_000];

/** Counts the runs of each iteration of two loops by turns, one of few chunks and one of many. */
function counters(): readonly PrimFunc[] {
  const loopOver = (name: string, extent: number) => {
    const [counts, inner] = [name, name].map((each) => buffer(each, { dtype: "int32", shape: [extent] }));
    const [begin, end, i] = [variable("begin"), variable("end"), variable("i")];
    if (counts === undefined || inner === undefined) throw new Error("two buffers");
    const body = b.store(inner, [i], b.add(b.load(inner, [i]), b.const(1, "int32")));
    const callee = kernel(`${name}_body`, [begin, end, inner], b.loop(i, begin, b.sub(end, begin), body), {
      role: "parallel",
    });
    const args = [b.region(counts, [int(0)], [int(extent)])];
    const call: Stmt = { kind: "ParallelCall", span: b.span, callee: callee.name, extent: int(extent), args };
    return { counts, callee, call };
  };
  const [few, many] = [loopOver("few", FEW), loopOver("many", MANY)];
  const turns = b.loop(variable("turn"), int(0), int(TURNS), b.seq(few.call, many.call));
  return [kernel("count", [few.counts, many.counts], turns), few.callee, many.callee];
}

/** `iterations(n, counts)` adds 1 to the first n elements, on threads. */
function iterations(most: number): readonly PrimFunc[] {
  const [counts, inner] = [
    buffer("counts", { dtype: "int32", shape: [most] }),
    buffer("counts", { dtype: "int32", shape: [most] }),
  ];
  const [n, begin, end, i] = [variable("n"), variable("begin"), variable("end"), variable("i")];
  const add = b.store(inner, [i], b.add(b.load(inner, [i]), b.const(1, "int32")));
  const body = kernel("iterations_body", [begin, end, inner], b.loop(i, begin, b.sub(end, begin), add), {
    role: "parallel",
  });
  const args = [b.region(counts, [int(0)], [int(most)])];
  return [
    kernel("iterations", [n, counts], { kind: "ParallelCall", span: b.span, callee: body.name, extent: n, args }),
    body,
  ];
}

/** The same text where a thread may be held up before each look at the state of the pool, as a busy machine holds it up. */
function delayed(source: CompiledModule): CompiledModule {
  const text = new TextDecoder().decode(source.bytes);
  const hold = `#include <sched.h>
static void tilewright_hold(void) {
  static __thread uint32_t state;
  if (state == 0) state = (uint32_t)(uintptr_t)&state | 1u;
  state = state * 1664525u + 1013904223u;
  for (uint32_t turn = (state >> 24) < 40 ? (state >> 20) & 7 : 0; turn > 0; turn--) sched_yield();
}
`;
  const held = text.replace(
    /#define TILEWRIGHT_(LOAD|STORE)\((.*?)\) (.*)/g,
    "#define TILEWRIGHT_$1($2) (tilewright_hold(), $3)",
  );
  if (held === text) throw new Error("the pool looks at its state another way");
  return {
    ...source,
    bytes: new TextEncoder().encode(held.replace("static struct {\n  pthread_mutex_t", `${hold}$&`)),
  };
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

  test.each([2, 3, 5])("hold each iteration once, however many there are, on %i threads", async (threads) => {
    const most = 2000;
    const runner = await load(c({ threads: 2 }), toolchain(compiler), iterations(most), threads);
    for (const n of [...Array(100).keys(), 127, 1000, 1999, most]) {
      const counts = new Int32Array(most);
      await runner.call("iterations", { n, counts });
      expect(counts).toEqual(counts.map((_, at) => (at < n ? 1 : 0)));
    }
    await runner.close();
  });

  test("run each iteration once, whenever a thread wakes", { timeout: 60_000 }, async () => {
    const { compile, ...plain } = c({ threads: 3 });
    const late: Backend = { ...plain, compile: (module) => delayed(compile(module)) };
    const runner = await load(late, toolchain(compiler), counters(), 3);
    const [few, many] = [new Int32Array(FEW), new Int32Array(MANY)];
    await runner.call("count", { few, many });
    await runner.close();
    expect([...few, ...many]).toEqual(Array(FEW + MANY).fill(TURNS));
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
