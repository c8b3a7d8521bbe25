import { createSchedule } from "@tilewright/schedule";
import { compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { memoryIo } from "../../test/memory-io.js";
import { runCli } from "../run-cli.js";

const A = placeholder([64, 64], { name: "A" });
const B = placeholder([64, 64], { name: "B" });
const k = reduceAxis(64, "k");
const C = compute([64, 64], (i, j) => sum(mul(read(A, i, k.variable), read(B, k.variable, j)), k), { name: "C" });
const MODULES = { "one.ts": { product: C }, "two.ts": { product: C, naive: createSchedule(C) } };

async function tilewright(...args: readonly string[]) {
  const io = memoryIo(MODULES);
  const code = await runCli(["explain", ...args], io);
  return { code, files: io.files, ...io.output };
}

describe("explain", () => {
  it("explains the author's schedule, or the one that rules choose", async () => {
    const { code, written } = await tilewright("two.ts");
    expect(code).toBe(0);
    expect(written).toMatch(/^product on Zen 3, 2 cores, AVX2, 2 threads: at least .*/m);
    expect(written).toMatch(/^naive on Zen 3/m);
    expect(written).toContain("vectors  no: no loop of it is marked; its innermost loop `k` folds into one element");
    expect(written).toMatch(/vectors {2}yes/);
  });

  it("takes the machine of the target, with as many cores as there are threads", async () => {
    const { written } = await tilewright("one.ts", "--target", "wasm", "--threads", "1", "--json");
    const { kernels } = JSON.parse(written);
    expect(kernels).toHaveLength(1);
    expect(kernels[0]).toMatchObject({ name: "product", threads: 1, machine: { cores: 1, vectorBytes: 16 } });
  });

  it("writes a picture of one kernel", async () => {
    const { files, code } = await tilewright("two.ts", "--kernel", "naive", "--svg", "pictures/naive.svg");
    expect(code).toBe(0);
    expect(new TextDecoder().decode(files.get("pictures/naive.svg"))).toMatch(
      /^<\?xml[\s\S]*<title>naive on [\s\S]*<\/svg>\n$/,
    );
  });

  it.each([
    [["two.ts", "--svg", "all.svg"], 1, "error[CLI103]"],
    [["gone.ts"], 1, "error[CLI101]"],
    [["one.ts", "--target", "cuda"], 2, "error[CLI109]: there is no target `cuda`"],
    [["one.ts", "--threads", "0"], 2, "--threads is a whole number"],
    [["one.ts", "--svg", ""], 2, "--svg is the name of a file"],
    [[], 2, "the file of the kernel is missing"],
  ])("ends with a reason for %j", async (args, code, reason) => {
    const result = await tilewright(...args);
    expect(result.code).toBe(code);
    expect(result.noted).toContain(reason);
  });
});
