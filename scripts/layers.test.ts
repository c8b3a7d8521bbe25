import { describe, expect, it } from "vitest";
import { allowedWith, strangersAmong } from "./layers.mjs";

const ours = (...names: readonly string[]): string[] => names.map((name) => `@tilewright/${name}`);

describe("what may come along with an installed package", () => {
  it("is what the table lets it import, and what that may import", () => {
    expect([...allowedWith(ours("runtime"))].sort()).toEqual(ours("artifact", "diagnostics", "runtime"));
    expect([...allowedWith(ours("te"))].sort()).toEqual(ours("arith", "diagnostics", "ir", "te"));
  });

  it("and nothing of the compiler beside the runtime", () => {
    expect(strangersAmong([...ours("runtime", "artifact", "ir"), "koffi"], ours("runtime"))).toEqual([
      "installing @tilewright/runtime brings @tilewright/ir, which the table of .dependency-cruiser.cjs does not allow",
    ]);
    expect(strangersAmong(ours("te", "arith", "ir", "diagnostics"), ours("te"))).toEqual([]);
  });

  it("is not known for a package without a line in the table", () => {
    expect(() => allowedWith(["koffi"])).toThrow("koffi has no line in the table");
  });
});
