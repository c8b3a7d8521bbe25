import { build as b, buffer, type Expr, int, type Stmt, variable } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { kernel, moduleOf } from "../test/plain-backend.js";
import { type CapabilitiesDefinition, checkCapabilities, toCapabilities } from "./index.js";

const dtypes = { float32: "stable", int8: "stable", int64: "stable", bool: "stable" } as const;
const refusals = (module: ReturnType<typeof moduleOf>, more: Partial<CapabilitiesDefinition>): readonly string[] =>
  checkCapabilities(module, toCapabilities({ dtypes, ...more }), "names").map(
    ({ code, message, expected, actual }) => `${code} ${message.split(": ")[1]}, ${expected}: ${actual}`,
  );

describe("memory", () => {
  const memory = { global: { maxBytes: null }, local: { maxBytes: 64 }, shared: { maxBytes: 128 } };
  const local = (name: string, count: number): string => `allocate ${name}: float32[${count}] @local`;

  it.each<[string, string, readonly string[]]>([
    ["that fits, to the byte", `  ${local("a", 16)}\n  a[0] = 1.0`, []],
    ["one byte too many", "  allocate a: int8[65] @local\n  y[0] = 1.0", ["BE102 local memory, at most 64 bytes: 65 bytes"]],
    ["of allocations inside each other is added up", `  ${local("a", 8)}\n  for i in 0..2 {\n    ${local("c", 9)}\n    c[0] = a[0]\n  }`, ["BE102 local memory, at most 64 bytes: 68 bytes"]],
    ["of allocations side by side is used again", `  {\n    ${local("a", 16)}\n    a[0] = 1.0\n  }\n  {\n    ${local("c", 16)}\n    c[0] = 1.0\n  }`, []],
    ["of two arms is used again", `  if y[0] < 1.0 {\n    ${local("a", 16)}\n    a[0] = 1.0\n  } else {\n    ${local("c", 16)}\n    c[0] = 1.0\n  }`, []],
    ["after what came before in a scope", `  ${local("a", 8)}\n  {\n    ${local("c", 8)}\n    c[0] = 1.0\n  }\n  ${local("d", 8)}\n  d[0] = a[0]`, []],
    ["counts for each scope alone", `  ${local("a", 16)}\n  allocate s: float32[32] @shared\n  s[0] = a[0]`, []],
    ["is told once for each scope", `  ${local("a", 17)}\n  ${local("c", 17)}\n  allocate s: float32[33] @shared\n  s[0] = c[0]`, ["BE102 local memory, at most 64 bytes: 68 bytes", "BE102 shared memory, at most 128 bytes: 132 bytes"]],
    ["without a limit", "  allocate a: float32[1000000] @global\n  y[0] = a[0]", []],
  ])("%s", (_, body, expected) => {
    expect(refusals(kernel(body), { memory })).toEqual(expected);
  }); // biome-ignore format: a table

  it("of each function is its own", () => {
    const text = (name: string): string => `prim_func @${name}() {\n  ${local("a", 16)}\n  a[0] = 1.0\n}`;
    expect(refusals(moduleOf(text("f"), text("g")), { memory })).toEqual([]);
  });
});

describe("vectors", () => {
  const vector = { bytes: 16, registers: 16, predicated: false };
  const array = (dtype: "float32" | "int8" | "int64" | "bool") => buffer("a", { dtype, shape: [64] });
  const at = (lanes: number): Expr => b.ramp(int(0), int(1), lanes);
  const copy = (dtype: Parameters<typeof array>[0], lanes: number): ReturnType<typeof moduleOf> =>
    built(array(dtype), (a) => b.store(a, [at(lanes)], b.load(a, [at(lanes)])));
  const built = (a: ReturnType<typeof array>, make: (a: ReturnType<typeof array>) => Stmt) => {
    const func = { kind: "PrimFunc", span: b.span, name: "main", role: "kernel", parameters: [a], mayAlias: [], body: make(a), attributes: {} } as const; // biome-ignore format: one line
    return { kind: "IRModule", span: b.span, functions: [func], attributes: {} } as const;
  };

  it.each<[Parameters<typeof array>[0], number, readonly string[]]>([
    ["float32", 4, []],
    ["float32", 8, ["BE102 vectors, at most 16 bytes: float32x8, 32 bytes"]],
    ["int64", 2, []],
    ["int64", 4, ["BE102 vectors, at most 16 bytes: int64x4, 32 bytes"]],
    ["int8", 16, []],
    ["int8", 32, ["BE102 vectors, at most 16 bytes: int8x32, 32 bytes"]],
    ["bool", 16, []],
    ["bool", 32, ["BE102 vectors, at most 16 bytes: boolx32, 32 bytes"]],
  ])("of %s, %i lanes: the index of an access is one address", (dtype, lanes, expected) => {
    expect(refusals(copy(dtype, lanes), { vector })).toEqual(expected);
  });

  const byIndex = (lanes: number, bind: boolean) =>
    built(array("bool"), (a) => {
      const held = variable("held", "index", lanes);
      const limit = b.broadcast(int(3), lanes);
      const store = (index: Expr): Stmt => b.store(a, [at(lanes)], b.binary("lt", index, limit));
      return bind ? b.let(held, at(lanes), b.store(a, [at(lanes)], b.broadcast(b.const(true, "bool"), lanes))) : store(at(lanes)); // biome-ignore format: one line
    });
  it.each([true, false])("of indices count with 4 bytes a lane where they are values (bound: %s)", (bind) => {
    expect(refusals(byIndex(4, bind), { vector })).toEqual([]);
    expect(refusals(byIndex(8, bind), { vector })).toEqual(["BE102 vectors, at most 16 bytes: indexx8, 32 bytes"]);
  });

  it("of a shuffle count by what it picks from, and a ramp that is address and value as a value", () => {
    const shuffled = built(array("bool"), (a) => {
      const picked = b.shuffle([b.cast(at(8), "index")], [7]);
      return b.store(a, [int(0)], b.binary("lt", picked, int(3)));
    });
    expect(refusals(shuffled, { vector })).toEqual(["BE102 vectors, at most 16 bytes: indexx8, 32 bytes"]);
    let base: Expr = int(0);
    for (let k = 0; k < 20; k++) base = b.add(base, b.mul(base, int(k)));
    const shared = b.ramp(base, int(1), 8);
    const both = built(array("bool"), (a) => b.store(a, [shared], b.binary("lt", shared, b.broadcast(int(3), 8))));
    expect(refusals(both, { vector })).toEqual(["BE102 vectors, at most 16 bytes: indexx8, 32 bytes"]);
  });

  it("are told once for each function", () => {
    const text = (name: string): string =>
      `prim_func @${name}(a: float32[64] @global) {\n  a[ramp(0, 1, 8)] = a[ramp(8, 1, 8)]\n  a[ramp(0, 1, 16)] = a[ramp(16, 1, 16)]\n}`;
    expect(refusals(moduleOf(text("f"), text("g")), { vector })).toEqual(
      Array(2).fill("BE102 vectors, at most 16 bytes: float32x16, 64 bytes"),
    );
  });
});

describe("launches", () => {
  const launch = {
    maxBlocks: [8, 4, 2],
    maxThreads: [64, 16, 4],
    maxThreadsPerBlock: 128,
    subgroupThreads: 32,
  } as const;
  const capable = { launch, loopKinds: { thread: "stable" } } as const;
  const nest = (...tags: readonly (readonly [string, number])[]): string => {
    const open = tags.map(([tag, count], k) => `${"  ".repeat(k + 1)}for t${k}: thread(${tag}) in 0..${count} {`);
    const close = tags.map((_, k) => `${"  ".repeat(tags.length - k)}}`);
    return [...open, `${"  ".repeat(tags.length + 1)}y[0] = 1.0`, ...close].join("\n");
  };

  it.each<[string, string, readonly string[]]>([
    ["within all limits", nest(["blockIdx.z", 2], ["blockIdx.y", 4], ["blockIdx.x", 8], ["threadIdx.x", 64]), []],
    ["blocks along x", nest(["blockIdx.x", 9], ["threadIdx.x", 64]), ["BE102 blocks of a launch along x, at most 8: 9"]],
    ["blocks along y", nest(["blockIdx.y", 5]), ["BE102 blocks of a launch along y, at most 4: 5"]],
    ["blocks along z", nest(["blockIdx.z", 3]), ["BE102 blocks of a launch along z, at most 2: 3"]],
    ["threads along x", nest(["threadIdx.x", 65]), ["BE102 threads of a block along x, at most 64: 65"]],
    ["threads along y", nest(["threadIdx.y", 17]), ["BE102 threads of a block along y, at most 16: 17"]],
    ["threads along z", nest(["threadIdx.z", 5]), ["BE102 threads of a block along z, at most 4: 5"]],
    ["threads in all, told once", nest(["threadIdx.z", 2], ["threadIdx.y", 16], ["threadIdx.x", 64]), ["BE102 threads of a block, at most 128: 2048"]],
    ["threads in all, to the last", nest(["threadIdx.y", 2], ["threadIdx.x", 64]), []],
  ])("as loops: %s", (_, body, expected) => {
    expect(refusals(kernel(body), capable)).toEqual(expected);
  }); // biome-ignore format: a table

  it.each<[string, readonly string[]]>([
    ["(2, 4, 8) (1, 2, 64)", []],
    ["(9) (1)", ["BE102 blocks of a launch along x, at most 8: 9"]],
    ["(5, 1) (17, 1)", ["BE102 blocks of a launch along y, at most 4: 5", "BE102 threads of a block along y, at most 16: 17"]],
    ["(1) (2, 2, 64)", ["BE102 threads of a block, at most 128: 256"]],
  ])("as a call: %s", (sizes, expected) => {
    const found = refusals(kernel(`  call @vendor(&y[0..+64]) launch ${sizes}`), { ...capable, intrinsics: ["vendor"] });
    expect(found).toEqual(expected);
  }); // biome-ignore format: a table

  it("of a size that is not constant are not judged, and without launches there are no threads", () => {
    const parameters = "n: index, y: float32[64] @global align 64";
    const open = kernel("  for t: thread(threadIdx.x) in 0..n {\n    y[t] = 1.0\n  }", parameters);
    expect(refusals(open, capable)).toEqual([]);
    const [refusal] = checkCapabilities(open, toCapabilities({ dtypes }), "names");
    expect(refusal).toMatchObject({ code: "BE101", actual: "thread" });
  });
});
