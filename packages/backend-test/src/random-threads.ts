import { NO_SPAN } from "@tilewright/diagnostics";
import {
  type AtomicOp, type Buffer, buffer, build, type DType, type Expr, int, type LoopKind, type PrimFunc, type Stmt, THREAD_TAGS, type ThreadTag, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import { print } from "@tilewright/ir/text";
import type fc from "fast-check";
import { randomCondition, randomData, storable } from "./random-expr.js";
import type { LoopRange } from "./random-index.js";
import { agentOf, enter, type Part, partOf, settled } from "./random-parts.js";
import {
  atomicOp, atomicUpdate, type Context, countedDown, edgeGuard, fillLoops, randomStmt, randomStore, type Settings, sourcesOf, type Visible,
} from "./random-stmt.js"; // biome-ignore format: a list
import { arbitraryFromTape, type Tape } from "./tape.js";

export interface ThreadFuncOptions {
  /** Element types of buffers; float32 and int32 unless told. */
  readonly dtypes?: readonly DType[];
  /** Kinds of the loops inside of threads; serial unless told. */
  readonly loopKinds?: readonly LoopKind[];
  /** Element types of atomic updates; int32 unless told. */
  readonly atomics?: readonly DType[];
  /** Memory and barriers that threads share; true unless told. */
  readonly shared?: boolean;
  readonly name?: string;
}

/**
 * Random functions with launches: one to three axes of blocks and of threads, guards where there are more threads than elements, several
 * nests of threads in a block, statements of a block beside them, phases over shared memory with barriers between, atomic updates, loops
 * around all of it. In bounds, free of races and of barriers that some threads miss, nothing read before it is written, exact results.
 */
export function arbitraryThreadFunc(options: ThreadFuncOptions = {}): fc.Arbitrary<PrimFunc> {
  const { dtypes = ["float32", "int32"], loopKinds = ["serial"], atomics = ["int32"], shared = true } = options;
  const settings: Settings = {
    dtypes, loopKinds, atomics, conditions: dtypes.includes("int32"), vectorLanes: [], vectorBytes: 0, maxRank: 2, maxExtent: 8,
  }; // biome-ignore format: a list
  return arbitraryFromTape((tape) => randomFunc(tape, settings, shared, options.name ?? "random"), print, 260);
}

/** Where a statement with launches stands: of the host, of a block, or of a thread. */
interface Place {
  readonly context: Omit<Context, "buffers">;
  /** Buffers that the agents here tell apart: each has its part. */
  readonly parts: readonly Part[];
  /** Buffers that nobody writes while the launch runs. */
  readonly read: readonly Visible[];
  /** Buffers that are only updated, each with one operation. */
  readonly updated: readonly (Visible & { readonly op: AtomicOp })[];
  readonly shared: boolean;
}

const SIZES = [17, 1, 2, 3, 5, 7, 8, 12, 24];

function randomFunc(tape: Tape, settings: Settings, shared: boolean, name: string): PrimFunc {
  const buffers = Array.from({ length: 3 + tape.below(2) }, (_, k): Visible => {
    const dtype = settings.dtypes[k] ?? tape.pick(settings.dtypes);
    const extents = Array.from({ length: 1 + tape.below(2) }, () => tape.pick(SIZES));
    return { buffer: buffer(`b${k}`, { dtype, shape: extents }), extents, fixed: new Map(), writable: k !== 1 };
  });
  const context = { loops: [], variables: [], registers: [], iterations: 1, settings, inVector: false };
  const parts = buffers.map(partOf);
  const place: Place = { context, parts, read: [], updated: [], shared };
  const body = build.seq(...Array.from({ length: 1 + tape.below(2) }, () => hostStmt(tape, place, 3)));
  const parameters = buffers.map((each) => each.buffer);
  return { kind: "PrimFunc", span: NO_SPAN, name, role: "kernel", parameters, mayAlias: [], body, attributes: {} };
}

type Make = (tape: Tape, place: Place, depth: number) => Stmt;

/** What stands around launches, or around the thread nests of a block: loops, values, registers, branches. */
function around(tape: Tape, place: Place, depth: number, make: Make): Stmt {
  const { context } = place;
  const inside = (changes: Partial<Context>): Place => ({ ...place, context: { ...context, ...changes } });
  switch (tape.below(7)) {
    case 1: {
      const extent = 1 + tape.below(3);
      const block = context.loops[0];
      const ragged = block !== undefined && tape.once(3);
      const loopVar = variable("k");
      const greatest = ragged ? block.greatest : extent - 1;
      const range = { expr: loopVar, least: 0, greatest };
      const count = ragged ? build.add(block.expr, int(1)) : int(extent);
      const inner = inside({ loops: [...context.loops, range], iterations: context.iterations * (greatest + 1) });
      return build.loop(loopVar, int(0), count, make(tape, inner, depth - 1));
    }
    case 2:
      return build.seq(make(tape, place, depth - 1), make(tape, place, depth - 1));
    case 3: {
      const dtype = tape.pick(context.settings.dtypes);
      const bound = variable("t", dtype);
      const value = storable(dtype, randomData(tape, dtype, sourcesOf(plain(tape, place)), 2));
      return build.let(bound, value, make(tape, inside({ variables: [...context.variables, bound] }), depth - 1));
    }
    case 4: {
      const dtype = tape.pick(context.settings.dtypes);
      const register = variable("r", dtype);
      const [initial, next] = [1, 2].map((size) =>
        storable(dtype, randomData(tape, dtype, sourcesOf(plain(tape, place)), size)),
      ) as [Expr, Expr];
      const inner = inside({ variables: [...context.variables, register] });
      const [before, after] = [make(tape, inner, depth - 1), make(tape, inner, depth - 1)];
      return build.register(register, initial, build.seq(before, build.assign(register, next), after));
    }
    case 5: {
      const condition = randomCondition(tape, sourcesOf(plain(tape, place)), 2).expr;
      return build.when(
        condition,
        make(tape, place, depth - 1),
        "branch",
        tape.once(3) ? make(tape, place, depth - 1) : null,
      );
    }
    case 6:
      if (!context.settings.conditions) return make(tape, place, depth - 1);
      return countedDown(1 + tape.below(2), (count) =>
        make(tape, inside({ variables: [...context.variables, count] }), depth - 1),
      );
    default:
      return make(tape, place, depth - 1);
  }
}

/** What the agents of a place have for themselves. */
const own = (tape: Tape, { parts }: Place) =>
  parts.filter(({ dropped }) => !dropped).map((part) => settled(tape, part));

/** What the agents of a place may touch without a guard, as a context of plain statements. */
function plain(tape: Tape, place: Place): Context {
  const parts = own(tape, place).filter(({ guard }) => guard === null);
  return { ...place.context, buffers: [...place.read, ...parts.map(({ visible }) => visible)] };
}

/** A statement of one agent, under the guards of the parts that it touches. */
function statement(tape: Tape, place: Place, depth: number): Stmt {
  const update = place.updated.length > 0 && tape.once(2) ? tape.pick(place.updated) : undefined;
  if (update !== undefined) return atomicUpdate(tape, plain(tape, place), update);
  const parts = own(tape, place).filter(({ guard }) => guard === null || !tape.once(3));
  const guards = parts.flatMap(({ guard }) => (guard === null ? [] : [guard]));
  const context = { ...place.context, buffers: [...place.read, ...parts.map(({ visible }) => visible)] };
  const body = depth === 0 ? randomStore(tape, context) : randomStmt(tape, context, depth);
  return guards.length === 0 ? body : build.when(guards.reduce((all, next) => build.binary("and", all, next)), body, tape.pick(["guard", "branch"] as const)); // biome-ignore format: one line
}

function hostStmt(tape: Tape, place: Place, depth: number): Stmt {
  if (depth === 0 || tape.ended) return launch(tape, place);
  switch (tape.below(5)) {
    case 1:
      return around(tape, place, depth, hostStmt);
    case 2:
      return statement(tape, place, 2);
    case 3:
      return allocated(tape, place, tape.pick(["global", "local"] as const), (inner) =>
        hostStmt(tape, inner, depth - 1),
      );
    default:
      return launch(tape, place);
  }
}

/** A buffer that is filled by whoever stands here, and then used. */
function allocated(tape: Tape, place: Place, scope: Buffer["scope"], use: (inner: Place) => Stmt): Stmt {
  const dtype = tape.pick(place.context.settings.dtypes);
  const extents = [tape.pick(SIZES)];
  const made = buffer("m", { dtype, shape: extents, scope });
  const value = storable(dtype, randomData(tape, dtype, sourcesOf(plain(tape, place)), 1));
  const part = partOf({ buffer: made, extents, fixed: new Map(), writable: true });
  return build.allocate(
    made,
    build.seq(fillLoops(made, extents, value), use({ ...place, parts: [...place.parts, part] })),
  );
}

/** Each buffer is read, written in parts, or updated by the whole launch. */
function divided(tape: Tape, place: Place): Place {
  const [read, parts, updated] = [[...place.read], [] as Part[], [...place.updated]];
  for (const part of place.parts) {
    const { visible } = part;
    const { dtype } = visible.buffer;
    const writable = visible.writable && !part.dropped;
    const choice = tape.below(4);
    if (
      writable &&
      choice === 3 &&
      part.room === null &&
      visible.fixed.size === 0 &&
      place.context.settings.atomics.includes(dtype)
    ) {
      const op = atomicOp(tape, dtype);
      updated.push({ ...visible, op: op === "exchange" ? "max" : op });
    } else if (writable && choice !== 2) parts.push(part);
    else if (!part.dropped) {
      const whole = settled(tape, part);
      if (whole.guard === null) read.push({ ...whole.visible, writable: false });
    }
  }
  return { ...place, read, parts, updated };
}

function tagsOf(tape: Tape, kind: "blockIdx" | "threadIdx", count: number): ThreadTag[] {
  const tags = THREAD_TAGS.filter((tag) => tag.startsWith(kind));
  return Array.from({ length: count }, () => tags.splice(tape.below(tags.length), 1)[0] as ThreadTag);
}

const NAMES: { readonly [tag in ThreadTag]: string } = {
  "blockIdx.x": "bx", "blockIdx.y": "by", "blockIdx.z": "bz", "threadIdx.x": "tx", "threadIdx.y": "ty", "threadIdx.z": "tz",
}; // biome-ignore format: a table

interface ThreadLoop {
  readonly range: LoopRange;
  readonly place: Place;
  readonly around: (body: Stmt) => Stmt;
}

/** The agents of one more loop over blocks or threads. */
function spread(tape: Tape, place: Place, tag: ThreadTag, ragged: LoopRange | null = null): ThreadLoop {
  const { context } = place;
  const sizes = [4, 1, 2, 3, 5, 7, 8].filter((size) => context.iterations * size <= 512);
  const least = tape.once(6) ? 2 : 0;
  const extent = ragged === null ? (sizes.length === 0 ? 1 : tape.pick(sizes)) : ragged.greatest + 1;
  const loopVar = variable(NAMES[tag]);
  const range: LoopRange = { expr: loopVar, least, greatest: least + extent - 1 };
  const count = ragged === null ? int(extent) : build.add(ragged.expr, int(1));
  const inner: Place = {
    ...place,
    context: {
      ...context,
      loops: [...context.loops, range],
      variables: [...context.variables, ...context.registers],
      registers: [],
      iterations: context.iterations * extent,
    },
    parts: place.parts.map((part) => enter(tape, part, agentOf(range))),
  };
  const loop = (body: Stmt): Stmt => ({ ...build.loop(loopVar, int(least), count, body, "thread"), thread: tag });
  return { range, place: inner, around: loop };
}

function launch(tape: Tape, place: Place): Stmt {
  const inside = divided(tape, place);
  return blocks(tape, inside, tagsOf(tape, "blockIdx", tape.pick([1, 0, 2, 3])));
}

/** Loops over blocks, one in the other, with statements between them. */
function blocks(tape: Tape, place: Place, [tag, ...rest]: readonly ThreadTag[]): Stmt {
  if (tag === undefined) return blockStmt(tape, place, 2);
  const loop = spread(tape, place, tag);
  const inner = blocks(tape, loop.place, rest);
  if (rest.length === 0 || !tape.once(4)) return loop.around(inner);
  const beside = statement(tape, loop.place, 1);
  return loop.around(tape.once(2) ? build.seq(beside, inner) : build.seq(inner, beside));
}

/** What a block does: nests of threads, and beside them what it does alone. */
function blockStmt(tape: Tape, place: Place, depth: number): Stmt {
  if (depth === 0 || tape.ended) return nest(tape, place);
  switch (tape.below(6)) {
    case 1:
      return around(tape, place, depth, blockStmt);
    case 2:
      return build.seq(statement(tape, place, 1), nest(tape, place));
    case 3:
      return build.seq(nest(tape, place), statement(tape, place, 1));
    case 4:
      if (!place.shared) return nest(tape, place);
      return allocated(tape, place, tape.pick(["shared", "local", "global"] as const), (inner) => {
        const first = nest(tape, inner);
        return build.seq(first, blockStmt(tape, inner, depth - 1));
      });
    default:
      return nest(tape, place);
  }
}

/** Loops over the threads of a block. */
function nest(tape: Tape, place: Place): Stmt {
  const inside = divided(tape, place);
  const loops: ThreadLoop[] = [];
  let even = true;
  const outermost = place.context.loops[0] ?? null;
  let deepest = inside;
  for (const tag of tagsOf(tape, "threadIdx", tape.pick([1, 2, 3]))) {
    const ragged = loops.length === 0 && outermost !== null && tape.once(8) ? outermost : null;
    even &&= ragged === null;
    const loop = spread(tape, deepest, tag, ragged);
    loops.push(loop);
    deepest = loop.place;
  }
  const body =
    place.shared && even && tape.once(2) ? phases(tape, inside, deepest, loops) : statement(tape, deepest, 2);
  return loops.reduceRight((inner, loop) => loop.around(inner), body);
}

const barrier = (scope: "shared" | "global"): Stmt => ({ kind: "Barrier", span: NO_SPAN, scope });

/**
 * Phases with barriers between: each thread writes its part of shared memory, reads all of it, writes again. Loops and branches around a
 * barrier depend on the block alone.
 */
function phases(tape: Tape, block: Place, thread: Place, loops: readonly ThreadLoop[]): Stmt {
  const { context } = thread;
  const dtype = tape.pick(context.settings.dtypes);
  const extents = loops.map(({ range }) => range.greatest - range.least + 1);
  const made = buffer("s", { dtype, shape: extents, scope: "shared" });
  const coordinates = loops.map(({ range }) => agentOf(range).coordinate);
  const fixed = new Map(coordinates.map((expr, d) => [d, expr]));
  const mine: Visible = { buffer: made, extents, fixed, writable: true };
  const all: Visible = { buffer: made, extents, fixed: new Map(), writable: false };
  const value = storable(dtype, randomData(tape, dtype, sourcesOf(plain(tape, thread)), 2));
  // Other threads of the block read what this one wrote of its block's part.
  const others = block.parts.flatMap((part) => {
    const whole = settled(tape, part);
    return whole.guard === null && !part.dropped ? [{ ...whole.visible, writable: false }] : [];
  });
  const phase = (loop: LoopRange | null, changes: Partial<Place>): Stmt => {
    const ranges = loop === null ? context.loops : [...context.loops, loop];
    const stmt = statement(tape, { ...thread, ...changes, context: { ...context, loops: ranges } }, 1);
    if (loop === null || tape.once(2)) return tape.once(4) ? edgeGuard(tape, ranges, stmt) : stmt;
    const [{ expr, greatest }] = [loops[0]?.range ?? loop];
    const far = build.add(build.mul(loop.expr, int(greatest + 1)), expr);
    return build.when(build.binary("lt", far, int(Math.max(1, loop.greatest * greatest))), stmt, "guard");
  };
  const write = (loop: LoopRange | null = null): Stmt => phase(loop, { parts: [...thread.parts, partOf(mine)] });
  const read = (loop: LoopRange | null = null): Stmt => {
    const kept = thread.parts.filter((part) => !others.some(({ buffer: other }) => other === part.visible.buffer));
    return phase(loop, { parts: kept, read: [...thread.read, all, ...others] });
  };
  const scope = others.some(({ buffer: { scope } }) => scope !== "shared")
    ? "global"
    : tape.pick(["shared", "global"] as const);
  const round = (loop: LoopRange | null = null): Stmt =>
    build.seq(write(loop), barrier(scope), read(loop), barrier(scope));
  const first = build.seq(
    build.store(made, coordinates, value),
    ...(tape.once(2) ? [write()] : []),
    barrier(scope),
    read(),
    barrier(scope),
  );
  const uniform = context.loops.slice(0, context.loops.length - loops.length);
  const again = (): Stmt => {
    switch (tape.below(4)) {
      case 1: {
        const range: LoopRange = { expr: variable("u"), least: 0, greatest: 1 + tape.below(3) };
        const kind = tape.pick(context.settings.loopKinds.filter((each) => each === "serial" || each === "unrolled"));
        return build.loop(range.expr, int(0), int(range.greatest + 1), round(range), kind);
      }
      case 2:
        return context.settings.conditions ? countedDown(1 + tape.below(2), () => round()) : round();
      case 3:
        return build.when(randomCondition(tape, { loops: uniform, buffers: [], variables: [] }, 1).expr, round());
      default:
        return build.seq();
    }
  };
  const whole = build.allocate(made, build.seq(first, again()));
  return tape.once(3) ? build.loop(variable("v"), int(0), int(2), whole) : whole;
}
