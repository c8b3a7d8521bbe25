// Which values may differ between the threads of a block, and whether every barrier stands where all threads come along.
import { CompileError } from "@tilewright/diagnostics";
import { type Buffer, type Expr, type Stmt, type Var, visit } from "@tilewright/ir";
import { eachStatement, statementsIn } from "./each-statement.js";
import { divergentBarrier } from "./errors.js";
import { someExpr } from "./operands.js";

/** Variables, and buffers of one thread each, whose values may differ between threads. */
export type Varying = ReadonlySet<Var | Buffer>;

/**
 * What of `body` depends on the thread variables `seeds`. Memory that threads share reads alike for all of them: in a program without races
 * nobody writes it in between. A register and private memory vary when a varying value, or a thread alone, is written there.
 */
export function varyingIn(body: Stmt, seeds: Iterable<Var>): Varying {
  const varying = new Set<Var | Buffer>(seeds);
  const own = new Set<Buffer>();
  eachStatement(body, { Allocate: ({ buffer }) => void (buffer.scope !== "shared" && own.add(buffer)) });
  for (let before = -1; before !== varying.size; ) {
    before = varying.size;
    spread(body, varying, own);
  }
  return varying;
}

/** Whether `expr` may differ between threads. */
export function varies(expr: Expr, varying: Varying): boolean {
  return someExpr(
    expr,
    (node) =>
      (node.kind === "Var" && varying.has(node)) ||
      (node.kind === "Load" && varying.has(node.buffer)) ||
      node.kind === "Call",
  );
}

interface Visit {
  readonly stmt: Stmt;
  readonly divergent: boolean;
}

/** One round: what a varying value reaches varies. */
function spread(body: Stmt, varying: Set<Var | Buffer>, own: ReadonlySet<Buffer>): void {
  const stack: Visit[] = [{ stmt: body, divergent: false }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { stmt } = top;
    const divergent = top.divergent || divergesAt(stmt, varying);
    const mark = (thing: Var | Buffer, ...values: readonly Expr[]): void => {
      if (values.some((value) => varies(value, varying))) varying.add(thing);
    };
    if (stmt.kind === "For") mark(stmt.loopVar, stmt.min, stmt.extent);
    else if (stmt.kind === "Let") mark(stmt.variable, stmt.value);
    else if (stmt.kind === "Register") mark(stmt.variable, stmt.initial);
    else if (stmt.kind === "Assign") {
      mark(stmt.variable, stmt.value);
      if (divergent) varying.add(stmt.variable);
    } else if ((stmt.kind === "Store" || stmt.kind === "Atomic") && own.has(stmt.buffer)) {
      mark(stmt.buffer, stmt.value, ...stmt.indices);
      if (stmt.kind === "Store" && stmt.predicate !== null) mark(stmt.buffer, stmt.predicate);
      if (divergent) varying.add(stmt.buffer);
    } else if (stmt.kind === "KernelCall") {
      visit(stmt, { BufferRegion: ({ buffer }) => void (own.has(buffer) && varying.add(buffer)) });
    }
    for (const inner of statementsIn(stmt)) stack.push({ stmt: inner, divergent });
  }
}

/** Whether threads may part ways at this statement. */
function divergesAt(stmt: Stmt, varying: Varying): boolean {
  if (stmt.kind === "If" || stmt.kind === "While") return varies(stmt.condition, varying);
  return (
    stmt.kind === "For" && stmt.loopKind !== "thread" && (varies(stmt.min, varying) || varies(stmt.extent, varying))
  );
}

/** @throws CompileError LOW209 a barrier that perhaps not all threads of the block reach */
export function checkBarriers(body: Stmt, varying: Varying, kernel: string): void {
  const stack: { readonly stmt: Stmt; readonly around: readonly Stmt[] }[] = [{ stmt: body, around: [] }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { stmt, around } = top;
    if (stmt.kind === "Barrier" && around.length > 0)
      throw new CompileError(divergentBarrier(kernel, around.map(describe), stmt.span));
    const inside = divergesAt(stmt, varying) ? [...around, stmt] : around;
    for (const inner of statementsIn(stmt)) stack.push({ stmt: inner, around: inside });
  }
}

/** What a statement is to people who look for it. */
export function describe(stmt: Stmt): string {
  if (stmt.kind === "For") return `the loop \`${stmt.loopVar.name}\``;
  if (stmt.kind === "While") return "a loop with a condition";
  return stmt.kind === "If" ? "a branch" : `a statement \`${stmt.kind}\``;
}
