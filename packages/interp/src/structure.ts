import type { Buffer, PrimFunc, Stmt } from "@tilewright/ir";

/** The statements directly inside a statement. */
export function childStatements(stmt: Stmt): readonly Stmt[] {
  switch (stmt.kind) {
    case "Seq":
      return stmt.stmts;
    case "If":
      return stmt.otherwise === null ? [stmt.then] : [stmt.then, stmt.otherwise];
    case "For":
    case "While":
    case "Let":
    case "Register":
    case "Allocate":
    case "Async":
      return [stmt.body];
    default:
      return [];
  }
}

/** True when `test` holds for a statement or one inside it. */
export function someStatement(root: Stmt, test: (stmt: Stmt) => boolean): boolean {
  const stack = [root];
  for (let stmt = stack.pop(); stmt !== undefined; stmt = stack.pop()) {
    if (test(stmt)) return true;
    for (const child of childStatements(stmt)) stack.push(child);
  }
  return false;
}

export const hasBarrier = (root: Stmt): boolean => someStatement(root, (stmt) => stmt.kind === "Barrier");

export const hasQueues = (root: Stmt): boolean =>
  someStatement(root, (stmt) => stmt.kind === "Async" || stmt.kind === "PushToken" || stmt.kind === "PopToken");

/** True when a function calls another, which may see its memory as another type. */
export const slicesMemory = (root: Stmt): boolean =>
  someStatement(root, (stmt) => stmt.kind === "KernelCall" || stmt.kind === "ParallelCall");

/** Buffers that a function may write: those it stores to, and those it hands on. */
export function writtenBuffers(func: PrimFunc): Set<Buffer> {
  const written = new Set<Buffer>();
  someStatement(func.body, (stmt) => {
    if (stmt.kind === "Store" || stmt.kind === "Atomic") written.add(stmt.buffer);
    if (stmt.kind === "KernelCall" || stmt.kind === "ParallelCall") {
      for (const arg of stmt.args) if (arg.kind === "BufferRegion") written.add(arg.buffer);
    }
    return false;
  });
  return written;
}
