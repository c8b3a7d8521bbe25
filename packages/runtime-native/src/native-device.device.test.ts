import type { Device, LoadedModule } from "@tilewright/artifact";
import { c } from "@tilewright/codegen-c";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { buffer, build as b, type DType, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";
import { sharedLibrary } from "@tilewright/toolchain-c";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeDevice } from "./index.js";

const tools = (process.env.TILEWRIGHT_TOOLS ?? "").split(",");
const SCALARS: readonly DType[] = [
  "bool",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "float16",
  "float32",
  "float64",
];

const kernel = (name: string, parameters: PrimFunc["parameters"], body: Stmt): PrimFunc => ({
  kind: "PrimFunc", span: NO_SPAN, name, role: "kernel", parameters, mayAlias: [], body, attributes: {},
}); // biome-ignore format: a record

function functions(): readonly PrimFunc[] {
  const x = buffer("x", { dtype: "float32", shape: [16] });
  const [i, n] = [variable("i"), variable("n")];
  const increment = b.loop(i, int(0), int(16), b.store(x, [i], b.add(b.load(x, [i]), b.const(1, "float32"))));
  const check: Stmt = {
    kind: "Assert",
    span: NO_SPAN,
    condition: b.binary("lt", n, int(10)),
    message: "n must be below 10",
  };
  const out = buffer("out", { dtype: "float64", shape: [SCALARS.length] });
  const scalars = SCALARS.map((dtype) => variable(dtype, dtype));
  const stores = scalars.map((scalar, at) => b.store(out, [int(at)], b.cast(scalar, "float64")));
  const scratch = buffer("scratch", { dtype: "float32", shape: [4096] });
  const [j, k] = [variable("j"), variable("k")];
  const through = b.allocate(
    scratch,
    b.seq(
      b.loop(j, int(0), int(16), b.store(scratch, [b.mul(j, int(256))], b.load(x, [j]))),
      b.loop(k, int(0), int(16), b.store(x, [k], b.mul(b.load(scratch, [b.mul(k, int(256))]), b.const(2, "float32")))),
    ),
  );
  return [
    kernel("increment", [x], increment),
    kernel("check", [x, n], b.seq(check, b.store(x, [n], b.const(9, "float32")))),
    kernel("scalars", [out, ...scalars], b.seq(...stores)),
    kernel("through", [x], through),
  ];
}

const compiler = ["clang", "gcc"].find((name) => tools.includes(name));
const toolchain = sharedLibrary({ ...(compiler === undefined ? {} : { compiler }), cache: false, optimization: 1 });
const module = { kind: "IRModule" as const, span: NO_SPAN, functions: functions(), attributes: {} };

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isCompileError(error) ? error.code : String(error);
}

describe.runIf(compiler !== undefined)("the native device", () => {
  let built: Awaited<ReturnType<typeof toolchain.build>>;
  let device: Device;
  let loaded: LoadedModule;
  const load = (on: Device): Promise<LoadedModule> =>
    on.load({ format: built.format, blob: "", features: built.features, functions: built.functions }, built.bytes);
  const floats = (bytes: Uint8Array | undefined): Float32Array =>
    new Float32Array((bytes ?? new Uint8Array()).buffer, bytes?.byteOffset, (bytes?.byteLength ?? 0) / 4);

  beforeAll(async () => {
    built = await toolchain.build(c().compile(module));
    device = await nativeDevice.open();
    loaded = await load(device);
  });
  afterAll(() => device?.close());

  it("gives memory aligned to 64 bytes, seen without a copy", async () => {
    const buffers = Array.from({ length: 20 }, (_, at) => device.allocate(64 + at));
    const before = device.allocatedBytes;
    for (const each of buffers) {
      const view = device.view(each) as Uint8Array;
      view[0] = 7;
      expect((await device.read(each, 0, 1))[0]).toBe(7);
    }
    for (const each of buffers) device.free(each);
    expect(device.allocatedBytes).toBe(before - buffers.reduce((sum, { byteLength }) => sum + byteLength, 0));
  });

  it("runs functions on buffers and on parts of buffers", async () => {
    const arena = device.allocate(256);
    floats(device.view(arena)).fill(1);
    await loaded.launch("increment", [{ buffer: arena, byteOffset: 64, byteLength: 64 }]);
    await loaded.launch("increment", [{ buffer: arena, byteOffset: 64, byteLength: 64 }]);
    expect([...floats(device.view(arena)).filter((_, at) => at % 16 === 0)]).toEqual([1, 3, 1, 1]);
    device.free(arena);
  });

  it("brings the workspace", async () => {
    const x = device.allocate(64);
    floats(device.view(x)).fill(21);
    await loaded.launch("through", [x]);
    expect(floats(device.view(x))[15]).toBe(42);
    device.free(x);
  });

  it("keeps the workspace when there is no memory for a larger one", async () => {
    const entry = { format: "shared-library", blob: "", features: [], functions: built.functions };
    const greedy = built.functions.map((func) => ({ ...func, workspaceBytes: 2 ** 50 }));
    expect(await codeOf(device.load({ ...entry, functions: greedy }, built.bytes))).toBe("RT108");
    const x = device.allocate(64);
    floats(device.view(x)).fill(21);
    await loaded.launch("through", [x]);
    expect(floats(device.view(x))[15]).toBe(42);
    device.free(x);
  });

  it("passes scalars of every type", async () => {
    const out = device.allocate(8 * SCALARS.length);
    await loaded.launch("scalars", [
      out,
      1,
      -5,
      200,
      -300,
      60000,
      -70000,
      4e9,
      -(2n ** 40n),
      2n ** 50n,
      0.5,
      0.25,
      0.1,
    ]);
    const bytes = device.view(out) as Uint8Array;
    expect([...new Float64Array(bytes.buffer, bytes.byteOffset, SCALARS.length)]).toEqual([
      1,
      -5,
      200,
      -300,
      60000,
      -70000,
      4e9,
      -(2 ** 40),
      2 ** 50,
      0.5,
      0.25,
      0.1,
    ]);
    device.free(out);
  });

  it("turns a failed assertion into RT110 with its message, and goes on", async () => {
    const x = device.allocate(64);
    await expect(loaded.launch("check", [x, 11])).rejects.toThrow(/RT110.*\n.*\n.*\n.*n must be below 10/);
    await loaded.launch("check", [x, 3]);
    expect(floats(device.view(x))[3]).toBe(9);
    device.free(x);
  });

  it("refuses what would touch foreign memory or run after its end, with a code", async () => {
    const x = device.allocate(64);
    const small = device.allocate(60);
    const aborted = AbortSignal.abort(new Error("enough"));
    const freed = device.allocate(64);
    device.free(freed);
    expect(await codeOf(loaded.launch("increment", [small]))).toBe("RT113");
    expect(await codeOf(loaded.launch("increment", [{ buffer: x, byteOffset: 4, byteLength: 64 }]))).toBe("RT113");
    expect(await codeOf(loaded.launch("increment", [{ buffer: x, byteOffset: -64, byteLength: 64 }]))).toBe("RT113");
    expect(await codeOf(loaded.launch("increment", [freed]))).toBe("RT104");
    expect(await codeOf(loaded.launch("increment", [3]))).toBe("RT102");
    expect(await codeOf(loaded.launch("check", [x, x]))).toBe("RT102");
    expect(await codeOf(loaded.launch("increment", []))).toBe("RT106");
    expect(await codeOf(loaded.launch("nothing", []))).toBe("RT105");
    expect(await codeOf(loaded.launch("increment", [x], { signal: aborted }))).toBe("RT109");
    expect(await codeOf(device.write(x, new Uint8Array(65)))).toBe("RT113");
    expect(await codeOf(device.read(x, 60, 5))).toBe("RT113");
    expect(await codeOf(device.read(x, 0.5, 2))).toBe("RT113");
    expect(await codeOf(loaded.launch("increment", [{ buffer: x, byteOffset: 0.5, byteLength: 63.5 }]))).toBe("RT113");
    expect(await codeOf(nativeDevice.open({ threads: 0 }))).toBe("RT114");
    for (const each of [x, small]) device.free(each);
  });

  it("refuses libraries that do not load, or lack a function", async () => {
    const entry = { format: "shared-library", blob: "", features: [], functions: built.functions };
    expect(await codeOf(device.load(entry, new Uint8Array([1, 2, 3])))).toBe("RT111");
    const missing = { name: "missing", parameters: [], workspaceBytes: 0 };
    expect(await codeOf(device.load({ ...entry, functions: [missing] }, built.bytes))).toBe("RT111");
    expect(await codeOf(device.load({ ...entry, format: "wasm" }, built.bytes))).toBe("RT111");
  });

  it("closes modules and itself; using them afterwards is RT104", async () => {
    const other = await nativeDevice.open({ threads: 2 });
    const [one, two] = [await load(other), await load(other)];
    const x = other.allocate(64);
    await one.close();
    await one.close();
    expect(await codeOf(one.launch("increment", [x]))).toBe("RT104");
    await two.launch("increment", [x]);
    await other.close();
    await other.close();
    expect(await codeOf(two.launch("increment", [x]))).toBe("RT104");
    expect(await codeOf((async () => other.allocate(1))())).toBe("RT104");
    expect(other.allocatedBytes).toBe(0);
  });
});
