import { formatSpan } from "@tilewright/diagnostics";
import { expect, it } from "vitest";
import { foreignPlace } from "./foreign-place.js";

const OURS = import.meta.filename;

function thrown(...frames: readonly string[]): Error {
  const error = new Error("no chip");
  error.stack = frames.join("\n");
  return error;
}

it.each([
  ["Error: no chip", `    at compile (${OURS}:1:1)`, "    at file:///a/chip.js:3:4", "    at /b/other.js:1:1"],
  [
    "Error: no",
    "chip",
    "    at node:internal/modules/run_main:1:1",
    "    at async Object.open (file:///a/chip.js:3:4)",
  ],
])("is where the innermost code of others threw", (...frames) => {
  expect(formatSpan(foreignPlace(thrown(...frames)))).toBe("/a/chip.js:3:4");
});

it("is the line that cannot be parsed", () => {
  const error = thrown(
    "file:///a/chip.js:3",
    "};",
    "^",
    "",
    "SyntaxError: Unexpected token '}'",
    "    at node:internal:1:1",
  );
  expect(formatSpan(foreignPlace(error))).toBe("/a/chip.js:3:1");
});

it.each([
  ["ours alone", thrown("Error: no chip", `    at compile (${OURS}:1:1)`, "    at node:internal/a:1:1")],
  ["nobody's", "a string"],
  [
    "those who look for modules",
    Object.assign(thrown("", "    at /a/loader.js:1:1"), { code: "ERR_MODULE_NOT_FOUND" }),
  ],
])("is none where the places are %s", (_, error) => {
  expect(formatSpan(foreignPlace(error))).toBe("<generated>");
});
