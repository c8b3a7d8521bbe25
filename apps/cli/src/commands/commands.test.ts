import { decodeArtifact, encodeArtifact } from "@tilewright/artifact";
import { wasm } from "@tilewright/codegen-wasm";
import { compile } from "@tilewright/compiler";
import { graphBuilder, mul as multiply } from "@tilewright/ops";
import { createSchedule, split, vectorize } from "@tilewright/schedule";
import { add, compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { memoryIo } from "../../test/memory-io.js";
import { formatNpy, parseNpy } from "../npy.js";
import { runCli } from "../run-cli.js";

const X = placeholder([10], { name: "X" });
const Y = compute([10], (i) => add(read(X, i), 1), { name: "Y" });
const scheduled = createSchedule(Y);
const [, lanes] = split(scheduled, Y, "i", { factor: 4 });
vectorize(scheduled, Y, lanes);

const A = placeholder([2, 3], { name: "A" });
const B = placeholder([3, 4], { name: "B" });
const k = reduceAxis(3, "k");
const matmul = compute([2, 4], (i, j) => sum(mul(read(A, i, k.variable), read(B, k.variable, j)), k), { name: "C" });

const MODULES = {
  "one.ts": { default: scheduled },
  "two.ts": { increment: scheduled, matmul, answer: 42 },
  "none.ts": { answer: 42 },
};
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const npy = (shape: number[], ...values: number[]) =>
  formatNpy("x", { dtype: "float32", shape, bytes: floats(...values) });

async function tilewright(args: readonly string[], files: Record<string, Uint8Array> = {}) {
  const io = memoryIo(MODULES, files);
  const code = await runCli(args, io);
  return { code, files: io.files, ...io.output };
}

describe("lower", () => {
  it("prints every level, the author's schedule kept", async () => {
    const { code, written } = await tilewright(["lower", "one.ts"]);
    expect(code).toBe(0);
    expect(written.match(/^=== .*$/gm)).toEqual([
      "=== Y: tensor IR, what is computed",
      "=== Y: schedule, how",
      "=== Y: loop nest, level scheduled",
      "=== Y: loop IR, level device",
      "=== Y: code for c",
    ]);
    expect(written).toContain('i.outer, i.inner = split Y(axis: "i", factor: 4, tail: "guard")');
    expect(written).toContain("for i.inner: vectorized in 0..4");
    expect(written).toContain("void Y(const float *restrict X, float *restrict Y_1, void *workspace)");
  });

  it("prints what a pass made, or all that changed something", async () => {
    const one = await tilewright(["lower", "one.ts", "--print-ir-after", "vectorize"]);
    expect(one.written.match(/^=== Y: after .*$/gm)).toEqual(["=== Y: after vectorize"]);
    const same = await tilewright(["lower", "one.ts", "--print-ir-after", "virtual-threads"]);
    expect(same.written.match(/^=== Y: after .*$/gm)).toEqual(["=== Y: after virtual-threads (unchanged)"]);
    const all = await tilewright(["lower", "one.ts", "--print-ir-after", "all", "--verify"]);
    expect(all.written.match(/^=== Y: after .*$/gm)).toContain("=== Y: after vectorize");
    expect(all.written).not.toContain("(unchanged)");
  });

  it("gives every kernel of a file as JSON", async () => {
    const { written } = await tilewright(["lower", "two.ts", "--json", "--target", "wasm"]);
    const { target, kernels } = JSON.parse(written);
    expect(target).toBe("wasm");
    expect(kernels.map(({ name }: { name: string }) => name)).toEqual(["increment", "matmul"]);
    expect(kernels[1].code).toMatch(/^\d+ bytes of wasm/);
  });

  it.each([
    [["lower", "gone.ts"], "CLI101", "Cannot find module 'gone.ts'"],
    [["lower", "none.ts"], "CLI102", "exports answer"],
    [["lower", "two.ts", "--kernel", "conv"], "CLI103", "one of increment, matmul"],
    [["lower", "one.ts", "--print-ir-after", "magic"], "CLI105", "there is no pass `magic`"],
  ])("ends with 1 for %j", async (args, code, text) => {
    const result = await tilewright(args);
    expect(result.code).toBe(1);
    expect(result.noted).toContain(`error[${code}]`);
    expect(result.noted).toContain(text);
  });
});

describe("build", () => {
  it("writes WebAssembly that engines without this one's features can run too", async () => {
    const { files } = await tilewright(["build", "one.ts", "--out", "o"]);
    const artifact = [...files].find(([path]) => path.endsWith(".tilewright"))?.[1] ?? new Uint8Array();
    const { modules } = decodeArtifact(artifact).manifest;
    expect(modules.map(({ features }) => features.includes("relaxed-simd"))).toContain(false);
    expect(new Set(modules.map(({ blob }) => blob)).size).toBe(modules.length);
  });

  it("writes an artifact and the module for each kernel", async () => {
    const { code, files, written } = await tilewright(["build", "two.ts", "--out", "o", "--json"]);
    expect(code).toBe(0);
    expect([...files.keys()].sort()).toEqual([
      "o/increment.tilewright",
      "o/increment.wasm",
      "o/matmul.tilewright",
      "o/matmul.wasm",
    ]);
    expect(
      JSON.parse(written)
        .map(({ file }: { file: string }) => file.replaceAll("\\", "/"))
        .sort(),
    ).toEqual([...files.keys()].sort());
    const artifact = decodeArtifact(files.get("o/matmul.tilewright") ?? new Uint8Array());
    expect(artifact.manifest.modules[0]?.functions.map(({ name }) => name)).toEqual(["matmul"]);
    expect(artifact.blobs.get("module")).toEqual(files.get("o/matmul.wasm"));
  });
});

describe("run", () => {
  const inputs = { "a.npy": npy([2, 3], 1, 2, 3, 4, 5, 6), "b.npy": npy([3, 4], 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1) };
  const expected = [1, 2, 3, 6, 4, 5, 6, 15];

  it("computes from files to files", async () => {
    const args = [
      "run",
      "two.ts",
      "--kernel",
      "matmul",
      "--input",
      "A=a.npy",
      "--input",
      "B=b.npy",
      "--out",
      "o",
      "--json",
    ];
    const { code, files, written } = await tilewright(args, inputs);
    expect(code).toBe(0);
    expect(JSON.parse(written).outputs).toEqual([
      { name: "C", dtype: "float32", shape: [2, 4], first: expected, min: 1, max: 15, mean: 5.25 },
    ]);
    const { dtype, shape, bytes } = parseNpy("C.npy", files.get("o/C.npy") ?? new Uint8Array());
    expect([dtype, shape, bytes]).toEqual(["float32", [2, 4], floats(...expected)]);
  });

  it("loads what build wrote", async () => {
    const { files } = await tilewright(["build", "two.ts", "--kernel", "matmul", "--out", "o"]);
    const args = ["run", "o/matmul.tilewright", "--input", "A=a.npy", "--input", "B=b.npy", "--json"];
    const { code, written } = await tilewright(args, { ...Object.fromEntries(files), ...inputs });
    expect(code).toBe(0);
    expect(JSON.parse(written).outputs[0].first).toEqual(expected);
  });

  it("runs a model that an artifact holds, by the names of its inputs and outputs", async () => {
    const b = graphBuilder("scale");
    const x = b.input("x", "float32", [2, 3]);
    const { artifact } = await compile(b.finish([multiply(b, x, b.state("factor", "float32", [], [3]), "y")]), {
      target: wasm(),
    });
    const args = ["run", "scale.tilewright", "--input", "x=a.npy", "--json"];
    const { code, written } = await tilewright(args, { ...inputs, "scale.tilewright": encodeArtifact(artifact) });
    expect(code).toBe(0);
    const [output] = JSON.parse(written).outputs;
    expect(output).toMatchObject({ name: "y", shape: [2, 3], first: [3, 6, 9, 12, 15, 18] });
  });

  it("draws the same inputs for the same seed, and zeros when told", async () => {
    const outputs = async (...args: string[]) =>
      JSON.parse((await tilewright(["run", "one.ts", "--json", ...args])).written).outputs;
    expect(await outputs("--seed", "3")).toEqual(await outputs("--seed", "3"));
    expect(await outputs("--seed", "3")).not.toEqual(await outputs("--seed", "4"));
    expect((await outputs("--input", "X=zeros"))[0]).toMatchObject({ min: 1, max: 1 });
  });

  it.each([
    [["run", "two.ts"], "CLI103", "exports several kernels"],
    [["run", "one.ts", "--input", "Z=zeros"], "CLI106", "one of X"],
    [["run", "one.ts", "--input", "X=gone.npy"], "CLI106", "ENOENT"],
    [["run", "one.ts", "--input", "X=a.npy"], "CLI106", "float32 of shape (2, 3)"],
    [["run", "one.ts", "--input", "X=text.npy"], "CLI107", "no header of an .npy file"],
    [["run", "gone.tilewright"], "CLI101", "ENOENT"],
    [["run", "text.npy"], "AR101", ""],
  ])("ends with 1 for %j", async (args, code, text) => {
    const result = await tilewright(args, {
      ...inputs,
      "text.npy": new TextEncoder().encode("not an array, nor an artifact, but text"),
    });
    expect(result.code).toBe(1);
    expect(result.noted).toContain(`error[${code}]`);
    expect(result.noted).toContain(text);
  });
});

describe("targets", () => {
  it("knows that WebAssembly is always here, and says of the others what to install", async () => {
    const { code, written } = await tilewright(["targets", "--json"]);
    expect(code).toBe(0);
    const { targets } = JSON.parse(written);
    expect(targets.map(({ name }: { name: string }) => name)).toEqual(["wasm", "native", "c-wasm"]);
    expect(targets[0]).toMatchObject({ usable: true });
    for (const { usable, details } of targets) if (!usable) expect(details.join()).toContain("install");
  });
});
