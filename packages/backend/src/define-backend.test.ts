import { build, isConst, type Rules } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { describe, expect, it } from "vitest";
import { kernel, moduleOf, namesOf, refusalOf } from "../test/plain-backend.js";
import { defineBackend, defineToolchain, type Support } from "./index.js";

const dtypes = { float32: "stable" } as const;
const store = "  y[0] = 1.0";

describe("a defined backend", () => {
  it("needs no more than its element types: the rest is unsupported", () => {
    const backend = defineBackend(namesOf({ dtypes }));
    expect(backend.irVersion).toBe(1);
    expect(backend.capabilities).toMatchObject({ vector: null, threads: 1, launch: null, hostCode: false, math: [] });
    expect(new TextDecoder().decode(backend.compile(kernel(store)).bytes)).toBe("main");
    const refused = [
      kernel("  y[ramp(0, 1, 4)] = broadcast(1.0, 4)"),
      kernel("  y[0] = exp(1.0)"),
      kernel('  assert true, "always"'),
      kernel("  y[0] = cast(float32, x[0])", "x: int32[64] @global align 64, y: float32[64] @global align 64"),
    ];
    for (const module of refused) expect(refusalOf(() => backend.compile(module))?.code).toBe("BE101");
  });

  it("is a definition too: defined again it does the same", () => {
    const once = namesOf({ dtypes: { float32: "experimental" } });
    const twice = defineBackend(defineBackend(once));
    expect(twice.capabilities).toEqual(defineBackend(once).capabilities);
    const { warnings } = twice.compile(kernel(store));
    expect(warnings.map(({ code }) => code)).toEqual(["BE103", "BE103"]);
    expect(refusalOf(() => twice.compile(kernel("  y[0] = exp(1.0)")))?.code).toBe("BE101");
  });

  it("gives the author a module that was not changed, when there is nothing to legalize", () => {
    const definition = namesOf({ dtypes });
    const module = kernel(store);
    defineBackend(definition).compile(module);
    expect(definition.given).toEqual([module]);
    expect(definition.given[0]).toBe(module);
  });

  it("refuses a definition, or a toolchain, that does not follow the contract", () => {
    expect(refusalOf(() => defineBackend({} as never))?.code).toBe("BE106");
    expect(refusalOf(() => defineToolchain({} as never))?.code).toBe("BE106");
  });

  it("sees nothing of the functions that it refuses", () => {
    const definition = namesOf({ dtypes });
    const refusal = refusalOf(() => defineBackend(definition).compile(kernel("  y[0] = exp(1.0)")));
    expect(refusal).toMatchObject({ code: "BE101", severity: "error", actual: "exp", expected: "a module without" });
    expect(refusal?.message).toBe("the backend `names` does not declare `exp`");
    expect(definition.given).toEqual([]);
  });

  it("tells all that a module asks too much, in one error", () => {
    const backend = defineBackend(
      namesOf({ dtypes: {}, memory: { global: { maxBytes: null }, local: { maxBytes: 8 } } }),
    );
    const body = "  allocate t: float32[4] @local align 4\n  t[0] = exp(1.0)\n  y[0] = t[0]";
    expect(() => backend.compile(kernel(body))).toThrow(
      /BE101[\s\S]*`float32`[\s\S]*BE101[\s\S]*`exp`[\s\S]*BE102[\s\S]*16 bytes/,
    );
  });
});

describe("BE105: loop IR that is not at the device level", () => {
  it.each([
    ["two indices", "  y[0, 0] = 1.0"],
    ["a loop that is not outlined", "  for i: parallel in 0..4 {\n    y[i] = 1.0\n  }"],
    ["lanes apart", "  y[ramp(0, 2, 4)] = broadcast(1.0, 4)"],
    ["a call of nothing", "  call @nowhere(&y[0..+64])"],
  ])("%s", (_, body) => {
    const refusal = refusalOf(() => defineBackend(namesOf({ dtypes })).compile(kernel(body)));
    expect(refusal?.code).toBe("BE105");
    expect(refusal?.hint).toContain("run `lower(");
  });
});

describe("legalize", () => {
  /** x · 2 → x + x, and x + x + x → x · 3: what the one makes the other does not match. */
  const double: Rules = {
    Binary: (node, at) => (node.op === "mul" && isConst(node.right, 2) ? at.add(node.left, node.left) : undefined),
  };
  const vectors = { dtypes, math: [] };
  const text = (definition: ReturnType<typeof namesOf>, body: string): string => {
    defineBackend(definition).compile(kernel(body));
    return print(definition.given[0] as never);
  };

  it("runs rules to a fixed point before the author sees the module", () => {
    /** One factor a round: x · 8 → x · 2 · 4 → … */
    const halve: Rules = {
      Binary: (node, at) =>
        node.op === "mul" && isConst(node.right) && Number(node.right.value) > 2
          ? at.mul(at.mul(node.left, build.const(2, "float32")), build.const(Number(node.right.value) / 2, "float32"))
          : undefined,
    };
    expect(text(namesOf(vectors, { legalize: [halve] }), "  y[0] = y[1] * 16.0")).toContain(
      "y[0] = y[1] * 2.0 * 2.0 * 2.0 * 2.0",
    );
  });

  it("is refused when it leaves the device level: BE109", () => {
    const broken: Rules = {
      Store: (store) =>
        store.indices.length === 1 ? { ...store, indices: [...store.indices, ...store.indices] } : undefined,
    };
    const definition = namesOf(vectors, { legalize: [broken] });
    const refusal = refusalOf(() => defineBackend(definition).compile(kernel(store)));
    expect([refusal?.code, definition.given]).toEqual(["BE109", []]);
    expect(refusal?.message).toContain("the rules of `names`");
  });

  it("runs lists one after the other, each to its end", () => {
    const plain: Rules = {
      Unary: (node, at) => (node.op === "neg" ? at.mul(node.operand, build.const(2, "float32")) : undefined),
    };
    expect(text(namesOf(vectors, { legalize: [plain, double] }), "  y[0] = -y[1]")).toContain("y[0] = y[1] + y[1]");
    expect(text(namesOf(vectors, { legalize: [double, plain] }), "  y[0] = -y[1]")).toContain("y[0] = y[1] * 2.0");
  });

  it("may take out what the capabilities do not declare", () => {
    const identity: Rules = { Unary: (node) => (node.op === "exp" ? node.operand : undefined) };
    expect(text(namesOf(vectors, { legalize: [identity] }), "  y[0] = exp(y[1])")).toContain("y[0] = y[1]");
  });

  it("BE104: rules that never come to rest, in the same place or growing", () => {
    const same: Rules = { Store: (node) => ({ ...node }) };
    const grow: Rules = { Binary: (node, at) => at.add(node, node.right) };
    const swap: Rules = { Binary: (node, at) => (node.op === "add" ? at.binary("max", node.right, node.left) : at.add(node.right, node.left)) }; // biome-ignore format: one line
    for (const rules of [same, grow, swap]) {
      const backend = defineBackend(namesOf(vectors, { legalize: [rules] }));
      const refusal = refusalOf(() => backend.compile(kernel("  y[0] = y[1] + y[2]")));
      expect(refusal?.code).toBe("BE104");
      expect(refusal?.message).toContain("`names`");
    }
  });
});

describe("BE103: experimental features", () => {
  it("are warnings, once for each, before those of the author", () => {
    const warning = { code: "XX1", severity: "warning", message: "mine", span: build.span } as const;
    const definition = namesOf({
      dtypes: { float32: "stable", int8: "experimental" },
      atomics: { int8: "experimental" },
    });
    const compile: typeof definition.compile = (module) => ({ ...definition.compile(module), warnings: [warning] });
    const body = "  y[0] = y[1] + y[2]\n  y[3] = y[4]";
    const { warnings } = defineBackend({ ...definition, compile }).compile(
      kernel(body, "y: int8[64] @global align 64"),
    );
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      ["BE103", "experimental in the backend `names`: `int8`"],
      ["XX1", "mine"],
    ]);
    expect(warnings[0]?.severity).toBe("warning");
  });

  it("each kind that has a level", () => {
    const levels: Support<"thread"> = { thread: "experimental" };
    const backend = defineBackend(
      namesOf({
        dtypes: { float32: "stable", int32: "stable" },
        loopKinds: levels,
        atomics: { int32: "experimental" },
        barriers: { shared: "experimental" },
        launch: { maxBlocks: [1, 1, 1], maxThreads: [64, 1, 1], maxThreadsPerBlock: 64, subgroupThreads: null },
      }),
    );
    const module = moduleOf(`prim_func @main(n: int32[1] @global align 4) {
  for t: thread(threadIdx.x) in 0..64 {
    atomic add n[0] = int32(1)
    barrier @shared
  }
}`);
    expect(backend.compile(module).warnings.map(({ message }) => message)).toEqual([
      "experimental in the backend `names`: `thread` loops",
      "experimental in the backend `names`: atomic updates of `int32`",
      "experimental in the backend `names`: barriers over shared memory",
    ]);
  });
});
