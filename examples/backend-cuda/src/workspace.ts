import { ALIGNMENT } from "@tilewright/artifact";
import type { Buffer, KernelCall, PrimFunc, Stmt } from "@tilewright/ir";
import { bytesOfBuffer } from "./functions.js";

/** Where the memory of a host function lies, in bytes from its workspace, which is memory of the device. */
export interface Workspace {
  readonly offsets: ReadonlyMap<Buffer, number>;
  /** Where the workspace of a host function begins that is called. */
  readonly calls: ReadonlyMap<KernelCall, number>;
  readonly bytes: number;
}

/** Allocations that are alive at once lie one after the other. `bytesOf` gives the workspace of a callee. */
export function workspaceOf(func: PrimFunc, bytesOf: (callee: string) => number): Workspace {
  const offsets = new Map<Buffer, number>();
  const calls = new Map<KernelCall, number>();
  let bytes = 0;
  const stack: { readonly stmt: Stmt; readonly top: number }[] = [{ stmt: func.body, top: 0 }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { stmt, top } = next;
    let after = top;
    if (stmt.kind === "Allocate") {
      offsets.set(stmt.buffer, top);
      after = top + Math.ceil(bytesOfBuffer(stmt.buffer) / ALIGNMENT) * ALIGNMENT;
    }
    if (stmt.kind === "KernelCall") calls.set(stmt, top);
    bytes = Math.max(bytes, after, stmt.kind === "KernelCall" ? top + bytesOf(stmt.callee) : 0);
    for (const inner of innerStatements(stmt)) stack.push({ stmt: inner, top: after });
  }
  return { offsets, calls, bytes };
}

function innerStatements(stmt: Stmt): readonly Stmt[] {
  if (stmt.kind === "Seq") return stmt.stmts;
  if (stmt.kind === "If") return stmt.otherwise === null ? [stmt.then] : [stmt.then, stmt.otherwise];
  return "body" in stmt ? [stmt.body] : [];
}
