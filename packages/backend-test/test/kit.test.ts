import type { CompiledModule, Toolchain } from "@tilewright/backend";
import { build, rewrite } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import {
  conformanceTests, type InterpreterOptions, interpreterPlugin, type KitReport, type KitSubject, runKit, supportTable, testBackend,
} from "../src/index.js"; // biome-ignore format: a list

describe("the kit passes what is right", () => {
  testBackend({ ...interpreterPlugin(), test: { describe, it }, runs: 30 });

  it("proves each feature that is declared, and gives each test a name of its own", () => {
    const tests = conformanceTests(interpreterPlugin());
    const names = tests.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const proved = new Set(tests.flatMap(({ features }) => features.map(({ kind, name }) => `${kind} ${name}`)));
    const { dtypes, loopKinds, memory, atomics, barriers, queues, math } = interpreterPlugin().backend.capabilities;
    const declared = {
      dtype: Object.keys(dtypes), loop: Object.keys(loopKinds), memory: Object.keys(memory), atomic: Object.keys(atomics), barrier: Object.keys(barriers), queue: queues, math, assert: ["assertion"], vector: ["lanes"],
    }; // biome-ignore format: a table
    for (const [kind, list] of Object.entries(declared))
      for (const name of list) expect(proved, `${kind} ${name}`).toContain(`${kind} ${name}`);
  });
});

describe("a backend that declares less is asked for less", () => {
  const report = (capabilities: InterpreterOptions["capabilities"]): Promise<KitReport> =>
    runKit({ ...interpreterPlugin(capabilities === undefined ? {} : { capabilities }), runs: 5 });

  it("of float32 and serial loops alone, it is told what it lacks", async () => {
    const { failures, passed, skipped, lacks, ...rest } = await report({ dtypes: { float32: "stable" } });
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThan(100);
    expect(skipped).toBeGreaterThan(150);
    expect(lacks).toMatchInlineSnapshot(`
      [
        "It does not declare the element types bool, int2, int4, int8, int16, int32, int64, uint2, uint4, uint8, uint16, uint32, uint64, float16, bfloat16 and float64: functions that use them are refused.",
        "It does not declare parallel and thread loops: schedules that bind them are refused.",
        "It does not declare memory of scope shared: buffers there are refused.",
        "It does not declare vectors: \`lower\` makes all code scalar.",
        "It does not declare exp, log, sin, cos, tanh, erf, sigmoid and pow: \`lower\` expands these functions into arithmetic, with integers as wide as the floats.",
        "It does not declare atomic updates of int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, bfloat16, float32 and float64: threads cannot add up in memory of these types.",
        "It does not declare barriers over shared and global memory: threads of a block cannot exchange values there.",
        "It does not declare assertions: programs that check their inputs are refused.",
        "It brings no intrinsics: \`tensorize\` finds no instruction of it.",
        "It declares no queues: \`Async\` and tokens are refused.",
        "It declares no launches: it is no target for blocks and threads.",
        "It holds no host program: the artifact stores one as a launch program.",
      ]
    `);
    expect(supportTable(rest)).toMatchInlineSnapshot(`
      "| | stable | experimental | not declared, and refused |
      |---|---|---|---|
      | element types | float32 | – | bool, int2, int4, int8, int16, int32, int64, uint2, uint4, uint8, uint16, uint32, uint64, float16, bfloat16, float64 |
      | loops | serial, vectorized, unrolled, virtual | – | parallel, thread |
      | memory | global, local | – | shared |
      | vectors | – | – | yes |
      | math functions of its own | – | – | exp, log, sin, cos, tanh, erf, sigmoid, pow |
      | atomic updates | – | – | int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, bfloat16, float32, float64 |
      | barriers | – | – | shared, global |
      | assertions | – | – | yes |"
    `);
  });

  it.each([
    ["bool alone", { dtypes: { bool: "stable" } }],
    ["int8 and float64, on parallel loops", { dtypes: { int8: "stable", float64: "experimental" }, loopKinds: { parallel: "stable" }, threads: 2 }],
    ["short floats alone, in vectors", { dtypes: { bfloat16: "stable" }, vector: { bytes: 16, registers: 8, predicated: false } }],
    ["packed integers that nothing can hand over", { dtypes: { int4: "stable" } }],
    ["threads without anything to share", { dtypes: { int32: "stable" }, loopKinds: { thread: "stable" }, launch: { maxBlocks: [64, 64, 64], maxThreads: [64, 64, 4], maxThreadsPerBlock: 64, subgroupThreads: null } }],
  ] satisfies [string, InterpreterOptions["capabilities"]][])("%s", async (_, capabilities) => {
    const { failures } = await report(capabilities);
    expect(failures).toEqual([]);
  }); // biome-ignore format: a table
});

describe("the kit finds what is wrong", () => {
  const { backend, device } = interpreterPlugin();
  const failuresOf = async (
    subject: KitSubject,
    names: RegExp,
  ): Promise<readonly { name: string; message: string }[]> => {
    const failures: { name: string; message: string }[] = [];
    for (const { name, run } of conformanceTests({ runs: 60, ...subject }))
      if (names.test(name))
        await run().catch((error: Error) => failures.push({ name, message: error.message })); // biome-ignore format: a loop
    return failures;
  };
  const added: typeof backend = {
    ...backend,
    compile: (module) =>
      backend.compile(
        rewrite(module, {
          Binary: (node) =>
            node.op === "mul" && node.dtype !== "index" ? build.add(node.left, node.right) : undefined,
        }),
      ),
  };

  it.each([
    ["everything", undefined],
    ["float32 alone, in vectors", { dtypes: { float32: "stable" }, vector: { bytes: 16, registers: 8, predicated: true } }],
    ["a type too wide for vectors", { dtypes: { float32: "stable", float64: "stable" }, vector: { bytes: 8, registers: 8, predicated: true } }],
  ] satisfies [string, InterpreterOptions["capabilities"]][])("of a backend of %s whose functions do nothing: in every test of what is computed", async (_, capabilities) => {
    const right = interpreterPlugin(capabilities === undefined ? {} : { capabilities }).backend;
    const idle: typeof backend = {
      ...right,
      compile: (module) => {
        const functions = module.functions.map((func) => ({ ...func, body: build.seq() }));
        return { ...right.compile({ ...module, functions }), functions: right.compile(module).functions };
      },
    };
    const untouched = /^(manifest|refusals|limits|modules|devices)$/;
    const passed: string[] = [];
    for (const { name, section, run } of conformanceTests({ backend: idle, device, runs: 20 }))
      if (!untouched.test(section)) await run().then(() => passed.push(name), () => {});
    expect(passed).toEqual([
      "describes the access of each parameter as the function does it",
      "runs functions without parameters and without elements",
    ]);
  }); // biome-ignore format: a table

  it("and says where, with the function and the seed", async () => {
    const failures = await failuresOf({ backend: added, device }, /operator of (int32|bool)$|on random functions$/);
    expect(failures.map(({ name }) => name)).toEqual([
      "computes every operator of int32",
      "agrees with the interpreter on random functions",
    ]);
    expect(failures[0]?.message).toMatch(/^binary_mul_int32: out\[\d+\] is -?\d+ instead of -?\d+\n\/\/ tilewright-ir 1\nmodule\nprim_func @binary_mul_int32/);
    expect(failures[1]?.message).toMatch(/seed: 1, path: "[\d:]+"[\s\S]*prim_func @random[\s\S]*instead of/);
  }); // biome-ignore format: long patterns

  it("as a backend that accepts what it does not declare, or refuses without a code", async () => {
    const lax = { ...backend, capabilities: { ...backend.capabilities, dtypes: { float32: "stable" as const } } };
    const refusals = /refuses int32, which|refuses intrinsics/;
    expect((await failuresOf({ backend: lax, device }, refusals)).map(({ name }) => name)).toEqual(["refuses int32, which it does not declare"]); // biome-ignore format: one call
    const compile = (): never => {
      throw new TypeError("x is undefined");
    };
    const [failure] = await failuresOf({ backend: { ...backend, compile }, device }, refusals);
    expect(failure?.message).toBe("an unknown intrinsic must be refused with a BE code, not with: TypeError: x is undefined"); // biome-ignore format: one call
  });

  it("in one function of a module that a toolchain built of many", async () => {
    const built: CompiledModule[] = [];
    const toolchain: Toolchain = {
      name: "copy",
      accepts: "tilewright-ir",
      produces: "tilewright-ir",
      status: async () => ({ name: "copy", usable: true, detail: "" }),
      build: async (module) => {
        built.push(module);
        return module;
      },
    };
    const names = /operator of|converts \w+ to every|agrees.*on random functions$/;
    expect(await failuresOf({ backend, device, toolchain }, names)).toEqual([]);
    expect(built.length).toBe(2);
    const failures = await failuresOf({ backend: added, device, toolchain }, names);
    expect(failures.map(({ name }) => name)).toContain("computes every operator of float64");
    expect(failures.map(({ name }) => name)).not.toContain("converts float64 to every other type");
    expect(failures.at(-1)?.message).toMatch(/seed: 1, path: "\d+[\d:]*"/);
  });

  it("and strikes it out of the table", async () => {
    const { matrix } = await runKit({
      ...interpreterPlugin({ capabilities: { dtypes: { float32: "stable" } } }),
      runs: 1,
    });
    const wrong = matrix.map((row) => (row.name === "float32" ? { ...row, failed: 1 } : row));
    expect(supportTable({ matrix: wrong })).toContain("| element types | ~~float32~~ |");
  });
});
