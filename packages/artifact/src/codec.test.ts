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
} from "./index.js";

const manifest: Manifest = {
  format: "tilewright-artifact",
  version: ARTIFACT_VERSION,
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

  it("is refused when its header holds other things, whatever they are", () => {
    const paths = pathsOf(manifest);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const changed = replaceAt(manifest, path, value) as Manifest;
        const code = codeOf(() => checkArtifact({ manifest: changed, blobs: artifact.blobs }));
        if (code !== undefined) expect(code).toMatch(/^AR10[25]$/);
      }),
      { numRuns: 3000 },
    );
  });

  it("of a newer version says what to do", () => {
    const file = encodeArtifact(artifact);
    const view = new DataView(file.buffer);
    view.setUint32(8, ARTIFACT_VERSION + 1, true);
    view.setUint32(28, crc32(file.subarray(0, 28)), true);
    expect(() => decodeArtifact(file)).toThrow(/AR102.*\n.*\n.*version 1 to 1\n.*version 2\n.*hint/);
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
