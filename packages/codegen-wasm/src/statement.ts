/** Statements. Nests of any depth are walked with a stack of tasks, not by recursion. */
import { ALIGNMENT } from "@tilewright/artifact";
import { CompileError } from "@tilewright/diagnostics";
import { type Allocate, type Expr, type For, type If, isConst, type Stmt, type Var, type While } from "@tilewright/ir";
import { emitAtomic } from "./atomic.js";
import { emitKernelCall, emitParallelCall } from "./calls.js";
import { type FunctionContext, localOf } from "./context.js";
import { unsupportedLoop, unsupportedStatement } from "./errors.js";
import type { Local } from "./function-body.js";
import { emitStore } from "./memory.js";
import { OP } from "./opcodes.js";
import { checkType, valueType } from "./representation.js";
import { allocationBytes, type Workspace } from "./workspace.js";

type Task = Stmt | (() => void);

/** What statements need beside expressions: the workspace, and the local that holds its address. */
export interface StatementContext extends FunctionContext {
  readonly workspace: Workspace;
  readonly workspaceBase: Local;
}

/** @throws CompileError `BE2xx` for what the target has not */
export function emitStatement(context: StatementContext, root: Stmt): void {
  const tasks: Task[] = [root];
  const push = (...next: readonly Task[]): void => {
    for (let position = next.length - 1; position >= 0; position--) tasks.push(next[position] as Task);
  };
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    if (typeof task === "function") task();
    else emitOne(context, task, push);
  }
}

function emitOne(context: StatementContext, stmt: Stmt, push: (...next: readonly Task[]) => void): void {
  const { body } = context;
  switch (stmt.kind) {
    case "Seq":
      return push(...stmt.stmts);
    case "For":
      return emitFor(context, stmt, push);
    case "While":
      return emitWhile(context, stmt, push);
    case "If":
      return emitIf(context, stmt, push);
    case "Let":
      return push(...bind(context, stmt.variable, stmt.value, stmt.body));
    case "Register":
      return push(...bind(context, stmt.variable, stmt.initial, stmt.body));
    case "Assign":
      context.expression(stmt.value);
      return body.set(localOf(context, stmt.variable));
    case "Allocate":
      return emitAllocate(context, stmt, push);
    case "Store":
      return emitStore(context, stmt);
    case "Assert":
      context.expression(stmt.condition);
      body.scalar("i32", "eqz");
      body.open(OP.if);
      body.i32(context.module.assertion(stmt.message));
      body.call(context.module.hooks.assertFailed ?? 0);
      body.op(OP.unreachable);
      return body.end();
    case "Evaluate":
      context.expression(stmt.value);
      return body.op(0x1a);
    case "Atomic":
      return emitAtomic(context, stmt);
    case "KernelCall":
      return emitKernelCall(context, stmt, context.workspace, context.workspaceBase);
    case "ParallelCall":
      return emitParallelCall(context, stmt, context.workspace, context.workspaceBase);
    default:
      throw new CompileError(unsupportedStatement(stmt.kind, stmt.span));
  }
}

/** A variable lives in a local while its body is written. */
function bind(context: StatementContext, variable: Var, value: Expr, scope: Stmt): readonly Task[] {
  const { body } = context;
  checkType(variable, context.module.options.simd, variable.span);
  context.expression(value);
  const local = body.local(valueType(variable), variable.name);
  body.set(local);
  context.variables.set(variable, local);
  return [scope, () => body.release(local)];
}

/** `v = min; end = min + extent; if (extent may be 0) …; loop { body; v += 1; if (v < end) continue }` */
function emitFor(context: StatementContext, loop: For, push: (...next: readonly Task[]) => void): void {
  const { body } = context;
  const { loopVar, min, extent, loopKind, thread } = loop;
  if (loopKind === "thread" || loopKind === "virtual")
    throw new CompileError(unsupportedLoop(thread ?? loopKind, loop.span));
  const trips = isConst(extent) ? Number(extent.value) : null;
  if (trips !== null && trips <= 0) return;
  if (trips === 1) return push(...bind(context, loopVar, min, loop.body));
  const counter = body.local("i32", loopVar.name);
  context.expression(min);
  body.set(counter);
  const constantEnd = isConst(min) && trips !== null ? Number(min.value) + trips : null;
  const end = constantEnd === null ? body.local("i32", `${loopVar.name}_end`) : null;
  const pushEnd = (): void => (end === null ? body.i32(constantEnd ?? 0) : body.get(end));
  if (end !== null) {
    body.get(counter);
    context.expression(extent);
    body.scalar("i32", "add");
    body.set(end);
  }
  const mayBeEmpty = trips === null;
  if (mayBeEmpty) {
    body.get(counter);
    pushEnd();
    body.scalar("i32", "ltS");
    body.open(OP.if);
  }
  body.open(OP.loop);
  context.variables.set(loopVar, counter);
  push(loop.body, () => {
    body.get(counter);
    body.i32(1);
    body.scalar("i32", "add");
    body.tee(counter);
    pushEnd();
    body.scalar("i32", "ltS");
    body.branch(OP.brIf, 0);
    body.end();
    if (mayBeEmpty) body.end();
    body.release(counter);
    if (end !== null) body.release(end);
  });
}

function emitWhile(context: StatementContext, loop: While, push: (...next: readonly Task[]) => void): void {
  const { body } = context;
  body.open(OP.block);
  body.open(OP.loop);
  context.expression(loop.condition);
  body.scalar("i32", "eqz");
  body.branch(OP.brIf, 1);
  push(loop.body, () => {
    body.branch(OP.br, 0);
    body.end();
    body.end();
  });
}

function emitIf(context: StatementContext, branch: If, push: (...next: readonly Task[]) => void): void {
  const { body } = context;
  const { otherwise } = branch;
  context.expression(branch.condition);
  body.open(OP.if);
  if (otherwise === null) push(branch.then, () => body.end());
  else
    push(
      branch.then,
      () => body.otherwise(),
      otherwise,
      () => body.end(),
    );
}

function emitAllocate(
  context: StatementContext,
  { buffer, body: scope }: Allocate,
  push: (...next: readonly Task[]) => void,
): void {
  checkType({ dtype: buffer.dtype, lanes: 1 }, true, buffer.span);
  const bytes = allocationBytes(buffer);
  const offset = context.workspace.reserve(
    bytes,
    bytes >= ALIGNMENT ? ALIGNMENT : Math.min(ALIGNMENT, Math.max(16, buffer.alignment)),
  );
  context.places.set(buffer, { base: context.workspaceBase, offset });
  push(scope, () => context.workspace.release(offset));
}
