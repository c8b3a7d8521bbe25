// Numbers that a module must keep: bytes of memory scopes, bytes of a vector, blocks and threads of a launch.
import type { Diagnostic } from "@tilewright/diagnostics";
import {
  type Allocate, bytesOf, type Expr, type For, type IRModule, isConst, type KernelCall, type PrimFunc, type Stmt, type ThreadTag, typeName,
} from "@tilewright/ir"; // biome-ignore format: a list
import type { Capabilities, LaunchCapabilities } from "./capabilities.js";
import { beyondLimit } from "./errors.js";
import { registerBytes } from "./features.js";

/**
 * A diagnostic for each limit that a module exceeds; `widest` are its widest vectors, as `surveyOf` finds them. Extents that are not constant
 * are not judged.
 */
export function beyondLimits(
  { functions }: IRModule,
  widest: readonly Expr[],
  capabilities: Capabilities,
  backend: string,
): readonly Diagnostic[] {
  const { memory, launch } = capabilities;
  const limited = Object.values(memory).some((scope) => scope?.maxBytes !== null);
  return [
    ...(limited ? functions.flatMap((func) => memoryBeyond(func, memory, backend)) : []),
    ...vectorsBeyond(widest, capabilities, backend),
    ...(launch === null ? [] : functions.flatMap((func) => launchesBeyond(func, launch, backend))),
  ];
}

/** Calls `enter` on each statement, outer before inner, and what that returns once the inner ones are done. */
function eachStatement(root: Stmt, enter: (stmt: Stmt) => (() => void) | undefined): void {
  const stack: (Stmt | (() => void))[] = [root];
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    if (typeof item === "function") {
      item();
      continue;
    }
    const leave = enter(item);
    if (leave !== undefined) stack.push(leave);
    for (const inner of innerStatements(item)) stack.push(inner);
  }
}

/** The most bytes of each scope that are allocated at once, against what the scope holds. */
function memoryBeyond(func: PrimFunc, memory: Capabilities["memory"], backend: string): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  const alive = new Map<string, number>();
  eachStatement(func.body, (stmt) => {
    if (stmt.kind !== "Allocate") return undefined;
    const { scope, span } = stmt.buffer;
    const before = alive.get(scope) ?? 0;
    const total = before + allocatedBytes(stmt);
    const most = memory[scope]?.maxBytes ?? null;
    if (most !== null && total > most && !found.has(scope))
      found.set(scope, beyondLimit(backend, `${scope} memory`, `${most} bytes`, `${total} bytes`, span));
    alive.set(scope, total);
    return () => alive.set(scope, before);
  });
  return [...found.values()];
}

function allocatedBytes({ buffer }: Allocate): number {
  const extents = buffer.shape.map((extent) => (isConst(extent) ? Number(extent.value) : 0));
  return bytesOf(
    buffer.dtype,
    extents.reduce((product, extent) => product * extent, 1),
  );
}

function innerStatements(stmt: Stmt): readonly Stmt[] {
  if (stmt.kind === "Seq") return stmt.stmts;
  if (stmt.kind === "If") return stmt.otherwise === null ? [stmt.then] : [stmt.then, stmt.otherwise];
  return "body" in stmt ? [stmt.body] : [];
}

/** The widest vectors, where no register holds them. */
function vectorsBeyond(widest: readonly Expr[], { vector }: Capabilities, backend: string): readonly Diagnostic[] {
  if (vector === null) return [];
  return widest
    .filter((value) => registerBytes(value) > vector.bytes)
    .map((value) =>
      beyondLimit(
        backend,
        "vectors",
        `${vector.bytes} bytes`,
        `${typeName(value)}, ${registerBytes(value)} bytes`,
        value.span,
      ),
    );
}

const AXES = ["x", "y", "z"] as const;

function launchesBeyond(func: PrimFunc, launch: LaunchCapabilities, backend: string): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const check = (what: string, count: number, most: number, node: For | KernelCall): void => {
    if (count > most) found.push(beyondLimit(backend, what, `${most}`, `${count}`, node.span));
  };
  const along = (tag: string, count: number, node: For | KernelCall): void => {
    const axis = AXES.indexOf(tag.slice(-1) as "x");
    const isBlock = tag.startsWith("blockIdx");
    const most = (isBlock ? launch.maxBlocks : launch.maxThreads)[axis] ?? 1;
    check(`${isBlock ? "blocks of a launch" : "threads of a block"} along ${AXES[axis]}`, count, most, node);
  };
  const inAll = (counts: Iterable<number>, node: For | KernelCall): void => {
    const threads = [...counts].reduce((product, count) => product * count, 1);
    check("threads of a block", threads, launch.maxThreadsPerBlock, node);
  };
  const threadsOf = new Map<ThreadTag, number>();
  let innermost: For | null = null;
  eachStatement(func.body, (stmt) => {
    if (stmt.kind === "For" && stmt.thread !== null && isConst(stmt.extent)) {
      const count = Number(stmt.extent.value);
      along(stmt.thread, count, stmt);
      if (stmt.thread.startsWith("blockIdx")) return undefined;
      threadsOf.set(stmt.thread, Math.max(count, threadsOf.get(stmt.thread) ?? 1));
      innermost = stmt;
    } else if (stmt.kind === "KernelCall" && stmt.launch !== null) {
      const [grid, block] = [constants(stmt.launch.grid), constants(stmt.launch.block)];
      for (const [axis, count] of grid.entries()) along(`blockIdx.${AXES[axis]}`, count, stmt);
      for (const [axis, count] of block.entries()) along(`threadIdx.${AXES[axis]}`, count, stmt);
      inAll(block, stmt);
    }
    return undefined;
  });
  if (innermost !== null) inAll(threadsOf.values(), innermost);
  return found;
}

/** Extents of a launch from x on; one that is not constant counts as 1. */
function constants(extents: readonly Expr[]): readonly number[] {
  return [...extents].reverse().map((extent) => (isConst(extent) ? Number(extent.value) : 1));
}
