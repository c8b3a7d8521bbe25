// Numbers that a module must keep: bytes of memory scopes, bytes of a vector, blocks and threads of a launch.
import type { Diagnostic } from "@tilewright/diagnostics";
import {
  type Allocate, bitsOf, bytesOf, type Expr, type For, type IRModule, isConst, type KernelCall, type PrimFunc, type Stmt, type ThreadTag, visit,
} from "@tilewright/ir"; // biome-ignore format: a list
import type { Capabilities, LaunchCapabilities } from "./capabilities.js";
import { beyondLimit } from "./errors.js";

/** A diagnostic for each limit that a module exceeds. Extents that are not constant are not judged. */
export function beyondLimits(module: IRModule, capabilities: Capabilities, backend: string): readonly Diagnostic[] {
  return module.functions.flatMap((func) => [
    ...memoryBeyond(func, capabilities, backend),
    ...vectorsBeyond(func, capabilities, backend),
    ...(capabilities.launch === null ? [] : launchesBeyond(func, capabilities.launch, backend)),
  ]);
}

/** The most bytes of each scope that are allocated at once, against what the scope holds. */
function memoryBeyond(func: PrimFunc, { memory }: Capabilities, backend: string): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  const alive = new Map<string, number>();
  type Step = Stmt | { readonly scope: string; readonly bytes: number };
  const stack: Step[] = [func.body];
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    if ("scope" in step && "bytes" in step) {
      alive.set(step.scope, (alive.get(step.scope) ?? 0) - step.bytes);
      continue;
    }
    if (step.kind === "Allocate") {
      const { scope } = step.buffer;
      const bytes = allocatedBytes(step);
      const total = (alive.get(scope) ?? 0) + bytes;
      alive.set(scope, total);
      stack.push({ scope, bytes });
      const most = memory[scope]?.maxBytes ?? null;
      if (most !== null && total > most && !found.has(scope))
        found.set(scope, beyondLimit(backend, `${scope} memory`, `${most} bytes`, `${total} bytes`, step.buffer.span));
    }
    for (const inner of innerStatements(step)) stack.push(inner);
  }
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

/** The widest vector, if no register holds it. Bools are masks, as wide as what they select; lanes of `index` are an address. */
function vectorsBeyond({ body }: PrimFunc, { vector }: Capabilities, backend: string): readonly Diagnostic[] {
  if (vector === null) return [];
  let widest: Expr | undefined;
  const bytes = ({ dtype, lanes }: Expr): number => (lanes * bitsOf(dtype)) / 8;
  visit(body, {
    enter: (node) => {
      if (!("lanes" in node) || node.lanes === 1 || node.dtype === "bool" || node.dtype === "index") return;
      if (bytes(node as Expr) > bytes(widest ?? (node as Expr)) || widest === undefined) widest = node as Expr;
    },
  });
  if (widest === undefined || bytes(widest) <= vector.bytes) return [];
  const actual = `${widest.dtype}x${widest.lanes}, ${bytes(widest)} bytes`;
  return [beyondLimit(backend, "vectors", `${vector.bytes} bytes`, actual, widest.span)];
}

const AXES = ["x", "y", "z"] as const;

function launchesBeyond(func: PrimFunc, launch: LaunchCapabilities, backend: string): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const threadsOf = new Map<ThreadTag, number>();
  const check = (what: string, count: number, most: number, node: For | KernelCall): void => {
    if (count > most) found.push(beyondLimit(backend, what, `${most}`, `${count}`, node.span));
  };
  const along = (tag: ThreadTag, count: number, node: For | KernelCall): void => {
    const axis = AXES.indexOf(tag.slice(-1) as "x");
    const isBlock = tag.startsWith("blockIdx");
    const most = (isBlock ? launch.maxBlocks : launch.maxThreads)[axis] ?? 1;
    check(`${isBlock ? "blocks of a launch" : "threads of a block"} along ${AXES[axis]}`, count, most, node);
    if (!isBlock) threadsOf.set(tag, Math.max(count, threadsOf.get(tag) ?? 1));
  };
  const all = (counts: Iterable<number>, node: For | KernelCall): void =>
    check("threads of a block", [...counts].reduce((product, count) => product * count, 1), launch.maxThreadsPerBlock, node); // biome-ignore format: one call
  visit(func.body, {
    For: (loop) => {
      if (loop.thread === null || !isConst(loop.extent)) return;
      along(loop.thread, Number(loop.extent.value), loop);
      if (loop.thread.startsWith("threadIdx")) all(threadsOf.values(), loop);
    },
    KernelCall: (call) => {
      if (call.launch === null) return;
      const blocks = constants(call.launch.grid).map((count, axis) => [`blockIdx.${AXES[axis]}`, count] as const);
      const threads = constants(call.launch.block).map((count, axis) => [`threadIdx.${AXES[axis]}`, count] as const);
      for (const [tag, count] of [...blocks, ...threads]) along(tag as ThreadTag, count, call);
      all(
        threads.map(([, count]) => count),
        call,
      );
    },
  });
  return found;
}

/** Extents of a launch from x on; one that is not constant counts as 1. */
function constants(extents: readonly Expr[]): readonly number[] {
  return [...extents].reverse().map((extent) => (isConst(extent) ? Number(extent.value) : 1));
}
