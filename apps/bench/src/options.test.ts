import { describe, expect, it } from "vitest";
import { UsageError } from "./command-line.js";
import { parseOptions, SUITES } from "./options.js";
import { peersOf } from "./peers/peers.js";

describe("parseOptions", () => {
  it("runs every suite on one thread of our own WebAssembly unless told", () => {
    const options = parseOptions([]);
    expect(options).toEqual({
      suites: SUITES,
      sizes: null,
      target: "wasm",
      threads: [1],
      repetitions: 15,
      peers: peersOf("wasm"),
      html: null,
      markdown: null,
      json: false,
      help: false,
    });
  });

  it("takes what it is told", () => {
    const { suites, ...rest } = parseOptions([
      "gemm",
      "--sizes",
      "512,31x1021x67",
      "--target",
      "native",
      "--threads",
      "2,1",
      "--json",
    ]);
    expect(suites.map(({ name }) => name)).toEqual(["gemm"]);
    expect(rest).toEqual({
      sizes: [[512], [31, 1021, 67]],
      target: "native",
      threads: [2, 1],
      repetitions: 15,
      peers: peersOf("native"),
      html: null,
      markdown: null,
      json: true,
      help: false,
    });
  });

  it.each([
    [["gem"]],
    [["--sizes", "512,"]],
    [["--sizes", "0"]],
    [["gemm", "--sizes", "3x4"]],
    [["gemm", "mlp", "--sizes", "3x4x5"]],
    [["--threads", "1,"]],
    [["--repetitions", "6"]],
    [["--fast"]],
    [["--peers", "onnx"]],
  ])("refuses %j", (args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });

  it("takes peers by name", () => {
    expect(parseOptions(["--peers", "numpy,jax-js"]).peers.map(({ name }) => name)).toEqual(["numpy", "jax-js"]);
    expect(parseOptions(["all", "--peers", "none"]).peers).toEqual([]);
  });
});
