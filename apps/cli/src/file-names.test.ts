import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileName, fileNames } from "./file-names.js";

describe("file names", () => {
  it("stay in the folder, are safe and differ, whatever the names", () => {
    const part = fc.constantFrom("a", "A", "_", "/", "\\", ".", "..", "$", "\0", "é", "_2", "-");
    const name = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 5 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 12 }), (names) => {
        const files = fileNames(names);
        for (const file of files) expect(file).toMatch(/^[\w-][\w.-]*$/);
        expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(names.length);
      }),
    );
  });

  it("are the names where those will do", () => {
    expect(fileNames(["a_b", "a/b", "Y.out", "y.out", ""])).toEqual(["a_b", "a_b_2", "Y.out", "y.out_2", "_"]);
    expect(fileNames(["a/b", "a_b"])).toEqual(["a_b_2", "a_b"]);
    expect(fileName("../../escaped")).toBe("_.._escaped");
  });
});
