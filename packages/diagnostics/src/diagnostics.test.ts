import { describe, expect, it } from "vitest";
import { CompileError, InternalError, invariant, isCompileError, isInternalError } from "./errors.js";
import { render } from "./render.js";
import { callSite, formatSpan, isNoSpan, NO_SPAN, parseFrame } from "./span.js";

const span = { file: "examples/add.ts", line: 7, column: 3 };
const first = { code: "SCH102", severity: "error", message: "cannot split `i` exactly", span } as const;

describe("render", () => {
  it("gives a line to each thing that is known, in order", () => {
    const diagnostic = {
      ...first,
      expected: "a factor that divides 10",
      actual: "4",
      hint: "use 5",
      notes: ["for i\n  for j"],
    };
    expect(render(diagnostic)).toBe(`error[SCH102]: cannot split \`i\` exactly
  --> examples/add.ts:7:3
  = expected: a factor that divides 10
  = actual: 4
  = hint: use 5
  | for i
  |   for j`);
  });

  it("says that nobody wrote what has no place", () => {
    expect(render({ ...first, severity: "warning", span: NO_SPAN })).toBe(
      "warning[SCH102]: cannot split `i` exactly\n  --> <generated>",
    );
  });
});

describe("errors", () => {
  it("hold every diagnostic; the code is the first one's", () => {
    const error = new CompileError(first, { ...first, code: "SCH103" });
    expect(error.code).toBe("SCH102");
    expect(error.diagnostics.map(({ code }) => code)).toEqual(["SCH102", "SCH103"]);
    expect(error.message).toBe(`${render(first)}\n${render({ ...first, code: "SCH103" })}`);
  });

  it("are told apart across copies of the package", () => {
    const foreign = { [Symbol.for("tilewright.CompileError")]: true };
    expect([new CompileError(first), foreign].map(isCompileError)).toEqual([true, true]);
    expect([new InternalError("x"), new Error("x"), null, "x"].map(isCompileError)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect([new InternalError("x"), new CompileError(first), undefined].map(isInternalError)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("of ours ask for a report", () => {
    expect(() => invariant(false, "a loop lost its body")).toThrow(
      /^a loop lost its body\nThis is a fault of Tilewright/,
    );
    expect(() => invariant(true, "never")).not.toThrow();
  });
});

describe("places", () => {
  it.each([
    ["    at makeKernel (/home/me/kernel.ts:12:5)", "/home/me/kernel.ts:12:5"],
    ["    at file:///home/me/kernel.ts:12:5", "/home/me/kernel.ts:12:5"],
    ["    at async Object.run (C:\\work\\kernel.ts:1:2)", "C:\\work\\kernel.ts:1:2"],
    ["    at https://example.org/app.js:3:40", "https://example.org/app.js:3:40"],
    ["    at <anonymous>", "<generated>"],
    ["", "<generated>"],
  ])("are read from the stack line %j", (frame, text) => {
    expect(formatSpan(parseFrame(frame))).toBe(text);
  });

  it("are where a builder was called from", () => {
    const builder = () => callSite(builder);
    const place = builder();
    expect(place.file).toMatch(/diagnostics\.test\.ts$/);
    expect(place.line).toBeGreaterThan(1);
  });

  it("stay none when they were copied", () => {
    expect(isNoSpan(JSON.parse(JSON.stringify(NO_SPAN)))).toBe(true);
    expect(isNoSpan(span)).toBe(false);
  });

  it("leave the depth of stack traces as it was", () => {
    const before = Error.stackTraceLimit;
    callSite(() => NO_SPAN);
    expect(Error.stackTraceLimit).toBe(before);
  });
});
