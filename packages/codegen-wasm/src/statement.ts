/** Statements. Nests of any depth are walked with a stack of tasks, not by recursion. */
import { invariant } from "@tilewright/diagnostics";
import {
  type Allocate,
  type Assert,
  type Expr,
  type For,
  type If,
  isConst,
  type Stmt,
  type Var,
  type While,
} from "@tilewright/ir";
import { emitAtomic } from "./atomic.js";
import { emitKernelCall, emitParallelCall } from "./calls.js";
import { type FunctionContext, localOf } from "./context.js";
import type { Local } from "./function-body.js";
import { emitStore } from "./memory.js";
import { OP } from "./opcodes.js";
import { valueType } from "./representation.js";
import type { Workspace } from "./workspace.js";

type Task = Stmt | (() => void);

/** What statements need beside expressions: the workspace, and the local that holds its address. */
export interface StatementContext extends FunctionContext {
  readonly workspace: Workspace;
  readonly workspaceBase: Local;
}

/** @throws CompileError `BE203`, `BE207` */
export function emitStatement(context: StatementContext, root: Stmt): void {
  const tasks: Task[] = [root];
  const push: Push = (next) => {
    for (let position = next.length - 1; position >= 0; position--) tasks.push(next[position] as Task);
  };
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    if (typeof task === "function") task();
    else emitOne(context, task, push);
  }
}

/** Hands over what comes next, in order. */
type Push = (next: readonly Task[]) => void;
type Emitters = {
  readonly [K in Stmt["kind"]]?: (
    context: StatementContext,
    stmt: Extract<Stmt, { readonly kind: K }>,
    push: Push,
  ) => void;
};

const EMITTERS: Emitters = {
  Seq: (_, stmt, push) => push(stmt.stmts),
  For: (context, stmt, push) => emitFor(context, stmt, push),
  While: (context, stmt, push) => emitWhile(context, stmt, push),
  If: (context, stmt, push) => emitIf(context, stmt, push),
  Let: (context, stmt, push) => push(bind(context, stmt.variable, stmt.value, stmt.body)),
  Register: (context, stmt, push) => push(bind(context, stmt.variable, stmt.initial, stmt.body)),
  Assign: (context, stmt) => {
    context.expression(stmt.value);
    context.body.set(localOf(context, stmt.variable));
  },
  Allocate: (context, stmt, push) => emitAllocate(context, stmt, push),
  Store: (context, stmt) => emitStore(context, stmt),
  Assert: (context, stmt) => emitAssert(context, stmt),
  Evaluate: (context, stmt) => {
    context.expression(stmt.value);
    context.body.op(OP.drop);
  },
  Atomic: (context, stmt) => emitAtomic(context, stmt),
  KernelCall: (context, stmt) => emitKernelCall(context, stmt, context.workspace, context.workspaceBase),
  ParallelCall: (context, stmt) => emitParallelCall(context, stmt, context.workspace, context.workspaceBase),
};

function emitOne(context: StatementContext, stmt: Stmt, push: Push): void {
  const emit = EMITTERS[stmt.kind] as ((context: StatementContext, stmt: Stmt, push: Push) => void) | undefined;
  invariant(emit !== undefined, `the capabilities declare no \`${stmt.kind}\``);
  emit(context, stmt, push);
}

function emitAssert(context: StatementContext, { condition, message }: Assert): void {
  const { body, module } = context;
  context.expression(condition);
  body.scalar("i32", "eqz");
  body.open(OP.if);
  body.i32(module.assertion(message));
  body.call(module.hooks.assertFailed ?? 0);
  body.op(OP.unreachable);
  body.end();
}

/** A variable lives in a local while its body is written. */
function bind(context: StatementContext, variable: Var, value: Expr, scope: Stmt): readonly Task[] {
  const { body } = context;
  context.expression(value);
  const local = body.local(valueType(variable), variable.name);
  body.set(local);
  context.variables.set(variable, local);
  return [scope, () => unbind(context, variable, local)];
}

function unbind(context: StatementContext, variable: Var, local: Local): void {
  context.variables.delete(variable);
  context.body.release(local);
}

/** `v = min; end = min + extent; if (extent may be 0) …; loop { body; v += 1; if (v < end) continue }` */
function emitFor(context: StatementContext, loop: For, push: Push): void {
  const { body } = context;
  const { loopVar, min, extent } = loop;
  const trips = isConst(extent) ? Number(extent.value) : null;
  if (trips !== null && trips <= 0) return;
  if (trips === 1) {
    push(bind(context, loopVar, min, loop.body));
    return;
  }
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
  const close = (): void => {
    body.get(counter);
    body.i32(1);
    body.scalar("i32", "add");
    body.tee(counter);
    pushEnd();
    body.scalar("i32", "ltS");
    body.branch(OP.brIf, 0);
    body.end();
    if (mayBeEmpty) body.end();
    unbind(context, loopVar, counter);
    if (end !== null) body.release(end);
  };
  push([loop.body, close]);
}

function emitWhile(context: StatementContext, loop: While, push: Push): void {
  const { body } = context;
  body.open(OP.block);
  body.open(OP.loop);
  context.expression(loop.condition);
  body.scalar("i32", "eqz");
  body.branch(OP.brIf, 1);
  const close = (): void => {
    body.branch(OP.br, 0);
    body.end();
    body.end();
  };
  push([loop.body, close]);
}

function emitIf(context: StatementContext, branch: If, push: Push): void {
  const { body } = context;
  const { otherwise } = branch;
  context.expression(branch.condition);
  body.open(OP.if);
  const close = (): void => body.end();
  push(otherwise === null ? [branch.then, close] : [branch.then, () => body.otherwise(), otherwise, close]);
}

function emitAllocate(context: StatementContext, { buffer, body: scope }: Allocate, push: Push): void {
  const offset = context.workspace.allocate(buffer);
  context.places.set(buffer, { base: context.workspaceBase, offset });
  const close = (): void => {
    context.places.delete(buffer);
    context.workspace.release(offset);
  };
  push([scope, close]);
}
