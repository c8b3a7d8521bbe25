import type { Diagnostic } from "./diagnostic.js";
import { render } from "./render.js";

const COMPILE_ERROR = Symbol.for("tilewright.CompileError");
const INTERNAL_ERROR = Symbol.for("tilewright.InternalError");

/** The user's program, file or call is at fault. Holds at least one diagnostic. */
export class CompileError extends Error {
  override readonly name = "CompileError";
  readonly diagnostics: readonly Diagnostic[];
  readonly [COMPILE_ERROR] = true;

  constructor(first: Diagnostic, ...rest: readonly Diagnostic[]) {
    super([first, ...rest].map(render).join("\n"));
    this.diagnostics = [first, ...rest];
  }

  /** The code of the first diagnostic. */
  get code(): string {
    return this.diagnostics[0]?.code ?? "";
  }
}

/** We are at fault: an invariant of the compiler does not hold. No input may end in one. */
export class InternalError extends Error {
  override readonly name = "InternalError";
  readonly [INTERNAL_ERROR] = true;

  constructor(message: string, context = "") {
    super(
      `${message}\nThis is a fault of Tilewright, not of your program: please report it.${context === "" ? "" : `\n${context}`}`,
    );
  }
}

/** True for a CompileError of any copy of this package. */
export function isCompileError(error: unknown): error is CompileError {
  return typeof error === "object" && error !== null && COMPILE_ERROR in error;
}

/** True for an InternalError of any copy of this package. */
export function isInternalError(error: unknown): error is InternalError {
  return typeof error === "object" && error !== null && INTERNAL_ERROR in error;
}

/** @throws InternalError when `condition` is false: for invariants of ours, never for input. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InternalError(message);
}
