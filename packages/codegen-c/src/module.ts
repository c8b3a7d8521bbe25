import { type CompiledModule, functionEntries } from "@tilewright/backend";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { factsOf } from "./function-facts.js";
import {
  functionText,
  isExported,
  type ModuleContext,
  moduleContext,
  type PlannedFunction,
  prototype,
} from "./function-text.js";
import { headerText } from "./header.js";
import { createHelpers } from "./inline-functions.js";
import type { CTemplate } from "./intrinsic-template.js";
import { names } from "./names.js";
import { poolText } from "./pool-text.js";
import { FAILURE_TEXT, finderText, hookText, macroText } from "./runtime-text.js";
import type { Dialect } from "./short-types.js";
import { stringLiteral } from "./statement.js";
import { planWorkspace } from "./workspace.js";

export interface EmitOptions {
  readonly dialect: Dialect;
  readonly threads: number;
  readonly name: string;
  /** Bytes of small allocations that may be arrays of a function. */
  readonly localBytes: number;
  /** What is written for intrinsics, by name. */
  readonly templates: ReadonlyMap<string, CTemplate>;
}

/**
 * A module within the capabilities of the backend as C.
 * @throws CompileError `BE203` an intrinsic in an expression · `BE205` recursion · `BE207` more than C compilers take
 */
export function emitModule(source: IRModule, options: EmitOptions): CompiledModule {
  const planned = planFunctions(source, options.localBytes);
  const helpers = createHelpers(options.dialect);
  const context = moduleContext(planned, helpers, options.templates);
  const bodies = planned.map((one) => functionText(one, context));
  const messages = [...context.messages.keys()];
  const text = fileText(options, planned, context, bodies);
  const encode = (content: string): Uint8Array => new TextEncoder().encode(content);
  const files = new Map([[`${options.name}.h`, encode(headerText(options.name, planned, context.symbols))]]);
  if (messages.length > 0) files.set(ASSERT_FILE, encode(JSON.stringify(messages)));
  const bytes = new Map(planned.map(({ func, plan }) => [func, plan.bytes]));
  return {
    format: "c-source",
    bytes: encode(text),
    features: [],
    functions: functionEntries(source, (func) => bytes.get(func) ?? 0),
    files,
    warnings: [],
  };
}

/** Messages of the module's assertions by number, for toolchains that make WebAssembly. */
export const ASSERT_FILE = "asserts.json";

function planFunctions(module: IRModule, localBytes: number): readonly PlannedFunction[] {
  const facts = factsOf(module);
  const symbols = names();
  const symbolOf = new Map(module.functions.map((func) => [func, symbols.take(func.name)]));
  const bytes = new Map<string, number>();
  const planned = new Map<PrimFunc, PlannedFunction>();
  for (const [func, own] of facts) {
    const plan = planWorkspace(func, localBytes, (callee) => bytes.get(callee) ?? 0);
    bytes.set(func.name, plan.bytes);
    planned.set(func, { func, symbol: symbolOf.get(func) ?? func.name, facts: own, plan });
  }
  return module.functions.map((func) => planned.get(func) as PlannedFunction);
}

function fileText(
  options: EmitOptions,
  planned: readonly PlannedFunction[],
  { helpers, symbols }: ModuleContext,
  bodies: readonly string[],
): string {
  const gnu = options.dialect === "gnu";
  const hasHook = planned.some(({ facts }) => facts.hasParallelCall);
  const pooled = hasHook && gnu && options.threads > 1;
  const largest = planned.reduce((most, { plan }) => Math.max(most, plan.bytes), 0);
  const includes = ["#include <stdint.h>"];
  if (helpers.usesMath || (!gnu && bodies.some((body) => /\b(INFINITY|NAN)\b/.test(body))))
    includes.push("#include <math.h>");
  if (pooled)
    includes.push(
      "#if !defined(__wasm__) && !defined(_WIN32)",
      "#include <pthread.h>",
      "#include <signal.h>",
      "#include <stdlib.h>",
      "#endif",
    );
  const exported = planned.filter(isExported);
  return `${[
    ...(pooled ? ["#if !defined(_GNU_SOURCE)\n#define _GNU_SOURCE\n#endif"] : []),
    includes.join("\n"),
    macroText(gnu),
    ...helpers.text(),
    ...(hasHook ? [hookText(pooled ? poolText(options.threads, largest) : "")] : []),
    ...(planned.some(({ facts }) => facts.mayFail) ? [FAILURE_TEXT] : []),
    planned.map((one) => `${prototype(one, symbols, true)};`).join("\n"),
    ...bodies,
    ...(exported.length === 0
      ? []
      : [finderText(exported.map(({ func, symbol }) => ({ name: stringLiteral(func.name), symbol })))]),
  ].join("\n\n")}\n`;
}
