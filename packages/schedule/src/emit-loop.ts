import {
  at, type Buffer, bytesOf, type Const, type Expr, type For, int, isConst, rewrite, type Stmt, sequence, substitute, visit,
} from "@tilewright/ir"; // biome-ignore format: a list
import { withBarriers } from "./cooperative.js";
import type { Lifetime } from "./pipeline.js";
import type { Pipeline, Stage } from "./schedule.js";

/** A stage that is computed in a loop. */
export interface Inner {
  readonly stage: Stage;
  readonly nest: Stmt;
  /** What is computed once, before the loop; null when nothing lasts from one iteration to the next. */
  readonly warmUp: Stmt | null;
  readonly buffers: readonly Buffer[];
  /** Memory that lies further out and is filled here by the threads of a block together. */
  readonly filled: readonly Buffer[];
  readonly lifetime: Lifetime;
}

/**
 * A loop with the stages that are computed in it: their nests before its body, their memory fresh in each iteration. A rolled stage has its
 * memory, and what it computes first, in front of the loop. In a pipelined loop the statements are shifted against each other.
 */
export function loopWith(loop: For, owner: Stage, inner: readonly Inner[], pipeline: Pipeline | null): Stmt {
  const rolled = inner.filter(({ warmUp }) => warmUp !== null);
  const lasting = inner.filter(({ warmUp, lifetime }) => warmUp === null && lifetime.lasts);
  const fresh = inner.filter((each) => !rolled.includes(each) && !lasting.includes(each));
  const operands = operandsIn([...inner.map(({ nest }) => nest), loop.body]);
  const copies = new Map(
    lasting.flatMap(({ buffers, lifetime: { versions } }) =>
      buffers.map((one) => [one, several(one, versions, operands.has(one))]),
    ),
  );
  const made =
    pipeline === null
      ? { ...loop, body: sequence(withBarriers([...inner, { nest: loop.body, filled: [] }], loop.span)) }
      : pipelined(loop, owner, inner, pipeline, copies);
  const whole = { ...made, body: allocated(buffersOf(fresh), made.body) };
  const before = rolled.map(({ warmUp }) => warmUp as Stmt);
  return allocated([...buffersOf(rolled), ...copies.values()], sequence([...before, whole], loop.span));
}

const buffersOf = (inner: readonly Inner[]): readonly Buffer[] => inner.flatMap(({ buffers }) => buffers);

/** A statement with memory of its own. */
export function allocated(buffers: readonly Buffer[], body: Stmt): Stmt {
  return buffers.reduceRight<Stmt>((inner, memory) => at(memory.span).allocate(memory, inner), body);
}

/** Neighbours in the order that have one number stand under one guard. */
function pipelined(
  loop: For,
  owner: Stage,
  inner: readonly Inner[],
  { numbers, order }: Pipeline,
  copies: ReadonlyMap<Buffer, Buffer>,
): For {
  const nests = new Map<Stage, Stmt>([...inner.map(({ stage, nest }) => [stage, nest] as const), [owner, loop.body]]);
  const present = order.filter((stage) => nests.has(stage));
  const all = present.map((stage) => numbers.get(stage) ?? 0);
  const [first, last] = [Math.min(...all), Math.max(...all)];
  const groups: { readonly number: number; readonly stmts: Stmt[] }[] = [];
  for (const stage of present) {
    const number = (numbers.get(stage) ?? 0) - first;
    const nest = inVersion(nests.get(stage) as Stmt, loop.loopVar, copies);
    const group = groups.at(-1);
    if (group?.number === number) group.stmts.push(nest);
    else groups.push({ number, stmts: [nest] });
  }
  const body = sequence(
    groups.map(({ number, stmts }) => shifted(loop, sequence(stmts, loop.span), number, last - first)),
    loop.span,
  );
  return { ...loop, extent: int(countOf(loop) + last - first), body };
}

const countOf = ({ extent }: For): number => Number((extent as Const).value);

/** A statement `number` iterations late in a loop that runs `longest` iterations longer. */
function shifted({ loopVar, span, ...loop }: For, stmt: Stmt, number: number, longest: number): Stmt {
  const b = at(span);
  const end = Number((loop.extent as Const).value) + number;
  const late = number === 0 ? stmt : substitute(stmt, new Map([[loopVar, b.sub(loopVar, int(number))]]));
  const ended = number === longest ? late : b.when(b.binary("lt", loopVar, int(end)), late, "guard");
  return number === 0 ? ended : b.when(b.binary("ge", loopVar, int(number)), ended, "guard");
}

/** Buffers that intrinsics take. */
function operandsIn(stmts: readonly Stmt[]): ReadonlySet<Buffer> {
  const found = new Set<Buffer>();
  for (const stmt of stmts)
    visit(stmt, {
      KernelCall: ({ args }) => {
        for (const arg of args) if (arg.kind === "BufferRegion") found.add(arg.buffer);
      },
    });
  return found;
}

/** A buffer with a leading dimension of versions, each of which begins at its alignment when intrinsics rely on that. */
function several(one: Buffer, versions: number, aligned: boolean): Buffer {
  const extents = one.shape.map((extent) => Number((extent as Const).value));
  const dense = extents.map((_, dimension) => extents.slice(dimension + 1).reduce((all, extent) => all * extent, 1));
  const strides = one.strides ?? dense.map((stride) => int(stride));
  const size = extents.length === 0 ? 1 : Number((strides[0] as Const).value) * (extents[0] ?? 1);
  const unit = aligned ? Math.max(1, one.alignment / bytesOf(one.dtype)) : 1;
  const apart = Math.ceil(size / unit) * unit;
  const shape = [int(versions), ...one.shape];
  return { ...one, shape, strides: one.strides === null && apart === size ? null : [int(apart), ...strides] };
}

/** Accesses of versioned buffers go to the version of the iteration `loopVar`. */
function inVersion(stmt: Stmt, loopVar: Expr, copies: ReadonlyMap<Buffer, Buffer>): Stmt {
  if (copies.size === 0) return stmt;
  const slot = ({ span, shape: [versions] }: Buffer): Expr =>
    isConst(versions as Expr, 1) ? int(0) : at(span).binary("floormod", loopVar, versions as Expr);
  const access = <N extends { readonly buffer: Buffer; readonly indices: readonly Expr[] }>(node: N): N | undefined => {
    const buffer = copies.get(node.buffer);
    return buffer === undefined ? undefined : { ...node, buffer, indices: [slot(buffer), ...node.indices] };
  };
  return rewrite(stmt, {
    Load: access,
    Store: access,
    Atomic: access,
    BufferRegion: (node) => {
      const buffer = copies.get(node.buffer);
      if (buffer === undefined) return undefined;
      return { ...node, buffer, mins: [slot(buffer), ...node.mins], extents: [int(1), ...node.extents] };
    },
  });
}
