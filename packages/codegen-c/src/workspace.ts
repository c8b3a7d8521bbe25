import { ALIGNMENT, CLOSURE_SLOT_BYTES } from "@tilewright/artifact";
import { CompileError } from "@tilewright/diagnostics";
import type { Buffer, PrimFunc, Stmt } from "@tilewright/ir";
import { tooLarge } from "./errors.js";
import { typeOf } from "./types.js";

/** Where the scratch memory of one function lies, in bytes from its workspace. */
export interface WorkspacePlan {
  /** Buffers in the workspace; those that are missing here are arrays of the function. */
  readonly offsets: ReadonlyMap<Buffer, number>;
  /** First free byte at a call: where the workspace of the callee (and the closure before it) begins. */
  readonly callOffsets: ReadonlyMap<Stmt, number>;
  readonly bytes: number;
}

/** Elements of a buffer with constant dimensions. */
export function elementCount({ shape }: Buffer): number {
  return shape.reduce((count, extent) => count * (extent.kind === "Const" ? Number(extent.value) : 0), 1);
}

/** Indices are signed numbers of 32 bits. */
const MAX_BYTES = 2 ** 31 - 1;

const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Bytes of a closure that holds the arguments of a parallel call. */
export function closureBytes(stmt: { readonly args: readonly unknown[] }): number {
  return align(Math.max(1, stmt.args.length) * CLOSURE_SLOT_BYTES);
}

/**
 * Allocations in nested scopes share the workspace like a stack. While all of a function's allocations stay within `localBytes`, they
 * are arrays of the function instead. `bytesOfCallee` gives the workspace of functions planned before.
 * @throws CompileError `BE207` an allocation beyond what indices reach
 */
export function planWorkspace(
  func: PrimFunc,
  localBytes: number,
  bytesOfCallee: (name: string) => number,
): WorkspacePlan {
  const offsets = new Map<Buffer, number>();
  const callOffsets = new Map<Stmt, number>();
  let bytes = 0;
  let local = localBytes;
  const stack: { readonly stmt: Stmt; readonly top: number }[] = [{ stmt: func.body, top: 0 }];
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    const { stmt, top } = item;
    if (stmt.kind === "Allocate") {
      const size = elementCount(stmt.buffer) * typeOf(stmt.buffer.dtype).bytes;
      if (size > MAX_BYTES)
        throw new CompileError(tooLarge(`the allocation \`${stmt.buffer.name}\`, in bytes,`, MAX_BYTES, stmt.span));
      const inWorkspace = size > local;
      if (inWorkspace) offsets.set(stmt.buffer, top);
      else local -= size;
      const after = inWorkspace ? align(top + size) : top;
      bytes = Math.max(bytes, after);
      stack.push({ stmt: stmt.body, top: after });
    } else if (stmt.kind === "KernelCall" || stmt.kind === "ParallelCall") {
      callOffsets.set(stmt, top);
      const closure = stmt.kind === "ParallelCall" ? closureBytes(stmt) : 0;
      bytes = Math.max(bytes, top + closure + bytesOfCallee(stmt.callee));
    } else {
      const inner = innerStatements(stmt);
      for (let position = inner.length - 1; position >= 0; position--)
        stack.push({ stmt: inner[position] as Stmt, top });
    }
  }
  return { offsets, callOffsets, bytes: align(bytes) };
}

function innerStatements(stmt: Stmt): readonly Stmt[] {
  switch (stmt.kind) {
    case "Seq":
      return stmt.stmts;
    case "If":
      return stmt.otherwise === null ? [stmt.then] : [stmt.then, stmt.otherwise];
    case "For":
    case "While":
    case "Let":
    case "Register":
      return [stmt.body];
    default:
      return [];
  }
}
