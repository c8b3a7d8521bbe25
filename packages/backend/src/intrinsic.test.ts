import { interpret } from "@tilewright/interp";
import { type Buffer, build as b, type IRModule, type PrimFunc } from "@tilewright/ir";
import { parseFunctionText } from "@tilewright/ir/text";
import { lower } from "@tilewright/lower";
import { describe, expect, it } from "vitest";
import { kernel, moduleOf, namesOf, refusalOf } from "../test/plain-backend.js";
import { defineBackend, INTRINSIC_ATTRIBUTE, intrinsicOf } from "./index.js";

const semantics = parseFunctionText(`// tilewright-ir 1
prim_func @double(x: float32[4] @global align 4, y: float32[4] @global align 4) {
  for i in 0..4 {
    y[i] = x[i] * 2.0
  }
}`);
const intrinsics = [{ name: "my.double", semantics, emit: "double4" }];
const dtypes = { float32: "stable" } as const;

/** y = 2 · x, four at a time. */
const source = kernel(
  "  for t in 0..4 {\n    call @my.double(&x[t * 4..+4], &y[t * 4..+4])\n  }",
  "x: float32[16] @global align 64, y: float32[16] @global align 64",
);

function doubled(module: IRModule): readonly number[] {
  const memory = { x: Float32Array.from({ length: 16 }, (_, k) => k), y: new Float32Array(16) };
  interpret(module, memory, { entry: "main" });
  return [...memory.y];
}

describe("an intrinsic", () => {
  it("that a backend declares is a function of the module, marked, which means the same", () => {
    const definition = namesOf({ dtypes, intrinsics: ["my.double"] }, { intrinsics });
    const backend = defineBackend(definition);
    const { module } = lower(source, { capabilities: backend.capabilities, intrinsics });
    expect(module.functions.map(intrinsicOf)).toEqual([null, "my.double"]);
    expect(doubled(module)).toEqual(Array.from({ length: 16 }, (_, k) => 2 * k));
    backend.compile(module);
    expect(definition.given).toEqual([module]);
  });

  it("that a backend does not declare is what it means, in place", () => {
    const backend = defineBackend(namesOf({ dtypes }));
    const { module } = lower(source, { capabilities: backend.capabilities, intrinsics });
    expect(module.functions.map(intrinsicOf)).toEqual([null]);
    expect(doubled(module)).toEqual(Array.from({ length: 16 }, (_, k) => 2 * k));
    expect(() => backend.compile(module)).not.toThrow();
  });

  it("in an expression is refused unless the capabilities name it", () => {
    const clock = kernel("  y[0] = 0.0");
    const [func] = clock.functions as readonly [PrimFunc];
    const [y] = func.parameters as readonly [Buffer];
    const body = b.store(y, [b.int(0)], b.call("my.clock", [], "float32"));
    const module = { ...clock, functions: [{ ...func, body }] };
    expect(refusalOf(() => defineBackend(namesOf({ dtypes })).compile(module))).toMatchObject({
      code: "BE101",
      actual: "my.clock",
    });
    expect(() => defineBackend(namesOf({ dtypes, intrinsics: ["my.clock"] })).compile(module)).not.toThrow();
  });

  it("is told by its attribute alone", () => {
    const [func] = moduleOf("prim_func @plain() {\n}").functions as readonly [PrimFunc];
    expect(intrinsicOf(func)).toBeNull();
    expect(intrinsicOf({ ...func, attributes: { [INTRINSIC_ATTRIBUTE]: "my.double" } })).toBe("my.double");
    expect(intrinsicOf({ ...func, attributes: { [INTRINSIC_ATTRIBUTE]: 1 } })).toBeNull();
  });

  it("with a template that the capabilities do not name is a mistake of the definition", () => {
    expect(refusalOf(() => defineBackend(namesOf({ dtypes }, { intrinsics })))?.code).toBe("BE106");
  });
});
