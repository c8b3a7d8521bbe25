import type { Device } from "@tilewright/artifact";
import { wasm } from "@tilewright/codegen-wasm";
import { compileSchedule } from "@tilewright/compiler";
import { interpret } from "@tilewright/interp";
import { deviceArray, loadFunctions, wasmDevice } from "@tilewright/runtime";
import { createSchedule, print, replay, type Schedule, toPrimFunc, traceOf } from "@tilewright/schedule";
import { add, compute, read } from "@tilewright/te";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { LADDER, machineOf, product } from "../../../../examples/gemm-ladder.js";
import { UsageError } from "../command-line.js";
import { parseLadderOptions } from "./options.js";
import { runLadder } from "./run-ladder.js";

type Shape = readonly [rows: number, columns: number, depth: number];

/** Whole numbers, so small that every sum of products is exact in any order. */
const matrix = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, k) => ((k * 7 + seed * 5 + (k >> 3)) % 11) - 5);

function multiplied([rows, columns, depth]: Shape, a: Float32Array, b: Float32Array): Float32Array {
  const c = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < depth; k++)
      for (let j = 0; j < columns; j++)
        c[i * columns + j] = (c[i * columns + j] ?? 0) + (a[i * depth + k] ?? 0) * (b[k * columns + j] ?? 0);
  return c;
}

const operands = ([rows, columns, depth]: Shape): readonly [Float32Array, Float32Array] => [
  matrix(rows * depth, 1),
  matrix(depth * columns, 2),
];

const target = wasm();
/** Even; divided by nothing; with more than one block of rows and of k in the last step. */
const SHAPES: readonly Shape[] = [
  [64, 64, 64],
  [37, 41, 29],
  [70, 45, 523],
];

describe.each(LADDER)("the step $step", ({ step, schedule }) => {
  let device: Device;
  beforeAll(async () => {
    device = await wasmDevice.open();
  });
  afterAll(() => device.close());

  it.each<Shape>([
    [32, 40, 36],
    [37, 41, 29],
  ])("computes the product by the interpreter: %i × %i × %i", (...shape: Shape) => {
    const [a, b] = operands(shape);
    const c = new Float32Array(shape[0] * shape[1]).fill(Number.NaN);
    const memory = new Map([
      ["A", a],
      ["B", b],
      ["C", c],
    ]);
    interpret(toPrimFunc(schedule(product(...shape), machineOf(target.capabilities))), memory);
    expect(c).toEqual(multiplied(shape, a, b));
  });

  it.each(SHAPES)("computes the product on wasm: %i × %i × %i", async (...shape: Shape) => {
    const [rows, columns, depth] = shape;
    const made = schedule(product(...shape), machineOf(target.capabilities));
    const { artifact, diagnostics } = await compileSchedule(made, { target, name: "gemm" });
    if (columns % 32 === 0) expect(diagnostics).toEqual([]);
    else for (const { severity } of diagnostics) expect(severity).toBe("warning"); // of what edges cost
    const functions = await loadFunctions(artifact, device);
    const arrays = [deviceArray(device, [rows, depth]), deviceArray(device, [depth, columns]), deviceArray(device, [rows, columns])] as const; // biome-ignore format: one glance
    const [a, b] = operands(shape);
    (arrays[0].data as Float32Array).set(a);
    (arrays[1].data as Float32Array).set(b);
    await functions.call("gemm", ...arrays);
    expect(arrays[2].data).toEqual(multiplied(shape, a, b));
    for (const array of arrays) array.dispose();
    await functions.dispose();
  });

  it("is a trace that can be replayed on another shape", () => {
    const machine = machineOf(target.capabilities);
    const trace = traceOf(schedule(product(64), machine));
    const other = product(100);
    expect(print(replay(other.C, trace))).toBe(print(schedule(product(100), machine)));
    expect(trace.records.length === 0).toBe(step === "baseline");
  });
});

describe("parseLadderOptions", () => {
  it("takes what it is told", () => {
    const args = ["--target", "native", "--size", "96", "--threads", "3", "--repetitions", "9", "--nest", "--json"];
    expect(parseLadderOptions(args)).toEqual({
      target: "native",
      size: 96,
      threads: 3,
      repetitions: 9,
      nest: true,
      json: true,
      help: false,
    });
  });

  it("measures 1024³ on wasm unless told", () => {
    expect(parseLadderOptions([])).toMatchObject({ target: "wasm", size: 1024, json: false });
  });

  it.each([
    [["gemm"]],
    [["--size", "0"]],
    [["--size", "1e9"]],
    [["--threads", "x"]],
    [["--repetitions", "6"]],
    [["--fast"]],
  ])("refuses %j", (args) => {
    expect(() => parseLadderOptions(args)).toThrow(UsageError);
  });
});

describe("runLadder", () => {
  const steps = LADDER.map(({ step, schedule }) => ({
    step,
    schedule: (size: number, capabilities: typeof target.capabilities) =>
      schedule(product(size), machineOf(capabilities)),
  }));
  const run = async (args: readonly string[], given = steps) => {
    const [out, error] = [vi.spyOn(process.stdout, "write"), vi.spyOn(process.stderr, "write")];
    for (const stream of [out, error]) stream.mockReturnValue(true);
    try {
      const code = await runLadder(given, args);
      const text = (stream: typeof out): string => stream.mock.calls.map(([chunk]) => String(chunk)).join("");
      return { code, out: text(out), error: text(error) };
    } finally {
      out.mockRestore();
      error.mockRestore();
    }
  };

  it("prints an array of the steps in their order", async () => {
    const { code, out } = await run(["--size", "40", "--repetitions", "7", "--threads", "1", "--json"]);
    const measured = JSON.parse(out) as readonly Record<string, unknown>[];
    expect(code).toBe(0);
    expect(measured.map(({ step }) => step)).toEqual([
      "baseline", "blocking", "vectorize", "permute", "pack", "write-cache", "parallel", "register-tile",
    ]); // biome-ignore format: one glance
    for (const { medianMs, gflops, lowerMs, ...rest } of measured) {
      for (const figure of [medianMs, gflops, lowerMs]) expect(figure).toBeGreaterThan(0);
      expect(Object.keys(rest)).toEqual(["step"]);
    }
  });

  it("prints a table, and nests where asked", async () => {
    const { out } = await run(["--size", "40", "--repetitions", "7", "--threads", "1", "--nest"], steps.slice(0, 2));
    expect(out).toContain("for i.outer in 0..2 {");
    expect(out).toMatch(/\nstep +medianMs +gflops +faster +lowerMs\nbaseline .* 1\.00 × .*\nblocking .*\n$/);
  });

  it("ends with 1 where a step computes something else, before it is timed", async () => {
    const wrong = { step: "wrong", schedule: sumOf };
    const { code, error, out } = await run(["--size", "40", "--threads", "1"], [wrong]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toContain("the product of size 40 is");
  });

  it("ends with 2 where it is not understood", async () => {
    const { code, error } = await run(["--sise", "40"]);
    expect(code).toBe(2);
    expect(error).toContain("Usage: pnpm ladder");
  });
});

/** A + B, which has the same parameters. */
function sumOf(size: number): Schedule {
  const { A, B } = product(size);
  return createSchedule(compute([size, size], (i, j) => add(read(A, i, j), read(B, i, j)), { name: "C" }));
}
