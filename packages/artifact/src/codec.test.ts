import { readFileSync } from "node:fs";
import { isCompileError } from "@tilewright/diagnostics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "./crc32.js";
import {
  ALIGNMENT,
  ARTIFACT_VERSION,
  type Artifact,
  checkArtifact,
  decodeArtifact,
  encodeArtifact,
  type Manifest,
  manifestVersion,
} from "./index.js";

const manifest: Manifest = {
  format: "tilewright-artifact",
  version: 1,
  name: "net",
  modules: [
    {
      format: "wasm",
      blob: "code",
      features: ["simd"],
      functions: [
        {
          name: "run",
          workspaceBytes: 128,
          parameters: [
            { kind: "buffer", name: "x", dtype: "float32", shape: [2, -1], access: "read" },
            { kind: "scalar", name: "n", dtype: "int32" },
          ],
        },
      ],
    },
  ],
  model: {
    entry: "run",
    prepare: null,
    arenaBytes: 64,
    weightsBytes: 8,
    stateBytes: 16,
    weights: "weights",
    inputs: [{ name: "x", dtype: "float32", shape: [2] }],
    outputs: [],
    states: [
      { name: "s", dtype: "int64", shape: [1], offset: 8, initial: { blob: "weights", offset: 0, byteLength: 8 } },
    ],
  },
};
const artifact: Artifact = {
  manifest,
  blobs: new Map([
    ["weights", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)],
    ["code", Uint8Array.of(9)],
    ["empty", new Uint8Array()],
  ]),
};

const buffer = (name: string, shape: readonly number[], access: "read" | "write") =>
  ({ kind: "buffer", name, dtype: "float32", shape, access }) as const;

/** A model whose host program is data: `y = f(x, w)`, then `s = g(y, s)`, of two modules. */
const programmed: Manifest = {
  format: "tilewright-artifact",
  version: 2,
  name: "net",
  modules: [
    {
      format: "spirv",
      blob: "code",
      features: [],
      functions: [
        {
          name: "f",
          workspaceBytes: 0,
          parameters: [buffer("x", [2], "read"), buffer("w", [2], "read"), buffer("y", [2], "write")],
        },
      ],
    },
    {
      format: "wasm",
      blob: "empty",
      features: [],
      functions: [
        {
          name: "g",
          workspaceBytes: 8,
          parameters: [buffer("a", [2], "read"), buffer("b", [-1], "read"), buffer("c", [2], "write")],
        },
        {
          name: "pack",
          workspaceBytes: 0,
          parameters: [buffer("a", [16], "write"), buffer("w", [2], "write"), buffer("s", [16], "write")],
        },
        { name: "fill", workspaceBytes: 0, parameters: [{ kind: "scalar", name: "n", dtype: "int32" }] },
      ],
    },
  ],
  model: {
    entry: null,
    program: [
      {
        function: "f",
        arguments: [
          { region: "input", position: 0 },
          { region: "weights", offset: 0, bytes: 8 },
          { region: "arena", offset: 0, bytes: 8 },
        ],
      },
      {
        function: "g",
        arguments: [
          { region: "arena", offset: 0, bytes: 8 },
          { region: "state", offset: 0, bytes: 8 },
          { region: "state", offset: 0, bytes: 8 },
        ],
      },
      {
        function: "f",
        arguments: [
          { region: "input", position: 0 },
          { region: "weights", offset: 0, bytes: 8 },
          { region: "output", position: 0 },
        ],
      },
    ],
    prepare: "pack",
    arenaBytes: 64,
    weightsBytes: 8,
    stateBytes: 64,
    weights: "weights",
    inputs: [{ name: "x", dtype: "float32", shape: [2] }],
    outputs: [{ name: "y", dtype: "float32", shape: [1, 2] }],
    states: [{ name: "s", dtype: "float32", shape: [2], offset: 0, initial: null }],
  },
};
const programArtifact: Artifact = { manifest: programmed, blobs: artifact.blobs };

/** The code of the error that `run` throws; undefined when it throws none. Other errors fail the test. */
function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
}

describe("an artifact in a file", () => {
  it("comes back as it was, with blobs aligned", () => {
    const file = encodeArtifact(artifact);
    const back = decodeArtifact(file);
    expect(back.manifest).toEqual(manifest);
    expect([...back.blobs].map(([name, bytes]) => [name, [...bytes]])).toEqual([
      ["code", [9]],
      ["empty", []],
      ["weights", [1, 2, 3, 4, 5, 6, 7, 8]],
    ]);
    for (const blob of back.blobs.values()) expect(blob.byteOffset % ALIGNMENT).toBe(0);
    expect(encodeArtifact(back)).toEqual(file);
  });

  it("may lie anywhere in a larger memory, and hold no blobs", () => {
    const file = encodeArtifact({ manifest: { ...manifest, modules: [], model: null }, blobs: new Map() });
    const larger = new Uint8Array(file.length + 20);
    larger.set(file, 13);
    expect(decodeArtifact(larger.subarray(13, 13 + file.length)).manifest.name).toBe("net");
  });

  it("is refused when any bit is another, or bytes are missing or too many", () => {
    const file = encodeArtifact(artifact);
    fc.assert(
      fc.property(fc.nat(file.length * 8 - 1), (bit) => {
        const damaged = file.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(codeOf(() => decodeArtifact(damaged))).toMatch(/^AR10[1-5]$/);
      }),
      { numRuns: 3000 },
    );
    for (let length = 0; length < file.length; length++)
      expect(codeOf(() => decodeArtifact(file.subarray(0, length)))).toMatch(/^AR10[13]$/);
    const grown = new Uint8Array(file.length + 1);
    grown.set(file);
    expect(codeOf(() => decodeArtifact(grown))).toBe("AR103");
    expect(codeOf(() => decodeArtifact(new TextEncoder().encode("<!doctype html>")))).toBe("AR101");
  });

  it.each([
    ["an entry", manifest],
    ["a program", programmed],
  ])("is refused when its header holds other things, whatever they are, with %s", (_, whole) => {
    const paths = pathsOf(whole);
    const values = fc.oneof(
      fc.jsonValue(),
      fc.integer({ min: -70, max: 200 }),
      fc.constantFrom<unknown>(7n, undefined, Number.NaN, () => 1, Symbol.iterator, new Map()),
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths), values, (path, value) => {
        const changed = replaceAt(whole, path, value) as Manifest;
        const code = codeOf(() => checkArtifact({ manifest: changed, blobs: artifact.blobs }));
        if (code !== undefined) expect(code).toMatch(/^AR10[25]$/);
      }),
      { numRuns: 4000 },
    );
  });

  it("has version 2 when it holds a program, and 1 when it does not", () => {
    const back = decodeArtifact(encodeArtifact(programArtifact));
    expect(back.manifest).toEqual(programmed);
    expect([null, manifest.model, programmed.model].map(manifestVersion)).toEqual([1, 1, 2]);
    const old = { ...programArtifact, manifest: { ...programmed, version: 1 } };
    expect(codeOf(() => encodeArtifact(old))).toBe("AR105");
    expect(() => encodeArtifact(old)).toThrow("`version`");
  });

  it.each<[string, string, unknown]>([
    ["model.entry", "model.entry", "f"],
    ["model.entry", "model.program", null],
    ["model.program", "model.program", 3],
    ["model.program[0].function", "model.program.0.function", "h"],
    ["model.program[0].arguments", "model.program.0.arguments", []],
    ["model.program[0].arguments", "model.program.0.function", "fill"],
    ["model.program[0].arguments[2].region", "model.program.0.arguments.2.region", "heap"],
    ["model.program[0].arguments[2].region", "model.program.0.arguments.2.region", "weights"],
    ["model.program[0].arguments[2].region", "model.program.0.arguments.2", { region: "input", position: 0 }],
    ["model.program[0].arguments[0].position", "model.program.0.arguments.0.position", 1],
    ["model.program[0].arguments[0]", "model.inputs.0.dtype", "int32"],
    ["model.program[0].arguments[0]", "model.inputs.0.shape", [3]],
    ["model.program[2].arguments[2]", "model.outputs.0.shape", [1, 3]],
    ["model.program[0].arguments[1].bytes", "model.program.0.arguments.1.bytes", 9],
    ["model.program[0].arguments[2]", "model.program.0.arguments.2.bytes", 4],
    ["model.program[0].arguments[2].offset", "model.program.0.arguments.2.offset", 4],
    ["model.program[1].arguments[2].bytes", "model.program.1.arguments.2.offset", 64],
    ["model.program[1].arguments[2]", "model.program.1.arguments.1.bytes", 12],
    ["model.prepare", "model.prepare", "fill"],
    ["model.prepare", "model.weightsBytes", 16],
  ])("names the field %s when %s is another", (path, changed, value) => {
    const keys = changed.split(".").map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    const wrong = { manifest: replaceAt(programmed, keys, value) as Manifest, blobs: artifact.blobs };
    expect(codeOf(() => checkArtifact(wrong))).toBe("AR105");
    expect(() => checkArtifact(wrong)).toThrow(`\`${path}\``);
  });

  it("takes a function of a scalar in no program", () => {
    const call = { function: "fill", arguments: [{ region: "arena", offset: 0, bytes: 4 }] };
    const wrong = replaceAt(programmed, ["model", "program"], [call]) as Manifest;
    expect(() => checkArtifact({ manifest: wrong, blobs: artifact.blobs })).toThrow(
      /AR105[\s\S]*a function of buffers alone[\s\S]*scalar/,
    );
  });

  it.each(["model-1.twa", "functions-1.twa"])("of version 1 is read and written as it was: %s", (name) => {
    const file = new Uint8Array(readFileSync(new URL(`../test/frozen/${name}`, import.meta.url)));
    const frozen = decodeArtifact(file);
    expect(frozen.manifest.version).toBe(1);
    expect(manifestVersion(frozen.manifest.model)).toBe(1);
    expect(encodeArtifact(frozen)).toEqual(file);
  });

  it("of a newer version says what to do", () => {
    const file = encodeArtifact(artifact);
    const view = new DataView(file.buffer);
    view.setUint32(8, ARTIFACT_VERSION + 1, true);
    view.setUint32(28, crc32(file.subarray(0, 28)), true);
    expect(() => decodeArtifact(file)).toThrow(
      /AR102.*has version 3, and this reader knows 1 to 2\n.*\n.*\n.*\n.*hint: install newer/,
    );
  });

  it.each<[string, unknown]>([
    ["format", { ...manifest, format: "zip" }],
    ["modules[0].blob", { ...manifest, modules: [{ ...manifest.modules[0], blob: "nowhere" }] }],
    ["model.entry", { ...manifest, model: { ...manifest.model, entry: "walk" } }],
    ["model.weightsBytes", { ...manifest, model: { ...manifest.model, weightsBytes: 7 } }],
    ["model.states[0].offset", { ...manifest, model: { ...manifest.model, stateBytes: 15 } }],
    [
      "model.inputs[0].shape[0]",
      { ...manifest, model: { ...manifest.model, inputs: [{ name: "x", dtype: "float32", shape: [0.5] }] } },
    ],
    [
      "model.inputs[0].shape",
      { ...manifest, model: { ...manifest.model, inputs: [{ name: "x", dtype: "int8", shape: [2 ** 30, 2 ** 30] }] } },
    ],
    [
      "model.states[0].shape",
      {
        ...manifest,
        model: {
          ...manifest.model,
          states: [{ name: "s", dtype: "int8", shape: [...Array(30).fill(2 ** 50), 0], offset: 0, initial: null }],
        },
      },
    ],
  ])("names the field %s", (path, wrong) => {
    const encode = () => encodeArtifact({ manifest: wrong as Manifest, blobs: artifact.blobs });
    expect(codeOf(encode)).toBe("AR105");
    expect(encode).toThrow(`\`${path}\``);
  });
});

describe("crc32", () => {
  it("is the one of zip and PNG", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  });
});

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, child]) =>
      pathsOf(child, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

function replaceAt(value: unknown, [first, ...rest]: Path, replacement: unknown): unknown {
  if (first === undefined) return replacement;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string | number, unknown>)[first] = replaceAt(
    (value as Record<string | number, unknown>)[first],
    rest,
    replacement,
  );
  return copy;
}
