// The law of every pass: what the interpreter computes does not change.
import { compareMemory, copyMemory, inputsFor } from "@tilewright/backend-test";
import { InternalError } from "@tilewright/diagnostics";
import { interpret } from "@tilewright/interp";
import type { IRModule } from "@tilewright/ir";
import { parseModuleText, print } from "@tilewright/ir/text";
import { expect } from "vitest";
import { type Lowered, type LowerOptions, lower } from "../src/lower.js";

/** Lowers, checks the grammar after every pass, and compares the meaning after every pass with the meaning before all. */
export function expectSameMeaning(module: IRModule, options: LowerOptions): Lowered {
  const [func] = module.functions;
  if (func === undefined) throw new InternalError("a module without functions");
  const memory = inputsFor(func);
  const expected = copyMemory(memory);
  interpret(module, expected, { entry: func.name });
  return lower(module, {
    verify: true,
    ...options,
    onPass(name, after, changed) {
      if (!changed) return;
      const copy = copyMemory(memory);
      interpret(after, copy, { entry: func.name });
      const difference = compareMemory(expected, copy);
      expect(difference, `after ${name}:\n${difference === null ? "" : print(after)}`).toBeNull();
      options.onPass?.(name, after, changed);
    },
  });
}

/** A module from the text of its functions. */
export function moduleOf(functions: string): IRModule {
  return parseModuleText(`// tilewright-ir 1\nmodule\n${functions}`);
}

/** The functions of a module as text, without its first lines. */
export function textOf(module: IRModule): string {
  return print(module).split("\n").slice(2).join("\n").trim();
}
