import { type Diagnostic, isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import type { IRModule } from "@tilewright/ir";
import { parseFunctionText } from "@tilewright/ir/text";
import { BACKEND_SPEC_VERSION, type BackendDefinition, type CapabilitiesDefinition } from "../src/index.js";

/** Functions in text form. */
export function moduleOf(...texts: readonly string[]): IRModule {
  const functions = texts.map((text) => parseFunctionText(`// tilewright-ir 1\n${text}`));
  return { kind: "IRModule", span: NO_SPAN, functions, attributes: {} };
}

/** A kernel of one buffer `y: float32[64]` with this body. */
export const kernel = (body: string, parameters = "y: float32[64] @global align 64"): IRModule =>
  moduleOf(`prim_func @main(${parameters}) {\n${body}\n}`);

/** A definition whose `compile` writes the names of the functions, and keeps the modules that it was given. */
export function namesOf(
  capabilities: CapabilitiesDefinition,
  more: Partial<BackendDefinition> = {},
): BackendDefinition & { readonly given: IRModule[] } {
  const given: IRModule[] = [];
  return {
    specVersion: BACKEND_SPEC_VERSION,
    name: "names",
    capabilities,
    compile(module) {
      given.push(module);
      const bytes = new TextEncoder().encode(module.functions.map(({ name }) => name).join("\n"));
      return { format: "names", bytes, features: [], functions: [], files: new Map(), warnings: [] };
    },
    ...more,
    given,
  };
}

/** The first diagnostic of the error that `run` throws; null when it throws none. */
export function refusalOf(run: () => unknown): Diagnostic | null {
  try {
    run();
    return null;
  } catch (error) {
    if (!isCompileError(error)) throw error;
    return error.diagnostics[0] ?? null;
  }
}
