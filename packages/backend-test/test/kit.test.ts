import { build, rewrite } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { type TestFramework, testBackend } from "../src/index.js";
import { interpreterPlugin } from "./interpreter-device.js";

describe("the kit passes what is right", () => {
  testBackend({ ...interpreterPlugin(), test: { describe, it }, runs: 30 });
});

describe("the kit finds what is wrong", () => {
  const failuresOf = async (plugin: ReturnType<typeof interpreterPlugin>): Promise<string[]> => {
    const tests: { name: string; body: () => Promise<void> }[] = [];
    const test: TestFramework = { describe: (_, body) => body(), it: (name, body) => tests.push({ name, body }) };
    testBackend({ ...plugin, test, runs: 60 });
    const failures: string[] = [];
    for (const { name, body } of tests) {
      await body().catch(() => failures.push(name));
    }
    return failures;
  };

  it("as a multiplication that adds", async () => {
    const wrong = interpreterPlugin((func) => ({
      ...func,
      body: rewrite(func.body, {
        Binary: (node) => (node.op === "mul" && node.lanes === 1 ? build.add(node.left, node.right) : undefined),
      }),
    }));
    const failures = await failuresOf(wrong);
    expect(failures).toContain("computes every operator of int32");
    expect(failures).toContain("agrees with the interpreter on random functions");
    expect(failures).not.toContain("computes every operator of bool");
  });

  it("as a backend that accepts what it does not declare, or refuses without a code", async () => {
    const plugin = interpreterPlugin();
    const lax = {
      ...plugin,
      backend: {
        ...plugin.backend,
        capabilities: { ...plugin.backend.capabilities, dtypes: { float32: "stable" as const } },
      },
    };
    expect(await failuresOf(lax)).toContain("refuses int32, which it does not declare");
    const rude = { ...plugin, backend: { ...plugin.backend, compile: () => { throw new TypeError("x is undefined"); } } }; // biome-ignore format: short
    expect(await failuresOf(rude)).toContain("refuses an intrinsic that it does not declare");
  });
});
