import type { ScheduleRule } from "@tilewright/backend";
import { isCompileError } from "@tilewright/diagnostics";
import { interpret } from "@tilewright/interp";
import * as ops from "@tilewright/ops";
import { createSchedule, parallel, split, toPrimFunc, traceOf, vectorize } from "@tilewright/schedule";
import * as te from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { interpreted } from "../test/interpreted.js";
import { compile, compileFunctions, compileSchedule, compileTensors, evaluateModel } from "./index.js";

function sum(n = 10) {
  const a = te.placeholder([n], { name: "a" });
  const b = te.placeholder([n], { name: "b" });
  const c = te.compute([n], (i) => te.add(te.read(a, i), te.read(b, i)), { name: "c" });
  return { a, b, c };
}
const codeOf = async (action: () => unknown): Promise<string> => {
  try {
    await action();
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "no error";
};

/** What the compiled module's function gives for 0, 1, 2, … and tens. */
function run(module: Parameters<typeof interpret>[0], name: string): number[] {
  const c = new Float32Array(10);
  const a = Float32Array.from({ length: 10 }, (_, k) => k);
  interpret(module, { a, b: a.map((value) => value * 10), c }, { entry: name });
  return [...c];
}
const SUMS = Array.from({ length: 10 }, (_, k) => 11 * k);

describe("compileTensors", () => {
  it.each(["auto", "none"] as const)("compiles one function, schedule %s", async (schedule) => {
    const { a, b, c } = sum();
    const { module, artifact, rule } = await compileTensors(c, {
      target: interpreted().backend,
      schedule,
      name: "sum",
      parameters: [c, b, a],
    });
    expect(run(module, "sum")).toEqual(SUMS);
    expect(artifact.manifest).toMatchObject({
      name: "sum",
      model: null,
      modules: [{ format: "interp", functions: [{ name: "sum" }] }],
    });
    expect(rule === "none").toBe(schedule === "none");
    const func = module.functions.find(({ name }) => name === "sum");
    expect(func?.parameters.slice(0, 3).map(({ name }) => name)).toEqual(["c", "b", "a"]);
  });

  it("replays a trace, and takes a schedule", async () => {
    const { c } = sum();
    const s = createSchedule(c);
    const [outer] = split(s, c, "i", { factor: 4 });
    parallel(s, c, outer);
    const target = interpreted().backend;
    const replayed = await compileTensors(sum().c, { target, schedule: traceOf(s), name: "sum" });
    expect(run(replayed.module, "sum")).toEqual(SUMS);
    expect(replayed.module.functions.some(({ role }) => role === "parallel")).toBe(true);
    expect(run((await compileSchedule(s, { target, name: "sum" })).module, "sum")).toEqual(SUMS);
  });

  it("refuses two functions of one name with CO105", async () => {
    const func = toPrimFunc(createSchedule(sum().c));
    expect(await codeOf(() => compileFunctions([func, func], { target: interpreted().backend }))).toBe("CO105");
  });

  it("falls back to plain loops, with warning CO201, when a rule's trace does not apply", async () => {
    const record = { primitive: "vectorize", stage: "nowhere", arguments: { axis: "i" }, results: [] };
    const broken: ScheduleRule = {
      name: "broken",
      match: () => ({ knobs: [], apply: () => ({ version: 1, records: [record] }) }),
    };
    const { module, diagnostics, rule } = await compileTensors(sum().c, {
      target: interpreted().backend,
      rules: [broken],
      name: "sum",
    });
    expect(run(module, "sum")).toEqual(SUMS);
    expect([rule, ...diagnostics.map(({ code }) => code)]).toEqual(["none", "CO201"]);
  });
});

describe("warnings about speed", () => {
  /** Lanes along the first dimension. */
  function gathering() {
    const a = te.placeholder([8, 8], { name: "a" });
    const c = te.compute([8, 8], (i, j) => te.read(a, i, j), { name: "c" });
    const s = createSchedule(c);
    vectorize(s, c, "i");
    return { c, s };
  }
  const target = interpreted().backend;

  it("are for whoever wrote the schedule", async () => {
    const { c, s } = gathering();
    const codes = (await compileSchedule(s, { target })).diagnostics.map(({ code }) => code);
    expect(codes).toContain("LOW103");
    const replayed = await compileTensors(c, { target, schedule: traceOf(s) });
    expect(replayed.diagnostics.map(({ code }) => code)).toEqual(codes);
  });

  it("are not given where a rule made it", async () => {
    const { c, s } = gathering();
    const rule: ScheduleRule = { name: "gathering", match: () => ({ knobs: [], apply: () => traceOf(s) }) };
    const compiled = await compileTensors(c, { target, rules: [rule] });
    expect([compiled.rule, compiled.diagnostics]).toEqual(["gathering", []]);
  });
});

describe("models", () => {
  it("need every input, with CO102", async () => {
    const b = ops.graphBuilder("missing");
    const y = ops.relu(b, b.input("x", "float32", [2]));
    expect(await codeOf(() => evaluateModel(b.finish([y]), [y], new Map()))).toBe("CO102");
  });

  it("have no packed types at their boundary, with CO106", async () => {
    const b = ops.graphBuilder("packed");
    const model = b.finish([ops.identity(b, b.input("x", "int4", [2]))]);
    expect(await codeOf(() => compile(model, { target: interpreted().backend }))).toBe("CO106");
  });

  it("report progress in order", async () => {
    const b = ops.graphBuilder("progress");
    const stages: string[] = [];
    const model = b.finish([ops.relu(b, b.input("x", "float32", [2]))]);
    await compile(model, { target: interpreted().backend, onProgress: ({ stage }) => stages.push(stage) });
    expect(stages).toEqual(["graph", "schedule", "memory", "lower", "backend"]);
  });
});
