import { isCompileError } from "@tilewright/diagnostics";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import * as te from "@tilewright/te";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InterpretedModel, interpreted } from "../test/interpreted.js";
import { arrayFor, models, numbers, perceptron, reference } from "../test/models.js";
import { compile, compileTensors, type Progress, type ScheduleChoice } from "./index.js";

async function loaded(model: ops.Model, schedule: ScheduleChoice = "auto") {
  const { backend, modules } = interpreted();
  const compiled = await compile(model, { target: backend, schedule });
  const [module] = modules;
  if (module === undefined) throw new Error("nothing was compiled");
  return { ...compiled, session: new InterpretedModel(compiled.artifact, module) };
}

async function expectSame(model: ops.Model, schedule: ScheduleChoice, digits?: number): Promise<void> {
  const inputs = model.graph.inputs.map(arrayFor);
  const { session } = await loaded(model, schedule);
  const expected = reference(model, inputs, 2);
  session.run(inputs);
  const outputs = session.run(inputs).map(numbers);
  const states = model.graph.states.map((_, k) => numbers(session.stateOf(k)));
  if (digits === undefined) {
    expect({ outputs, states }).toEqual(expected);
    return;
  }
  const flat = (lists: readonly (readonly number[])[]): number[] => lists.flat();
  const [actual, wanted] = [flat([...outputs, ...states]), flat([...expected.outputs, ...expected.states])];
  expect(actual).toHaveLength(wanted.length);
  for (const [k, value] of actual.entries()) expect(value, `element ${k}`).toBeCloseTo(wanted[k] as number, digits);
}

describe("compile", () => {
  it.each(["auto", "none"] as const)("runs a training step as the graph says, schedule %s", async (schedule) => {
    await expectSame(perceptron(), schedule, 4);
  });

  it("updates parameters where they lie, and gives equal groups one kernel", async () => {
    const { report, artifact, diagnostics } = await loaded(perceptron());
    expect(diagnostics.filter(({ code }) => code === "CO201")).toEqual([]);
    expect(report.memory.inPlace).toBeGreaterThanOrEqual(4);
    expect(report.kernels.some(({ operators }) => operators.includes("copy"))).toBe(false);
    expect(artifact.manifest.model?.inputs.map(({ name }) => name)).toEqual(["x", "labels", "rate"]);
    expect(artifact.manifest.model?.outputs.map(({ name }) => name)).toEqual(["loss", "logits"]);
    expect(report.memory.arenaBytes).toBe(report.memory.lowerBoundBytes);
  });

  it("shares a kernel between equal layers", async () => {
    const b = ops.graphBuilder("layers");
    let x = b.input("x", "float32", [4, 8]);
    for (let layer = 0; layer < 5; layer++)
      x = ops.relu(b, ops.matmul(b, x, b.state("w", "float32", [8, 8], 0.5 + layer)));
    const { report } = await loaded(b.finish([x]));
    expect(report.kernels).toMatchObject([{ operators: ["MatMul", "Relu"], calls: 5 }]);
  });

  it("copies outputs that no kernel makes, and states that take each other's place", async () => {
    const b = ops.graphBuilder("copies");
    const x = b.input("x", "float32", [3]);
    const [s, t, u] = ["s", "t", "u"].map((name, k) => b.state(name, "float32", [3], [k, k + 1, k + 2])) as [
      Value,
      Value,
      Value,
    ];
    const y = ops.add(b, s, x);
    b.update(s, t);
    b.update(t, s);
    b.update(u, y);
    const c = b.constant([7, 8, 9]);
    await expectSame(b.finish([x, s, y, y, c, ops.reshape(b, u, [3, 1]), ops.reshape(b, y, [1, 3])]), "auto");
  });

  it("keeps the old state where it is still read", async () => {
    const b = ops.graphBuilder("late");
    const s = b.state("s", "float32", [4], [1, 2, 3, 4]);
    const next = ops.mul(b, s, 2);
    b.update(s, next);
    const y = ops.add(b, ops.reduceSum(b, s, { keepdims: false }), next);
    await expectSame(b.finish([y]), "auto");
  });

  it("does not overwrite what the kernel also reads through a view", async () => {
    const b = ops.graphBuilder("view");
    const s = b.state("s", "float32", [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const mask = b.constant(
      Array.from({ length: 81 }, (_, k) => ((k * 7) % 4) - 1),
      { shape: [3, 3, 9] },
    );
    const mixed = ops.reduceSum(b, ops.mul(b, ops.reshape(b, s, [1, 1, 9]), mask), { axes: [2], keepdims: false });
    b.update(s, ops.add(b, mixed, s));
    await expectSame(b.finish([]), "auto");
    await expectSame(b.finish([]), "none");
  });

  it("compiles empty tensors and empty graphs", async () => {
    const b = ops.graphBuilder("empty");
    const x = b.input("x", "float32", [0, 3]);
    await expectSame(b.finish([ops.relu(b, x), ops.reduceSum(b, x, { axes: [0], keepdims: false })]), "auto");
    await expectSame(ops.graphBuilder("nothing").finish([]), "auto");
  });

  it.each(["auto", "none"] as const)("runs random graphs twice as they say, schedule %s", async (schedule) => {
    await fc.assert(
      fc.asyncProperty(models, (model) => expectSame(model, schedule, 3)),
      { numRuns: 60 },
    );
  });

  const codeOf = async (action: () => Promise<unknown>): Promise<string> => {
    try {
      await action();
    } catch (error) {
      if (isCompileError(error)) return error.code;
      throw error;
    }
    return "no error";
  };
  it("refuses what cannot be compiled", async () => {
    const { backend } = interpreted();
    const b = ops.graphBuilder("refused");
    const x = b.input("x", "float32", [2]);
    const model = b.finish([ops.add(b, x, b.constant([1, 2]))]);
    expect(await codeOf(() => compile({ ...model, blobs: new Map() }, { target: backend }))).toBe("CO101");
    expect(await codeOf(() => compile(model, { target: backend, operators: new Map() }))).toBe("OP101");
    const toolchain = {
      name: "cc",
      accepts: "c-source",
      produces: "wasm",
      status: async () => ({ name: "cc", usable: true, detail: "" }),
      build: async (module: never) => module,
    };
    expect(await codeOf(() => compile(model, { target: { backend, toolchain } }))).toBe("CO103");
  });

  it("refuses arguments and options that do not exist, by their name", async () => {
    const { backend } = interpreted();
    const b = ops.graphBuilder("options");
    const model = b.finish([ops.relu(b, b.input("x", "float32", [2]))]);
    const y = te.compute([2], () => te.cast(1, "float32"), { name: "y" });
    for (const options of [
      undefined,
      {},
      { target: "wasm" },
      { target: null },
      { target: { backend, toolchain: "cc" } },
    ]) {
      expect(await codeOf(() => compile(model, options as never))).toBe("CO107");
      expect(await codeOf(() => compileTensors(y, options as never))).toBe("CO107");
    }
    for (const none of [undefined, {}, { graph: model.graph }, "model"]) {
      expect(await codeOf(() => compile(none as never, { target: backend }))).toBe("CO107");
    }
    expect(await codeOf(() => compile(model, { target: backend, schedule: "fast" as never }))).toBe("CO107");
    expect(await codeOf(() => compileTensors(y, { target: backend, schedule: "fast" as never }))).toBe("CO107");
    await expect(compile(model, { target: backend, schedule: "fast" as never })).rejects.toThrow(
      /`schedule`[\s\S]*"fast"/,
    );
    expect(await codeOf(() => compile(model, { target: { backend } as never }))).toBe("no error");
  });

  it("says which contract a plugin follows, for target, host and toolchain", async () => {
    const { backend } = interpreted();
    const b = ops.graphBuilder("contracts");
    const model = b.finish([ops.relu(b, b.input("x", "float32", [2]))]);
    const newer = { ...backend, specVersion: "backend/2" } as never;
    const toolchain = {
      name: "cc",
      accepts: "interp",
      produces: "interp",
      status: async () => ({ name: "cc", usable: true, detail: "" }),
      build: async (module: never) => module,
    };
    for (const options of [{ target: newer }, { target: backend, host: newer }, { target: { backend: newer } }]) {
      await expect(compile(model, options as never)).rejects.toThrow(
        /BE107.*the backend `interp` follows the contract backend\/2, and this compiler knows backend\/1[\s\S]*hint: update/,
      );
    }
    const later = { backend, toolchain: { ...toolchain, specVersion: "toolchain/2" } } as never;
    expect(await codeOf(() => compile(model, { target: later }))).toBe("BE107");
    const noName = { ...backend, name: 7 } as never;
    expect(await codeOf(() => compile(model, { target: noName }))).toBe("BE106");
    expect(await codeOf(() => compile(model, { target: { ...backend, irVersion: 99 } }))).toBe("BE108");
    expect(await codeOf(() => compile(model, { target: { backend, toolchain } as never }))).toBe("no error");
  });

  it("takes a definition that did not go through `defineBackend`", async () => {
    const { backend, modules } = interpreted();
    const { dtypes } = backend.capabilities;
    const written = {
      specVersion: "backend/1",
      name: "written",
      capabilities: { dtypes, hostCode: true },
      compile: backend.compile,
    };
    const b = ops.graphBuilder("written");
    const model = b.finish([ops.relu(b, b.input("x", "float32", [2]))]);
    const { artifact } = await compile(model, { target: written as never });
    expect(artifact.manifest.model?.entry).toBe("written_run");
    expect(modules).toHaveLength(1);
    const b64 = ops.graphBuilder("refused");
    const wide = b64.finish([ops.exp(b64, b64.input("x", "float32", [2]))]);
    const floats = { ...written, capabilities: { dtypes: { float64: "stable" }, hostCode: true } };
    expect(await codeOf(() => compile(wide, { target: floats as never }))).toBe("CO108");
  });

  it("stops when its signal is aborted, before it starts or between kernels", async () => {
    const { backend } = interpreted();
    const b = ops.graphBuilder("aborted");
    const x = b.input("x", "float32", [2, 2]);
    const model = b.finish([ops.matmul(b, ops.matmul(b, x, x), ops.softmax(b, x))]);
    const enough = new Error("enough");
    const stages: string[] = [];
    const early = { target: backend, signal: AbortSignal.abort(enough), onProgress: () => void stages.push("any") };
    await expect(compile(model, early)).rejects.toBe(enough);
    expect(stages).toEqual([]);
    const controller = new AbortController();
    const onProgress = ({ stage, done }: Progress): void => {
      stages.push(`${stage} ${done}`);
      if (stage === "schedule" && done === 1) controller.abort(enough);
    };
    await expect(compile(model, { target: backend, signal: controller.signal, onProgress })).rejects.toBe(enough);
    expect(stages).toEqual(["graph 0", "schedule 0", "schedule 1"]);
  });
});
