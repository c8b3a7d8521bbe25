import type { Access } from "@tilewright/artifact";
import { CompileError, InternalError, type Span } from "@tilewright/diagnostics";
import type { Buffer, Expr, IRModule, PrimFunc, Stmt, Var } from "@tilewright/ir";
import { recursiveCall } from "./errors.js";
import { postorder } from "./graph-order.js";

/** What emitting a function needs to know of it beforehand. */
export interface FunctionFacts {
  /** Variables that matter: `Let`s that nothing needs are left out of the text. */
  readonly used: ReadonlySet<Var>;
  readonly access: ReadonlyMap<Buffer, Access>;
  /** It holds an `Assert`, or calls a function that does. */
  readonly mayFail: boolean;
  readonly hasParallelCall: boolean;
}

/** Facts by function, callees before callers. @throws CompileError `BE205` */
export function factsOf(module: IRModule): ReadonlyMap<PrimFunc, FunctionFacts> {
  const byName = new Map(module.functions.map((func) => [func.name, func]));
  const scans = new Map(module.functions.map((func) => [func, scan(func)]));
  const facts = new Map<PrimFunc, FunctionFacts>();
  for (const func of callOrder(module, byName, scans)) {
    const { calls, access, asserts, hasParallelCall, used } = scans.get(func) as Scan;
    let mayFail = asserts;
    for (const call of calls) {
      const callee = byName.get(call.callee) as PrimFunc;
      const inner = facts.get(callee) as FunctionFacts;
      mayFail ||= inner.mayFail;
      const parameters = call.kind === "ParallelCall" ? callee.parameters.slice(2) : callee.parameters;
      call.args.forEach((arg, position) => {
        const parameter = parameters[position];
        if (arg.kind !== "BufferRegion" || parameter?.kind !== "Buffer") return;
        const how = inner.access.get(parameter);
        if (how === undefined || how !== "write") touch(access, arg.buffer, "read");
        if (how === "write" || how === "readwrite") touch(access, arg.buffer, "write");
      });
    }
    facts.set(func, { used, access, mayFail, hasParallelCall });
  }
  return facts;
}

type Call = Extract<Stmt, { readonly kind: "KernelCall" | "ParallelCall" }>;

interface Scan {
  readonly used: Set<Var>;
  readonly access: Map<Buffer, Access>;
  readonly calls: Call[];
  asserts: boolean;
  hasParallelCall: boolean;
}

function touch(access: Map<Buffer, Access>, buffer: Buffer, how: "read" | "write"): void {
  const before = access.get(buffer);
  access.set(buffer, before === undefined || before === how ? how : "readwrite");
}

/** Expressions and inner statements of a statement. */
function partsOf(stmt: Stmt): { readonly exprs: readonly Expr[]; readonly stmts: readonly Stmt[] } {
  const present = (...exprs: readonly (Expr | null)[]): Expr[] => exprs.filter((expr) => expr !== null);
  switch (stmt.kind) {
    case "For":
      return { exprs: [stmt.min, stmt.extent], stmts: [stmt.body] };
    case "While":
      return { exprs: [stmt.condition], stmts: [stmt.body] };
    case "Store":
      return { exprs: present(...stmt.indices, stmt.value, stmt.predicate), stmts: [] };
    case "Atomic":
      return { exprs: [...stmt.indices, stmt.value], stmts: [] };
    case "If":
      return { exprs: [stmt.condition], stmts: stmt.otherwise === null ? [stmt.then] : [stmt.then, stmt.otherwise] };
    case "Let":
      return { exprs: [], stmts: [stmt.body] }; // its value counts when the variable is used
    case "Register":
      return { exprs: [stmt.initial], stmts: [stmt.body] };
    case "Assign":
    case "Evaluate":
      return { exprs: [stmt.value], stmts: [] };
    case "Allocate":
      return { exprs: [], stmts: [stmt.body] };
    case "Seq":
      return { exprs: [], stmts: stmt.stmts };
    case "Assert":
      return { exprs: [stmt.condition], stmts: [] };
    case "KernelCall":
    case "ParallelCall": {
      const args = stmt.args.flatMap((arg) => (arg.kind === "BufferRegion" ? arg.mins : [arg]));
      return { exprs: stmt.kind === "ParallelCall" ? [stmt.extent, ...args] : args, stmts: [] };
    }
    case "Barrier":
    case "Async":
    case "PushToken":
    case "PopToken":
    case "Synchronize":
      throw new InternalError(`the capabilities declare no \`${stmt.kind}\``);
  }
}

function scan(func: PrimFunc): Scan {
  const result: Scan = {
    used: new Set(),
    access: new Map(),
    calls: [],
    asserts: false,
    hasParallelCall: false,
  };
  const lets = new Map<Var, Expr>();
  const pending: Expr[] = [];
  const stack: Stmt[] = [func.body];
  for (let stmt = stack.pop(); stmt !== undefined; stmt = stack.pop()) {
    const { exprs, stmts } = partsOf(stmt);
    pending.push(...exprs);
    for (const inner of stmts) stack.push(inner);
    if (stmt.kind === "Let") lets.set(stmt.variable, stmt.value);
    if (stmt.kind === "Assert") result.asserts = true;
    if (stmt.kind === "Store") touch(result.access, stmt.buffer, "write");
    if (stmt.kind === "Atomic") for (const how of ["read", "write"] as const) touch(result.access, stmt.buffer, how);
    if (stmt.kind === "KernelCall" || stmt.kind === "ParallelCall") result.calls.push(stmt);
    if (stmt.kind === "ParallelCall") result.hasParallelCall = true;
  }
  followUses(result, pending, lets);
  return result;
}

/** Marks what the expressions use, and through the variables they use, what those stand for. */
function followUses(result: Scan, pending: Expr[], lets: Map<Var, Expr>): void {
  const seen = new Set<Expr>();
  while (pending.length > 0) {
    const roots = pending.splice(0).filter((root) => !seen.has(root));
    for (const expr of postorder(roots)) {
      if (seen.has(expr)) continue;
      seen.add(expr);
      if (expr.kind === "Load") touch(result.access, expr.buffer, "read");
      if (expr.kind === "Var" && !result.used.has(expr)) {
        result.used.add(expr);
        const value = lets.get(expr);
        if (value !== undefined) pending.push(value);
      }
    }
  }
}

/** Functions, callees first. */
function callOrder(
  module: IRModule,
  byName: ReadonlyMap<string, PrimFunc>,
  scans: ReadonlyMap<PrimFunc, Scan>,
): readonly PrimFunc[] {
  const order: PrimFunc[] = [];
  const state = new Map<PrimFunc, "open" | "done">();
  for (const root of module.functions) {
    const path: { readonly func: PrimFunc; next: number; readonly span: Span }[] = [];
    const enter = (func: PrimFunc, span: Span): void => {
      if (state.get(func) === "open")
        throw new CompileError(recursiveCall([...path.map((step) => step.func.name), func.name], span));
      if (state.has(func)) return;
      state.set(func, "open");
      path.push({ func, next: 0, span });
    };
    enter(root, root.span);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const call = scans.get(top.func)?.calls[top.next++];
      if (call !== undefined) {
        enter(byName.get(call.callee) as PrimFunc, call.span);
        continue;
      }
      state.set(top.func, "done");
      order.push(top.func);
      path.pop();
    }
  }
  return order;
}
