// Rule: a small allocation whose accesses all have constant indices becomes registers, one for each chunk of elements that are accessed
// together. Reads and writes of a part of a chunk pick or insert lanes. A loop that indexes the buffer with its own variable (the scalar
// edge of a tile) sees a copy in memory, made before it and read back after it.
import {
  type Allocate, at, type Buffer, build, type Expr, type For, int, type Load, buffer as newBuffer, rewrite, type Stmt, type Store, sequence, type Var, variable,
  visit, zero,
} from "@tilewright/ir"; // biome-ignore format: a list
import { accessesIn, constantSpanOf } from "./access-sites.js";
import { mentions } from "./guards.js";
import { constantOf } from "./index-arithmetic.js";
import { pickLanes } from "./legalize-vectors.js";
import { bodyPass } from "./pass.js";

/** Elements of the largest buffer that is tried. */
const MAX_ELEMENTS = 512;
/** Registers that one buffer may become. */
const MAX_CHUNKS = 64;

export const promoteLocals = bodyPass({
  name: "promote-locals",
  requires: "flat",
  establishes: "flat",
  run: (body) => rewrite(body, { Allocate: promote }),
});

interface Chunk {
  readonly first: number;
  readonly lanes: number;
  readonly register: Var;
}

function promote(allocate: Allocate): Stmt | undefined {
  const { buffer } = allocate;
  const elements = constantOf(buffer.shape[0] as Expr) ?? Number.POSITIVE_INFINITY;
  if (elements > MAX_ELEMENTS || (buffer.scope !== "local" && buffer.scope !== "global")) return undefined;
  if (accessesIn(allocate.body).get(buffer)?.escapes === true) return undefined;
  const dynamic = dynamicStatements(allocate.body, buffer);
  const spans = dynamic === undefined ? undefined : constantSpans(allocate.body, buffer, dynamic);
  const chunks = spans === undefined ? undefined : chunksOf(spans, buffer);
  if (dynamic === undefined || chunks === undefined || chunks.length > MAX_CHUNKS) return undefined;
  // A loop with a varying index may reach every element, so registers must hold all of them.
  if (dynamic.size > 0 && chunks.reduce((sum, chunk) => sum + chunk.lanes, 0) !== elements) return undefined;
  const body = rewrite(allocate.body, {
    ...spillRules(chunks, buffer, dynamic),
    Load: (load) => (load.buffer === buffer ? readChunk(load, chunks) : undefined),
    Store: (store) => (store.buffer === buffer ? writeChunk(store, chunks) : undefined),
  });
  return chunks.reduceRight<Stmt>(
    (inner, { register }) => build.register(register, zero(register.dtype, register.lanes), inner),
    body,
  );
}

/**
 * The outermost loops that access `buffer` with a varying index. Undefined when one of them stands in a loop, where copying
 * each time would cost more than it saves, or when the buffer is used in another way.
 */
function dynamicStatements(body: Stmt, buffer: Buffer): ReadonlySet<Stmt> | undefined {
  const dynamic = new Set<Stmt>();
  let possible = true;
  const isVarying = (stmt: Stmt): boolean => {
    let varying = false;
    const see = (node: Load | Store): void => {
      if (node.buffer === buffer && constantSpanOf(node.indices) === undefined) varying = true;
    };
    visit(stmt, { Load: see, Store: see });
    return varying;
  };
  const constant = (node: Load | Store): void => {
    possible = possible && (node.buffer !== buffer || constantSpanOf(node.indices) !== undefined);
  };
  const walk = (root: Stmt, inLoop: boolean): void =>
    visit(root, {
      For: (loop) => {
        if (loop.loopKind !== "serial") possible &&= !touches(loop, buffer);
        else if (!isVarying(loop)) return true;
        else if (inLoop) possible = false;
        else if (ownVariable(loop, buffer)) dynamic.add(loop);
        else walk(loop.body, true);
        return false;
      },
      Load: constant,
      Store: constant,
      Async: () => {
        possible = false;
      },
    });
  walk(body, false);
  return possible ? dynamic : undefined;
}

/** True when `loop` itself moves over `buffer`. */
function ownVariable(loop: For, buffer: Buffer): boolean {
  let found = false;
  const own = new Set([loop.loopVar]);
  const see = (node: Load | Store): void => {
    if (node.buffer === buffer && node.indices.some((index) => mentions(index, own))) found = true;
  };
  visit(loop.body, { Load: see, Store: see });
  return found;
}

function touches(stmt: Stmt, buffer: Buffer): boolean {
  let found = false;
  const see = (node: Load | Store): void => {
    found = found || node.buffer === buffer;
  };
  visit(stmt, { Load: see, Store: see });
  return found;
}

type Spans = Map<string, { readonly first: number; readonly lanes: number }>;

function constantSpans(body: Stmt, buffer: Buffer, dynamic: ReadonlySet<Stmt>): Spans {
  const spans: Spans = new Map();
  const see = (node: Load | Store): void => {
    const span = node.buffer === buffer ? constantSpanOf(node.indices) : undefined;
    if (span !== undefined) spans.set(`${span.first}+${span.lanes}`, span);
  };
  visit(body, { Load: see, Store: see, For: (loop) => !dynamic.has(loop) });
  return spans;
}

/** Chunks that cover all spans, each as wide as its widest span; undefined when spans overlap otherwise. */
function chunksOf(spans: Spans, buffer: Buffer): readonly Chunk[] | undefined {
  const wideFirst = [...spans.values()].sort((a, b) => b.lanes - a.lanes || a.first - b.first);
  const chunks: Chunk[] = [];
  for (const { first, lanes } of wideFirst) {
    const overlapping = chunks.filter((chunk) => first < chunk.first + chunk.lanes && chunk.first < first + lanes);
    const [inside] = overlapping;
    if (inside === undefined) {
      const register = variable(`${buffer.name}${first}`, buffer.dtype, lanes, buffer.span);
      chunks.push({ first, lanes, register });
    } else if (overlapping.length > 1 || first < inside.first || first + lanes > inside.first + inside.lanes)
      return undefined;
  }
  return chunks.sort((a, b) => a.first - b.first);
}

function chunkOf(
  node: Load | Store,
  chunks: readonly Chunk[],
): { readonly chunk: Chunk; readonly offset: number; readonly lanes: number } | undefined {
  const span = constantSpanOf(node.indices);
  const chunk = span && chunks.find(({ first, lanes }) => span.first >= first && span.first < first + lanes);
  return span && chunk && { chunk, offset: span.first - chunk.first, lanes: span.lanes };
}

function readChunk(load: Load, chunks: readonly Chunk[]): Expr | undefined {
  const place = chunkOf(load, chunks);
  if (place === undefined) return undefined;
  const { chunk, offset, lanes } = place;
  const value = lanes === chunk.lanes ? chunk.register : pickLanes(chunk.register, offset, lanes);
  return load.predicate === null ? value : at(load.span).select(load.predicate, value, zero(load.dtype, lanes));
}

function writeChunk(store: Store, chunks: readonly Chunk[]): Stmt | undefined {
  const place = chunkOf(store, chunks);
  if (place === undefined) return undefined;
  const { chunk, offset, lanes } = place;
  const b = at(store.span);
  const before = lanes === chunk.lanes ? chunk.register : pickLanes(chunk.register, offset, lanes);
  const value = store.predicate === null ? store.value : b.select(store.predicate, store.value, before);
  if (lanes === chunk.lanes) return b.assign(chunk.register, value);
  const order = Array.from({ length: chunk.lanes }, (_, lane) =>
    lane >= offset && lane < offset + lanes ? chunk.lanes + lane - offset : lane,
  );
  return b.assign(chunk.register, b.shuffle([chunk.register, value], order));
}

/** Around a statement with varying indices: registers to memory, the statement on memory, memory to registers. */
function spillRules(chunks: readonly Chunk[], buffer: Buffer, dynamic: ReadonlySet<Stmt>) {
  if (dynamic.size === 0) return {};
  const spill = (loop: For): Stmt => {
    const { name, dtype, shape, scope, alignment } = buffer;
    const memory = newBuffer(name, { dtype, shape, scope, alignment }, buffer.span);
    const place = ({ first, lanes }: Chunk): readonly Expr[] => [
      lanes === 1 ? int(first) : build.ramp(int(first), int(1), lanes),
    ];
    const renamed = rewrite<Stmt>(loop, {
      Load: (node) => (node.buffer === buffer ? { ...node, buffer: memory } : undefined),
      Store: (node) => (node.buffer === buffer ? { ...node, buffer: memory } : undefined),
    });
    let writes = false;
    visit(loop, {
      Store: (node) => {
        writes = writes || node.buffer === buffer;
      },
    });
    return build.allocate(
      memory,
      sequence([
        ...chunks.map((chunk) => build.store(memory, place(chunk), chunk.register)),
        renamed,
        ...(writes ? chunks.map((chunk) => build.assign(chunk.register, build.load(memory, place(chunk)))) : []),
      ]),
    );
  };
  return { For: { enter: (loop: For) => (dynamic.has(loop) ? spill(loop) : undefined) } };
}
