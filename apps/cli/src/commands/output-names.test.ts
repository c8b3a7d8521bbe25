import { c } from "@tilewright/codegen-c";
import { add, compute, placeholder, read } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { memoryIo } from "../../test/memory-io.js";
import { compileKernel, filesOf } from "../compile-kernel.js";
import { loadKernels } from "../kernels.js";
import { runCli } from "../run-cli.js";

const X = placeholder([4], { name: "X" });
const plus = (amount: number, name = "Y") => compute([4], (i) => add(read(X, i), amount), { name });

async function outcome(args: readonly string[], exports: object) {
  const io = memoryIo({ "k.ts": exports });
  return { code: await runCli([...args, "--out", "o"], io), files: [...io.files.keys()].sort(), ...io.output };
}

describe("files", () => {
  it.each([
    ["../../escaped", "o/_.._escaped"],
    ["/layer/out", "o/_layer_out"],
    ["..", "o/_"],
  ])("of a tensor called %s stay in the folder", async (name, stem) => {
    const ran = await outcome(["run", "k.ts", "--json"], { kernel: plus(1, name) });
    expect([ran.code, ran.files]).toEqual([0, [`${stem}.npy`]]);
    expect(JSON.parse(ran.written).outputs[0].name).toBe(name);
    const built = await outcome(["build", "k.ts"], { default: plus(1, name) });
    expect([built.code, built.files]).toEqual([0, [`${stem}.tilewright`, `${stem}.wasm`]]);
  });

  it("of several outputs whose names become one differ", async () => {
    const { code, files } = await outcome(["run", "k.ts"], { both: [plus(1, "a/b"), plus(2, "a_b")] });
    expect([code, files]).toEqual([0, ["o/a_b.npy", "o/a_b_2.npy"]]);
  });

  it.each([
    ["a$b", "a_b", { a$b: plus(1), a_b: plus(2) }],
    ["inc", "inc", { inc: plus(1), default: plus(2, "inc") }],
    ["Inc", "inc", { Inc: plus(1), inc: plus(2) }],
  ])("of two kernels, %s and %s, are never written over one another: CLI103", async (first, second, exports) => {
    const { code, files, noted } = await outcome(["build", "k.ts"], exports);
    expect([code, files]).toEqual([1, []]);
    expect(noted).toContain("error[CLI103]: two kernels of one");
    expect(noted).toContain(`\`${first}\` and \`${second}\``);
  });

  it("of one of them can be had", async () => {
    const { code, files } = await outcome(["build", "k.ts", "--kernel", "a_b"], { a$b: plus(1), a_b: plus(2) });
    expect([code, files]).toEqual([0, ["o/a_b.tilewright", "o/a_b.wasm"]]);
  });

  it("in C are called after their kernel, the header too", async () => {
    const io = memoryIo({ "k.ts": { one: plus(1), two: plus(2) } });
    const target = { backend: c(), toolchain: null };
    const kernels = await loadKernels("k.ts", io);
    const compiled = await Promise.all(kernels.map((each) => compileKernel(each, target, io)));
    expect(compiled.map((each) => [...filesOf(each).keys()])).toEqual([
      ["one.tilewright", "one.h", "one.c"],
      ["two.tilewright", "two.h", "two.c"],
    ]);
  });
});
