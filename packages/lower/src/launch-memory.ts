// Where the allocations of a launch go. A launch allocates nothing but shared memory, once, and private memory of a thread:
// - what one thread alone uses is `local`, or, where that is too much, a part for each thread of memory that the host allocates;
// - `shared` memory, and `local` memory around thread loops, is shared memory of the whole launch. Iterations of a loop then use the same
//   bytes: a barrier before each keeps them apart;
// - `global` memory that threads share is a part for each block of memory that the host allocates.
import {
  type Allocate, type Buffer, type BufferRegion, bitsOf, buffer, build, type Expr, int, rewrite, type Stmt, sequence, type ThreadTag, type Var,
} from "@tilewright/ir"; // biome-ignore format: a list
import { stepsOf } from "./block.js";
import { contains } from "./count-nodes.js";
import { someStatement, statementsIn } from "./each-statement.js";
import { checkSize } from "./flatten.js";
import { plus, times } from "./index-arithmetic.js";
import { allocatedBytes } from "./launch.js";

/** One dimension of a launch, from 0. */
export interface Axis {
  readonly tag: ThreadTag;
  readonly variable: Var;
  readonly extent: number;
}

export interface PlacedMemory {
  readonly body: Stmt;
  /** To be allocated in the launch, around everything. */
  readonly shared: readonly Buffer[];
  /** To be allocated by the host, around the launch. */
  readonly host: readonly Buffer[];
}

/** Bytes of private memory beyond which a thread gets a part of global memory instead. */
const MOST_PRIVATE_BYTES = 16_384;

/** What becomes of one allocation. */
interface Placement {
  readonly buffer: Buffer;
  readonly home: "thread" | "launch" | "host";
  /** The part of the block or thread begins here. */
  readonly offset: Expr;
  /** A barrier comes before: other threads may still use the memory for an iteration of before. */
  readonly barrier: boolean;
}

/** @throws CompileError LOW201 memory that becomes too large when each block has its own */
export function placeMemory(
  body: Stmt,
  blocks: readonly Axis[],
  threads: readonly Axis[],
  privateBytes: number | null,
): PlacedMemory {
  const most = Math.min(privateBytes ?? MOST_PRIVATE_BYTES, MOST_PRIVATE_BYTES);
  const placements = new Map<Buffer, Placement>();
  for (const found of allocationsIn(body)) placements.set(found.allocate.buffer, place(found, blocks, threads, most));
  const at = (home: Placement["home"]): Buffer[] =>
    [...placements.values()].flatMap((placement) => (placement.home === home ? [placement.buffer] : []));
  return { body: placements.size === 0 ? body : moved(body, placements), shared: at("launch"), host: at("host") };
}

interface Found {
  readonly allocate: Allocate;
  /** Tags of the thread loops around. */
  readonly tags: readonly ThreadTag[];
  /** A loop stands around it, inside of a thread loop, that does not end with a barrier of its own. */
  readonly repeated: boolean;
}

function allocationsIn(root: Stmt): readonly Found[] {
  const found: Found[] = [];
  type Visit = Omit<Found, "allocate"> & { readonly stmt: Stmt };
  const stack: Visit[] = [{ stmt: root, tags: [], repeated: false }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { stmt } = top;
    let { tags, repeated } = top;
    if (stmt.kind === "Allocate") found.push({ allocate: stmt, tags, repeated });
    if (stmt.kind === "For" && stmt.thread !== null) tags = [...tags, stmt.thread];
    else if ((stmt.kind === "For" || stmt.kind === "While") && tags.length > 0)
      repeated = repeated || !(beginsWithAllocation(stmt.body) && endsWithBarrier(stmt.body));
    for (const inner of statementsIn(stmt)) stack.push({ stmt: inner, tags, repeated });
  }
  return found;
}

const beginsWithAllocation = (stmt: Stmt): boolean => stepsOf(stmt)[0]?.kind === "Allocate";

function endsWithBarrier(stmt: Stmt): boolean {
  const last = stepsOf(stmt).at(-1);
  return last?.kind === "Barrier" || (last?.kind === "Allocate" && endsWithBarrier(last.body));
}

function place(found: Found, blocks: readonly Axis[], threads: readonly Axis[], most: number): Placement {
  const { buffer: of, body } = found.allocate;
  const inner = someStatement(body, (stmt) => stmt.kind === "For" && stmt.loopKind === "thread");
  const stay = (scope = of.scope): Placement => ({
    buffer: scope === of.scope ? of : resized(of, scope, []),
    home: "thread",
    offset: int(0),
    barrier: false,
  });
  const move = (home: "launch" | "host", axes: readonly Axis[]): Placement => ({
    buffer: resized(of, home === "launch" ? "shared" : "global", axes),
    home,
    offset: partOf(of, axes),
    barrier: home === "launch" && found.repeated,
  });
  const around = threads.filter(({ tag }) => found.tags.includes(tag));
  switch (of.scope) {
    case "shared":
      // Without a barrier inside no thread sees what another wrote, so that each may have its own.
      return found.repeated && !inner && !contains(body, ["Barrier"]) ? stay("local") : move("launch", []);
    case "global":
      if (inner) return move("host", [...blocks, ...around]);
      return allocatedBytes(of) <= most ? stay("local") : move("host", [...blocks, ...threads]);
    case "local":
    case "warp":
      return inner ? move("launch", around) : stay();
    default:
      return stay();
  }
}

/** An allocation of the host in place of one around launches: in global memory, with a part for each block. */
export function hostAllocation({ buffer: of, body, span }: Allocate, blocks: readonly Axis[]): Allocate {
  const made = resized(of, "global", blocks);
  const placement = { buffer: made, offset: partOf(of, blocks) };
  return { kind: "Allocate", span, buffer: made, body: moved(body, new Map([[of, placement]])) };
}

/** The buffer, with a part for each value of `axes`. */
function resized(of: Buffer, scope: Buffer["scope"], axes: readonly Axis[]): Buffer {
  const { name, dtype, alignment, span } = of;
  const size = axes.reduce(
    (count, { extent }) => count * extent,
    axes.length === 0 ? (checkSize(of) ?? 0) : partSize(of),
  );
  const made = buffer(name, { dtype, shape: [size], scope, alignment }, span);
  checkSize(made);
  return made;
}

/** Where the part begins that belongs to these values of `axes`. */
function partOf(of: Buffer, axes: readonly Axis[]): Expr {
  let part: Expr = int(0);
  for (const { variable, extent } of axes) part = plus(times(part, int(extent)), extent === 1 ? int(0) : variable);
  return times(part, int(partSize(of)));
}

/** Elements of a part: as many as keep every part aligned. */
function partSize(of: Buffer): number {
  const step = Math.max(1, (of.alignment * 8) / bitsOf(of.dtype));
  return Math.ceil((checkSize(of) ?? 0) / step) * step;
}

/** `body` without the allocations that go elsewhere, with every access where it now belongs. */
function moved(
  body: Stmt,
  placements: ReadonlyMap<Buffer, Pick<Placement, "buffer" | "offset"> & Partial<Placement>>,
): Stmt {
  const access = <N extends { readonly buffer: Buffer; readonly indices: readonly Expr[] }>(node: N): N | undefined => {
    const placement = placements.get(node.buffer);
    if (placement === undefined) return undefined;
    return {
      ...node,
      buffer: placement.buffer,
      indices: node.indices.map((index) => shifted(index, placement.offset)),
    };
  };
  return rewrite<Stmt>(body, {
    Load: access,
    Store: access,
    Atomic: access,
    BufferRegion: (node): BufferRegion | undefined => {
      const placement = placements.get(node.buffer);
      return (
        placement && { ...node, buffer: placement.buffer, mins: node.mins.map((min) => plus(min, placement.offset)) }
      );
    },
    Allocate: (node) => {
      const placement = placements.get(node.buffer);
      if (placement === undefined) return undefined;
      if (placement.home === "thread") return { ...node, buffer: placement.buffer };
      const barrier: Stmt = { kind: "Barrier", span: node.span, scope: "shared" };
      return placement.barrier ? sequence([barrier, node.body]) : node.body;
    },
  });
}

/** `index + offset`, lane by lane. */
function shifted(index: Expr, offset: Expr): Expr {
  if (index.lanes === 1) return plus(index, offset);
  if (index.kind === "Ramp") return { ...index, base: plus(index.base, offset) };
  return build.add(index, build.broadcast(offset, index.lanes));
}
