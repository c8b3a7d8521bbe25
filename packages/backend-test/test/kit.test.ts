import { build, rewrite } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import {
  conformanceTests,
  interpreterPlugin,
  type KitSubject,
  runKit,
  supportTable,
  testBackend,
} from "../src/index.js";

describe("the kit passes what is right", () => {
  testBackend({ ...interpreterPlugin(), test: { describe, it }, runs: 30 });
});

describe("a backend of float32 and serial loops alone", () => {
  const minimal = interpreterPlugin({ capabilities: { dtypes: { float32: "stable" } } });
  it("passes, and is told what it lacks", async () => {
    const report = await runKit({ ...minimal, runs: 20 });
    expect(report.failures).toEqual([]);
    expect(report.passed).toBeGreaterThan(20);
    expect(report.skipped).toBeGreaterThan(20);
    expect(report.lacks).toMatchInlineSnapshot(`
      [
        "It does not declare the element types bool, int2, int4, int8, int16, int32, int64, uint2, uint4, uint8, uint16, uint32, uint64, float16, bfloat16 and float64: functions that use them are refused.",
        "It does not declare parallel and thread loops: schedules that bind them are refused.",
        "It does not declare memory of scope shared: buffers there are refused.",
        "It does not declare vectors: \`lower\` makes all code scalar.",
        "It does not declare exp, log, sin, cos, tanh, erf, sigmoid and pow: \`lower\` expands these functions into arithmetic.",
        "It does not declare atomic updates of int2, int4, int8, int16, int32, int64, uint2, uint4, uint8, uint16, uint32, uint64, float16, bfloat16, float32 and float64: threads cannot add up in memory of these types.",
        "It does not declare barriers over shared and global memory: threads of a block cannot exchange values there.",
        "It does not declare assertions: programs that check their inputs are refused.",
        "It brings no intrinsics: \`tensorize\` finds no instruction of it.",
        "It declares no queues: \`Async\` and tokens are refused.",
        "It runs parallel loops on one thread.",
        "It declares no launches: it is no target for blocks and threads.",
        "It holds no host program: the artifact stores one as a launch program.",
      ]
    `);
    expect(supportTable(report)).toMatchInlineSnapshot(`
      "| | stable | experimental | not declared, and refused |
      |---|---|---|---|
      | element types | float32 | – | bool, int2, int4, int8, int16, int32, int64, uint2, uint4, uint8, uint16, uint32, uint64, float16, bfloat16, float64 |
      | loops | serial, vectorized, unrolled, virtual | – | parallel, thread |
      | memory | global, local | – | shared |
      | vectors | – | – | yes |
      | math functions of its own | – | – | exp, log, sin, cos, tanh, erf, sigmoid, pow |
      | atomic updates | – | – | int2, int4, int8, int16, int32, int64, uint2, uint4, uint8, uint16, uint32, uint64, float16, bfloat16, float32, float64 |
      | barriers | – | – | shared, global |
      | assertions | – | – | yes |"
    `);
  });
});

describe("the kit finds what is wrong", () => {
  const failuresOf = async (subject: KitSubject): Promise<readonly string[]> =>
    (await runKit({ ...subject, runs: 60 })).failures.map(({ name }) => name);

  it("as a multiplication that adds", async () => {
    const { backend, device } = interpreterPlugin();
    const wrong: typeof backend = {
      ...backend,
      compile: (module) =>
        backend.compile(
          rewrite(module, {
            Binary: (node) =>
              node.op === "mul" && node.dtype !== "index" ? build.add(node.left, node.right) : undefined,
          }),
        ),
    };
    const failures = await failuresOf({ backend: wrong, device });
    expect(failures).toContain("computes every operator of int32");
    expect(failures).toContain("agrees with the interpreter on random functions");
    expect(failures).not.toContain("computes every operator of bool");
  });

  it("as a backend that accepts what it does not declare, or refuses without a code", async () => {
    const { backend, device } = interpreterPlugin();
    const lax = { ...backend, capabilities: { ...backend.capabilities, dtypes: { float32: "stable" as const } } };
    expect(await failuresOf({ backend: lax, device })).toContain("refuses int32, which it does not declare");
    const rude: typeof backend = {
      ...backend,
      compile() {
        throw new TypeError("x is undefined");
      },
    };
    expect(await failuresOf({ backend: rude, device })).toContain("refuses an intrinsic that it does not declare");
  });
});

it("gives each test a name of its own", () => {
  const names = conformanceTests(interpreterPlugin()).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
