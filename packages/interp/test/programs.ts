import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import type { BufferRegion, Expr, IRModule, PrimFunc, Stmt } from "@tilewright/ir";
import { type Arguments, type InterpretOptions, interpret } from "../src/index.js";

/** A kernel with these parameters and this body. */
export function kernel(parameters: PrimFunc["parameters"], body: Stmt, changes: Partial<PrimFunc> = {}): PrimFunc {
  const attributes = {};
  return {
    kind: "PrimFunc",
    span: NO_SPAN,
    name: "f",
    role: "kernel",
    parameters,
    mayAlias: [],
    body,
    attributes,
    ...changes,
  };
}

export const moduleOf = (...functions: PrimFunc[]): IRModule => ({
  kind: "IRModule",
  span: NO_SPAN,
  functions,
  attributes: {},
});

export const async = (
  queue: string,
  reads: readonly BufferRegion[],
  writes: readonly BufferRegion[],
  body: Stmt,
): Stmt => ({
  kind: "Async",
  span: NO_SPAN,
  queue,
  reads,
  writes,
  body,
});
export const push = (from: string, to: string): Stmt => ({ kind: "PushToken", span: NO_SPAN, from, to });
export const pop = (from: string, to: string): Stmt => ({ kind: "PopToken", span: NO_SPAN, from, to });
export const synchronize = (...queues: string[]): Stmt => ({ kind: "Synchronize", span: NO_SPAN, queues });
export const barrier = (scope: "shared" | "global" = "shared"): Stmt => ({ kind: "Barrier", span: NO_SPAN, scope });
export const call = (callee: string, ...args: (Expr | BufferRegion)[]): Stmt => ({
  kind: "KernelCall",
  span: NO_SPAN,
  callee,
  args,
  launch: null,
});

/** The text of the error that a run ends with: code and the lines a person reads; null when it ends well. */
export function errorOf(body: () => unknown): { readonly code: string; readonly message: string } | null {
  try {
    body();
    return null;
  } catch (error) {
    if (isCompileError(error)) return { code: error.code, message: error.message };
    throw error;
  }
}

export const errorOfRun = (
  program: PrimFunc | IRModule,
  args: Arguments,
  options?: InterpretOptions,
): string | undefined => errorOf(() => interpret(program, args, options))?.code;
