import { c } from "@tilewright/codegen-c";
import { NO_SPAN } from "@tilewright/diagnostics";
import { evaluateTensors, type TypedArray } from "@tilewright/interp";
import type { IRModule } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import { wasmDevice } from "@tilewright/runtime";
import { nativeDevice } from "@tilewright/runtime-native";
import { createSchedule, intrinsicsOf, parallel, reorder, split, tensorize, toPrimFunc } from "@tilewright/schedule";
import { emcc, sharedLibrary } from "@tilewright/toolchain-c";
import { describe, expect, it } from "vitest";
import { cTile, gemm } from "./intrinsics.js";

describe.each([
  {
    name: "a shared library",
    options: {},
    toolchain: sharedLibrary({ cache: false, optimization: 2 }),
    driver: nativeDevice,
  },
  {
    name: "emcc",
    options: { cpu: "wasm" } as const,
    toolchain: emcc({ cache: false }),
    driver: wasmDevice,
  },
])("a product whose tiles are a template of C, through $name", ({ options, toolchain, driver }) => {
  it.each([
    [4, 16, 16],
    [20, 48, 64],
  ])("%i × %i × %i", async (m, n, depth) => {
    const template = cTile(16);
    const { C } = gemm(m, n, depth);
    const s = createSchedule(C);
    split(s, C, "i", { factor: 4 });
    split(s, C, "j", { factor: 16 });
    split(s, C, "k", { factor: 16 });
    reorder(s, C, ["i.outer", "j.outer", "k.outer", "i.inner", "j.inner", "k.inner"]);
    tensorize(s, C, "i.inner", template);
    parallel(s, C, "i.outer");
    const backend = c({ ...options, intrinsics: [template] });
    const { capabilities, passes = [] } = backend;
    const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [toPrimFunc(s)], attributes: {} };
    const compiled = backend.compile(lower(module, { capabilities, passes, intrinsics: intrinsicsOf(s) }).module);
    expect(new TextDecoder().decode(compiled.bytes)).toContain("c[i][0] += a * b0;");
    expect(compiled.functions.map(({ name }) => name)).toEqual(["C"]);

    const inputs = [m * depth, depth * n].map((length, k) =>
      Float32Array.from({ length }, (_, i) => ((i * 7 + k) % 11) - 5),
    );
    const [expected] = evaluateTensors([C], new Map(["A", "B"].map((name, k) => [name, inputs[k] as TypedArray])));
    const built = await toolchain.build(compiled);
    const device = await driver.open();
    const entry = { format: built.format, blob: "module", features: built.features, functions: built.functions };
    const loaded = await device.load(entry, built.bytes);
    const arrays = [...inputs, new Float32Array(m * n)];
    const buffers = arrays.map((array) => device.allocate(array.byteLength));
    for (const [k, array] of inputs.entries())
      await device.write(buffers[k] as (typeof buffers)[number], new Uint8Array(array.buffer));
    await loaded.launch("C", buffers);
    const result = await device.read(buffers[2] as (typeof buffers)[number]);
    expect(new Float32Array(result.slice().buffer, 0, m * n)).toEqual(expected);
    for (const buffer of buffers) device.free(buffer);
    await loaded.close();
    await device.close();
  });
});
