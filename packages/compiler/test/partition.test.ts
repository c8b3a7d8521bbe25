import { type Artifact, type Device, decodeArtifact, encodeArtifact } from "@tilewright/artifact";
import { type Backend, type CapabilitiesDefinition, defineBackend } from "@tilewright/backend";
import { wasm } from "@tilewright/codegen-wasm";
import { isCompileError } from "@tilewright/diagnostics";
import { DTYPES, type PrimFunc, UNARY_OPS, type Value, visit } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { loadModel, type NDArray, ndarray, type WasmDevice, wasmDevice } from "@tilewright/runtime";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Compiled, compile, mergeVariants } from "../src/index.js";
import { interpreting } from "./interpreting.js";
import { arrayFor, models, numbers, perceptron, reference } from "./models.js";

const FLOATS: CapabilitiesDefinition = { dtypes: { float32: "stable" } };
const ALL: CapabilitiesDefinition = {
  dtypes: Object.fromEntries(DTYPES.filter((dtype) => !/^u?int[24]$/.test(dtype)).map((dtype) => [dtype, "stable"])),
  math: UNARY_OPS,
};
const plain = wasm({ relaxed: false });

let host: WasmDevice;
beforeAll(async () => {
  host = (await wasmDevice.open()) as WasmDevice;
});
afterAll(() => host.close());

interface Result {
  readonly outputs: readonly (readonly number[])[];
  readonly states: readonly (readonly number[])[];
}

/** Outputs of the last of some runs, and the states then. */
async function results(
  artifact: Artifact,
  model: ops.Model,
  devices: readonly [Device, ...Device[]],
  runs = 2,
): Promise<Result> {
  const [device, ...others] = devices;
  const session = await loadModel(decodeArtifact(encodeArtifact(artifact)), { device, others });
  try {
    const inputs = Object.fromEntries(
      session.inputs.map(({ name, shape, dtype }, k) => {
        const value = model.graph.inputs[k] as Value;
        return [name, ndarray(arrayFor(value, k), { shape, dtype })];
      }),
    );
    let outputs: Readonly<Record<string, NDArray>> = {};
    for (let run = 0; run < runs; run++) outputs = await session.run(inputs);
    const states: number[][] = [];
    for (const { name } of session.states) states.push(numbers((await session.getState(name)).data));
    return { outputs: session.outputs.map(({ name }) => numbers(outputs[name]?.data)), states };
  } finally {
    await session.dispose();
  }
}

const flat = ({ outputs, states }: Result): number[] => [...outputs, ...states].flat();

function expectClose(actual: Result, expected: Result, digits: number): void {
  expect(flat(actual)).toHaveLength(flat(expected).length);
  for (const [k, value] of flat(actual).entries())
    expect(value, `element ${k}`).toBeCloseTo(flat(expected)[k] as number, digits);
}

const targetsOf = ({ report }: Compiled) => new Set(report.kernels.map(({ target }) => target));
const codesOf = ({ diagnostics }: Compiled) => diagnostics.map(({ code }) => code);

async function failure(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (isCompileError(error)) return error.message;
    throw error;
  }
  return "no error";
}

/** A float32 path, and the positions of its greatest elements as int32. */
function classifier(): ops.Model {
  const b = ops.graphBuilder("classifier");
  const x = b.input("x", "float32", [4, 6]);
  const scores = ops.relu(
    b,
    ops.matmul(
      b,
      x,
      b.constant(
        Array.from({ length: 18 }, (_, k) => ((k * 5) % 7) - 3),
        { shape: [6, 3] },
      ),
    ),
    "scores",
  );
  const best = ops.argMax(b, scores, { axis: 1, keepdims: false });
  const seen = b.state("seen", "float32", [3], [1, 2, 3]);
  b.update(seen, ops.add(b, seen, ops.reduceSum(b, ops.oneHot(b, best, 3), { axes: [0], keepdims: false })));
  const wide = b.state("wide", "int64", [4]);
  b.update(wide, ops.add(b, wide, ops.cast(b, best, "int64")));
  return b.finish([scores, best, ops.mul(b, scores, 2)]);
}

describe("a target without host code", () => {
  it("runs models by a program, alone", async () => {
    const { backend, device } = interpreting("tape", ALL);
    const model = perceptron();
    const compiled = await compile(model, { target: backend });
    const { manifest } = compiled.artifact;
    expect([manifest.version, manifest.model?.entry, manifest.modules.length]).toEqual([2, null, 1]);
    expect(manifest.model?.program).toHaveLength(compiled.report.kernels.reduce((sum, { calls }) => sum + calls, 0));
    expect(codesOf(compiled)).toEqual([]);
    expectClose(
      await results(compiled.artifact, model, [device]),
      reference(model, model.graph.inputs.map(arrayFor), 2),
      4,
    );
    expect(device.buffers).toBe(0);
  });

  it("runs random graphs as they say, states and all", async () => {
    await fc.assert(
      fc.asyncProperty(models, async (model) => {
        const { backend, device } = interpreting("tape", ALL);
        const { artifact } = await compile(model, { target: backend });
        expectClose(await results(artifact, model, [device]), reference(model, model.graph.inputs.map(arrayFor), 2), 3);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it("compiles a graph of nothing", async () => {
    const { backend, device } = interpreting("tape", ALL);
    const b = ops.graphBuilder("nothing");
    const model = b.finish([ops.relu(b, b.input("x", "float32", [0, 3]))]);
    const { artifact } = await compile(model, { target: backend });
    expect(artifact.manifest.modules).toEqual([]);
    expect(await results(artifact, model, [device])).toEqual({ outputs: [[]], states: [] });
  });
});

describe("a target with a host", () => {
  it("trains a perceptron on two devices as on one", async () => {
    const model = perceptron();
    const { backend, device } = interpreting("floats", FLOATS);
    const compiled = await compile(model, { target: backend, host: plain });
    expect(targetsOf(compiled)).toEqual(new Set(["floats", "wasm"]));
    expect(codesOf(compiled).filter((each) => each === "CO202")).toHaveLength(1);
    for (const { target, reason } of compiled.report.kernels) expect(reason === null).toBe(target === "floats");
    const alone = await compile(model, { target: plain });
    for (const runs of [1, 3])
      expectClose(
        await results(compiled.artifact, model, [device, host], runs),
        await results(alone.artifact, model, [host], runs),
        5,
      );
    expect(device.launches.length).toBeGreaterThan(0);
    expect([device.buffers, host.allocatedBytes]).toEqual([0, 0]);
  });

  it("keeps types that the target lacks on the host, and says so", async () => {
    const model = classifier();
    const { backend, device } = interpreting("floats", FLOATS);
    const compiled = await compile(model, { target: backend, host: plain });
    const { kernels, hostModule } = compiled.report;
    expect(kernels.find(({ operators }) => operators.includes("MatMul"))).toMatchObject({
      target: "floats",
      reason: null,
    });
    expect(kernels.find(({ operators }) => operators.includes("ArgMax"))).toMatchObject({
      target: "wasm",
      reason: "the backend `floats` does not declare `int32`",
    });
    expect(hostModule?.functions.length).toBeGreaterThan(0);
    const [warning] = compiled.diagnostics.filter(({ code }) => code === "CO202");
    expect(warning).toMatchObject({
      severity: "warning",
      message: expect.stringMatching(/^\d of \d kernels run on the host `wasm`$/),
    });
    expect(warning?.actual).toMatch(/\(ArgMax\): the backend `floats` does not declare `int32`/);
    expect([...compiled.report.files.keys()]).toContain("module.txt");
    const alone = await compile(model, { target: plain });
    expect(alone.report.hostModule).toBeNull();
    for (const runs of [1, 2])
      expect(await results(compiled.artifact, model, [device, host], runs)).toEqual(
        await results(alone.artifact, model, [host], runs),
      );
  });

  it("is as without a host when the target takes all", async () => {
    const model = classifier();
    const [whole, both] = [
      await compile(model, { target: plain }),
      await compile(model, { target: plain, host: interpreting("tape", ALL).backend }),
    ];
    expect(encodeArtifact(both.artifact)).toEqual(encodeArtifact(whole.artifact));
    expect(both.artifact.manifest.version).toBe(1);
    expect(codesOf(both)).toEqual(codesOf(whole));
  });

  it("leaves all to the host when the target takes nothing, with the host's own program", async () => {
    const model = classifier();
    const none = interpreting("none", { dtypes: { float64: "stable" } });
    const { artifact, report } = await compile(model, { target: none.backend, host: plain });
    expect([artifact.manifest.version, artifact.manifest.modules.length]).toEqual([1, 1]);
    expect(report.module.functions).toEqual([]);
    const alone = await compile(model, { target: plain });
    expect(await results(artifact, model, [host])).toEqual(await results(alone.artifact, model, [host]));
  });

  it("may be two backends of one device: then nothing moves", async () => {
    const model = classifier();
    const floats = defineBackend({
      ...plain,
      name: "floats",
      capabilities: { ...plain.capabilities, dtypes: { float32: "stable" } },
    });
    const { artifact } = await compile(model, { target: floats, host: plain });
    expect(artifact.manifest.modules.map(({ format, blob }) => [format, blob])).toEqual([
      ["wasm", "module.wasm"],
      ["wasm", "host.wasm"],
    ]);
    const alone = await compile(model, { target: plain });
    expect(await results(artifact, model, [host])).toEqual(await results(alone.artifact, model, [host]));
  });

  it("moves each value over once", async () => {
    const b = ops.graphBuilder("over");
    const x = b.input("x", "float32", [8]);
    const doubled = ops.reduceSum(b, ops.mul(b, ops.broadcastTo(b, x, [4, 8]), 2), { axes: [0], keepdims: false });
    const whole = ops.cast(b, doubled, "int32");
    const model = b.finish([ops.cast(b, ops.add(b, whole, whole), "float32"), ops.relu(b, doubled)]);
    const { backend, device } = interpreting("floats", FLOATS);
    const { artifact, report } = await compile(model, { target: backend, host: plain });
    expect(report.kernels.map(({ target }) => target).sort()).toEqual(["floats", "floats", "wasm"]);
    await results(artifact, model, [device, host], 1);
    // in: x; out: the sum for the host, and the second output
    expect([device.bytesWritten, device.bytesRead]).toEqual([32, 64]);
  });

  it("copies outputs and states where they are", async () => {
    const b = ops.graphBuilder("copies");
    const x = b.input("x", "int32", [3]);
    const s = b.state("s", "int32", [3], [1, 2, 3]);
    const t = b.state("t", "int32", [3]);
    const u = b.state("u", "float32", [3], [4, 5, 6]);
    const f = b.input("f", "float32", [3]);
    b.update(s, t);
    b.update(t, s);
    b.update(u, f);
    const y = ops.add(b, s, x);
    const model = b.finish([x, s, y, y, f, u, ops.add(b, f, u)]);
    const { backend, device } = interpreting("floats", FLOATS);
    const compiled = await compile(model, { target: backend, host: plain });
    for (const { operators, target, reason } of compiled.report.kernels)
      if (operators.includes("copy")) expect(reason === null).toBe(target === "floats");
    expect(targetsOf(compiled).size).toBe(2);
    const alone = await compile(model, { target: plain });
    for (const runs of [1, 2, 3]) {
      const session = [compiled, alone] as const;
      const devices: readonly (readonly [Device, ...Device[]])[] = [[device, host], [host]];
      const [both, one] = await Promise.all(
        session.map(({ artifact }, k) => ints(artifact, devices[k] ?? [host], runs)),
      );
      expect(both).toEqual(one);
    }
  });

  it("computes random graphs that are split at random", async () => {
    let split = 0;
    await fc.assert(
      fc.asyncProperty(models, fc.nat(), fc.boolean(), async (model, seed, refusesTypes) => {
        const dtypes = Object.fromEntries(
          ["float32", "int32", "int64", "float64"]
            .filter((_, k) => k === 0 || (seed >> k) % 2 === 0)
            .map((dtype) => [dtype, "stable" as const]),
        );
        const target = refusesTypes
          ? interpreting("half", { ...ALL, dtypes })
          : interpreting("half", ALL, (func) => func.role === "kernel" && tasteOf(func, seed) % 2 === 0);
        const whole = interpreting("tape", ALL);
        const useWasm = seed % 3 !== 0;
        const compiled = await compile(model, { target: target.backend, host: useWasm ? plain : whole.backend });
        if (targetsOf(compiled).size === 2) split++;
        const actual = await results(compiled.artifact, model, [target.device, useWasm ? host : whole.device]);
        expectClose(actual, reference(model, model.graph.inputs.map(arrayFor), 2), 3);
        expect([target.device.buffers, whole.device.buffers, host.allocatedBytes]).toEqual([0, 0, 0]);
      }),
      { numRuns: 150 },
    );
    expect(split).toBeGreaterThan(30);
  }, 120_000);
});

/** Runs with small numbers for inputs of any type. */
async function ints(artifact: Artifact, [device, ...others]: readonly [Device, ...Device[]], runs: number) {
  const session = await loadModel(artifact, { device, others });
  const inputs = Object.fromEntries(
    session.inputs.map(({ name, dtype }, k) => [name, ndarray([1 + k, 2, 3], { dtype })]),
  );
  let outputs: Readonly<Record<string, NDArray>> = {};
  for (let run = 0; run < runs; run++) outputs = await session.run(inputs);
  const found: unknown[] = session.outputs.map(({ name }) => outputs[name]?.toArray());
  for (const { name } of session.states) found.push((await session.getState(name)).toArray());
  await session.dispose();
  return found;
}

/** A number that is the same for a kernel under every name and with every pattern of memory. */
function tasteOf(func: PrimFunc, seed: number): number {
  const found = new Set<string>([`${func.parameters.length}`]);
  visit(func.body, { enter: (node) => void ("op" in node && found.add(String(node.op))) });
  const text = [...found].sort().join(" ");
  return [...text].reduce((hash, letter) => (hash * 33 + letter.charCodeAt(0)) % 65_521, seed % 65_521);
}

describe("a kernel that nobody takes", () => {
  it("is named with its operators, what is missing, and the way out", async () => {
    const { backend } = interpreting("floats", FLOATS);
    expect(await failure(() => compile(classifier(), { target: backend }))).toMatch(
      /CO108.*`classifier_argmax\w*` \(ArgMax\) cannot be compiled for `floats`[\s\S]*does not declare `int32`[\s\S]*hint: give a `host`[\s\S]*BE101/,
    );
    expect(
      await failure(() => compile(classifier(), { target: backend, host: interpreting("singles", FLOATS).backend })),
    ).toMatch(
      /CO108.*\(ArgMax\) cannot be compiled for `floats` nor `singles`[\s\S]*the backend `floats` does not declare `int32`; the backend `singles`[\s\S]*another host/,
    );
    const small: Backend = defineBackend({
      ...plain,
      capabilities: { ...plain.capabilities, dtypes: { float32: "stable" } },
    });
    expect(await failure(() => compile(classifier(), { target: small }))).toMatch(/CO108.*\(ArgMax\)[\s\S]*for `wasm`/);
    expect(await failure(() => compile(classifier(), { target: plain, host: "wasm" as never }))).toMatch(
      /CO107.*`host`/,
    );
  });

  it("is found also where the backend itself refuses it", async () => {
    const { backend } = interpreting("picky", ALL, (func) => JSON.stringify(func.body).includes('"max"'));
    expect(await failure(() => compile(classifier(), { target: backend }))).toMatch(
      /CO108[\s\S]*not of my taste[\s\S]*BE201/,
    );
    const compiled = await compile(classifier(), { target: backend, host: plain });
    expect(compiled.report.kernels.filter(({ target }) => target === "wasm").map(({ reason }) => reason)).toContain(
      "not of my taste",
    );
  });
});

describe("variants of programs", () => {
  it("are merged where they differ in modules alone, and hold the target's module once", async () => {
    const { backend, device } = interpreting("picky", ALL, ({ name }) => name.includes("matmul"));
    const b = ops.graphBuilder("layer");
    const w = b.state("w", "float32", [8, 16], new Float32Array(128).fill(0.5));
    const y = ops.relu(b, ops.matmul(b, b.input("x", "float32", [4, 8]), w));
    const model = b.finish([y, ops.reduceMax(b, y, { axes: [1] })]);
    const variant = async (relaxed: boolean): Promise<Artifact> =>
      (await compile(model, { target: backend, host: wasm({ relaxed }) })).artifact;
    const both = mergeVariants([await variant(true), await variant(false)]);
    expect(both.manifest.version).toBe(2);
    expect(both.manifest.modules.filter(({ format }) => format === "picky")).toHaveLength(1);
    const features = both.manifest.modules.filter(({ format }) => format === "wasm").map((module) => module.features);
    expect(features).toEqual([["simd", "relaxed-simd"], ["simd"]]);
    const impossible = {
      ...both,
      manifest: {
        ...both.manifest,
        modules: both.manifest.modules.map((module) =>
          module.features.includes("relaxed-simd") ? { ...module, features: ["of another age"] } : module,
        ),
      },
    };
    const alone = await results((await compile(model, { target: plain })).artifact, model, [host]);
    for (const artifact of [both, impossible]) expect(await results(artifact, model, [device, host])).toEqual(alone);
    const entry = (await compile(model, { target: plain })).artifact;
    expect(() => mergeVariants([both, entry])).toThrowError(expect.objectContaining({ code: "CO110" }));
  });
});
