import { CompileError, InternalError, NO_SPAN } from "@tilewright/diagnostics";
import { describe, expect, it } from "vitest";
import { memoryIo } from "../test/memory-io.js";
import type { Command } from "./command.js";
import { COMMANDS, runCli } from "./run-cli.js";

const failing = (error: unknown): Command => ({
  name: "fail",
  summary: "fails",
  help: "",
  options: {},
  run: async () => {
    throw error;
  },
});

async function outcome(args: readonly string[], commands?: readonly Command[]) {
  const io = memoryIo();
  return { code: await runCli(args, io, commands), ...io.output };
}

describe("the command line", () => {
  it("says its version and its commands", async () => {
    expect((await outcome(["--version"])).written).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await outcome(["--help"]);
    expect(help.code).toBe(0);
    for (const { name, summary } of COMMANDS)
      expect(help.written).toMatch(new RegExp(`^ {2}${name} +${summary}$`, "m"));
  });

  it.each(COMMANDS.map(({ name }) => name))("explains %s", async (name) => {
    const { code, written } = await outcome([name, "--help"]);
    expect(code).toBe(0);
    expect(written).toMatch(new RegExp(`^Usage: tilewright ${name} `));
  });

  it.each([
    [[], "a command is missing"],
    [["fly"], 'there is no command "fly"'],
    [["lower"], "the file of the kernel is missing"],
    [["lower", "a.ts", "b.ts"], 'the file of the kernel is all it takes: "b.ts" is left over'],
    [["lower", "a.ts", "--target", "gpu"], "error[CLI109]: there is no target `gpu`"],
    [["build", "a.ts", "--target", "natve"], "hint: did you mean `native`?"],
    [["build", "a.ts", "--threads", "0"], '--threads is a whole number from 1 to 64, not "0"'],
    [["run", "a.ts", "--input", "x"], '--input is name=file.npy, name=random or name=zeros, not "x"'],
    [["run", "a.ts", "--seed", "one"], '--seed is a whole number from 0 to 4294967295, not "one"'],
    [["targets", "--fast"], "Unknown option '--fast'"],
  ])("ends with 2 for %j", async (args, message) => {
    const { code, noted, written } = await outcome(args);
    expect(code).toBe(2);
    expect(noted).toContain(message);
    expect(written).toBe("");
  });

  it("ends with 1 and every diagnostic when the user's program is at fault", async () => {
    const diagnostic = {
      code: "XX101",
      severity: "error",
      message: "it is wrong",
      span: NO_SPAN,
      hint: "mend it",
    } as const;
    const error = new CompileError(diagnostic, { ...diagnostic, code: "XX102" });
    const { code, noted } = await outcome(["fail"], [failing(error)]);
    expect(code).toBe(1);
    expect(noted).toBe(
      "error[XX101]: it is wrong\n  --> <generated>\n  = hint: mend it\nerror[XX102]: it is wrong\n  --> <generated>\n  = hint: mend it\n",
    );
  });

  it.each([new InternalError("a loop lost its body"), new TypeError("x is not a function"), "a string"])(
    "ends with 70 and asks for a report when we are: %s",
    async (error) => {
      const { code, noted } = await outcome(["fail"], [failing(error)]);
      expect(code).toBe(70);
      expect(noted).toMatch(/^fault: /);
      expect(noted.match(/please report it/g)).toHaveLength(1);
      expect(noted).toMatch(/tilewright \d.*, Node v/);
    },
  );
});
