import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { parseOptions, UsageError } from "./options.js";

describe("parseOptions", () => {
  it("runs everything on our own WebAssembly with every thread unless told", () => {
    const threads = availableParallelism();
    expect(parseOptions([])).toEqual({
      target: "wasm",
      threads,
      epochs: 10,
      seed: 1,
      save: null,
      json: false,
      help: false,
    });
  });

  it("takes what it is told", () => {
    const args = ["--target", "./chip.js", "--threads", "1", "--epochs=3", "--seed", "7", "--json"];
    expect(parseOptions(args)).toEqual({
      target: "./chip.js",
      threads: 1,
      epochs: 3,
      seed: 7,
      save: null,
      json: true,
      help: false,
    });
  });

  it.each([
    ["--threads", "0"],
    ["--threads", "two"],
    ["--epochs", "1.5"],
    ["--epochs", ""],
    ["--seed", "-1"],
    ["--speed", "1"],
    ["extra"],
  ])("refuses %s %s", (...args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });
});
