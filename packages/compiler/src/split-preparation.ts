/**
 * Rule: what a kernel computes from constants alone, in statements of their own at its root, is computed once:
 *
 *     kernel(W, X, Y) { allocate P { P = pack(W); Y = product(P, X) } }
 *       →  prepare(W, P) { P = pack(W) }     once, at load
 *          kernel(X, P, Y) { Y = product(P, X) }
 */
import { type Buffer, type PrimFunc, type Stmt, sequence, visit } from "@tilewright/ir";

/** A kernel in two parts. */
export interface SplitKernel {
  /** Parameters: the constants that it reads, in the order of the kernel's, then `prepared`. */
  readonly prepare: PrimFunc;
  /** Parameters: those of the kernel that it still reads, `prepared`, the output. */
  readonly run: PrimFunc;
  /** What `prepare` writes and `run` reads. */
  readonly prepared: readonly Buffer[];
}

/** A statement at the root, neither a sequence nor an allocation, with the memory from outside that it reads and writes. */
interface Part {
  readonly statement: Stmt;
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
  /** It does nothing else than read and write. */
  readonly isPlain: boolean;
}

/**
 * Splits a kernel of buffers, the last of which is its output. `constants` are some of the others. Null when nothing is computed from constants
 * alone.
 */
export function splitPreparation(func: PrimFunc, constants: ReadonlySet<Buffer>): SplitKernel | null {
  if (constants.size === 0) return null;
  const { memory, parts } = rootOf(func.body);
  const early = earlyParts(parts, memory.filter(canBeParameter), constants);
  const late = parts.filter((part) => !early.includes(part));
  const [readEarly, readLate] = [early, late].map((some) => new Set(some.flatMap(({ reads }) => [...reads])));
  const written = new Set(early.flatMap(({ writes }) => [...writes]));
  const prepared = memory.filter((buffer) => written.has(buffer) && readLate?.has(buffer));
  const buffers = func.parameters.filter((parameter) => parameter.kind === "Buffer");
  const given = buffers.filter((buffer) => readEarly?.has(buffer));
  const output = buffers.at(-1);
  if (prepared.length === 0 || given.length === 0 || output === undefined || buffers.length < func.parameters.length)
    return null;
  const kept = buffers.filter((buffer) => buffer !== output && (readLate?.has(buffer) || !constants.has(buffer)));
  const part = (parts: readonly Part[], own: (buffer: Buffer) => boolean): Stmt =>
    bodyOf(func.body, new Set(parts.map(({ statement }) => statement)), new Set(memory.filter(own)));
  return {
    prepare: {
      ...func,
      parameters: [...given, ...prepared],
      mayAlias: [],
      body: part(early, (buffer) => written.has(buffer) && !prepared.includes(buffer)),
    },
    run: {
      ...func,
      parameters: [...kept, ...prepared, output],
      body: part(late, (buffer) => !written.has(buffer)),
    },
    prepared,
  };
}

function rootOf(body: Stmt): { readonly memory: readonly Buffer[]; readonly parts: readonly Part[] } {
  const memory: Buffer[] = [];
  const parts: Part[] = [];
  const walk = (statement: Stmt): void => {
    if (statement.kind === "Seq") statement.stmts.forEach(walk);
    else if (statement.kind === "Allocate") {
      memory.push(statement.buffer);
      walk(statement.body);
    } else parts.push(partOf(statement));
  };
  walk(body);
  return { memory, parts };
}

/** Kinds of statements that only read and write, and bind or repeat others. */
const PLAIN: Readonly<Record<Stmt["kind"], boolean>> = {
  For: true, Store: true, If: true, Let: true, Register: true, Assign: true, Allocate: true, Seq: true,
  While: false, Assert: false, Evaluate: false, Atomic: false, Barrier: false, Async: false, PushToken: false, PopToken: false,
  Synchronize: false, KernelCall: false, ParallelCall: false,
}; // biome-ignore format: a table

function partOf(statement: Stmt): Part {
  const reads = new Set<Buffer>();
  const writes = new Set<Buffer>();
  const own = new Set<Buffer>();
  let isPlain = true;
  const kinds: Readonly<Record<string, boolean>> = PLAIN;
  visit(statement, {
    enter: (node) => {
      if (node.kind === "Load") reads.add(node.buffer);
      else if (node.kind === "Store") writes.add(node.buffer);
      else if (node.kind === "Allocate") own.add(node.buffer);
      if (node.kind === "Call" || kinds[node.kind] === false) isPlain = false;
    },
  });
  const outer = (buffers: ReadonlySet<Buffer>): ReadonlySet<Buffer> =>
    new Set([...buffers].filter((buffer) => !own.has(buffer)));
  return { statement, reads: outer(reads), writes: outer(writes), isPlain };
}

/** The parts that read nothing but constants and what such parts have written, into memory that no other part writes. */
function earlyParts(
  parts: readonly Part[],
  memory: readonly Buffer[],
  constants: ReadonlySet<Buffer>,
): readonly Part[] {
  const own = new Set(memory);
  const isEarly = ({ reads, writes, isPlain }: Part): boolean =>
    isPlain &&
    [...reads].every((buffer) => constants.has(buffer) || own.has(buffer)) &&
    [...writes].every((buffer) => own.has(buffer));
  let early = parts;
  for (;;) {
    const still = early.filter(isEarly);
    for (const { writes } of parts.filter((part) => !still.includes(part)))
      for (const buffer of writes) own.delete(buffer);
    if (still.length === early.length) return still;
    early = still;
  }
}

/** Dense memory of a known size that any thread can reach. */
function canBeParameter({ scope, strides, shape }: Buffer): boolean {
  return scope === "global" && strides === null && shape.every(({ kind }) => kind === "Const");
}

/** The body with some of its statements and allocations. */
function bodyOf(body: Stmt, statements: ReadonlySet<Stmt>, memory: ReadonlySet<Buffer>): Stmt {
  if (body.kind === "Seq") return sequence(body.stmts.map((each) => bodyOf(each, statements, memory)));
  if (body.kind === "Allocate") {
    const inner = bodyOf(body.body, statements, memory);
    return memory.has(body.buffer) ? { ...body, body: inner } : inner;
  }
  return statements.has(body) ? body : sequence([]);
}
