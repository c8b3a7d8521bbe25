import { CompileError, NO_SPAN } from "@tilewright/diagnostics";
import { expect, it, vi } from "vitest";
import { UsageError } from "./command-line.js";
import { exitCode } from "./exit-code.js";
import { WrongResult } from "./suite.js";

const told = (code: string) => new CompileError({ code, severity: "error", message: "no chip", span: NO_SPAN });

async function ended(error?: unknown) {
  const stream = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    const code = await exitCode(async () => {
      if (error !== undefined) throw error;
    }, "Usage: bench");
    return { code, text: stream.mock.calls.map(([chunk]) => String(chunk)).join("") };
  } finally {
    stream.mockRestore();
  }
}

it("is 0 when all went well", async () => {
  expect(await ended()).toEqual({ code: 0, text: "" });
});

it.each([
  [1, new WrongResult("no product")],
  [1, told("CLI104")],
  [2, told("CLI109")],
  [2, new UsageError("no size")],
])("is %i for %s, with the usage where the command line is at fault", async (expected, error) => {
  const { code, text } = await ended(error);
  expect(code).toBe(expected);
  expect(text).toContain(error.message);
  expect(text.includes("Usage: bench")).toBe(expected === 2);
});

it("is not there for a fault", async () => {
  await expect(ended(new TypeError("no"))).rejects.toThrow("no");
});
