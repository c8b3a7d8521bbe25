import { NO_SPAN } from "@tilewright/diagnostics";
import {
  type AtomicOp,
  type Buffer,
  buffer,
  build,
  bytesOf,
  type DType,
  type Expr,
  type For,
  int,
  isFloat,
  isInteger,
  type LoopKind,
  type Stmt,
  type Var,
  variable,
} from "@tilewright/ir";
import {
  exactLimit,
  type Readable,
  randomCondition,
  randomData,
  type Sources,
  storable,
  storedBound,
} from "./random-expr.js";
import { indexInside, type LoopRange, randomIndex } from "./random-index.js";
import type { Tape } from "./tape.js";

/** A buffer in scope, and whether it may be written here. */
export interface Visible extends Readable {
  readonly writable: boolean;
}

/** What statements may use. */
export interface Context {
  readonly loops: readonly LoopRange[];
  readonly buffers: readonly Visible[];
  readonly variables: readonly Var[];
  readonly registers: readonly Var[];
  /** Product of the extents around. */
  readonly iterations: number;
  readonly settings: Settings;
  readonly inVector: boolean;
}

export interface Settings {
  readonly dtypes: readonly DType[];
  readonly loopKinds: readonly LoopKind[];
  readonly vectorLanes: readonly number[];
  readonly vectorBytes: number;
  readonly maxRank: number;
  readonly maxExtent: number;
  /** Loops that a condition ends. */
  readonly conditions: boolean;
  /** Element types of atomic updates. */
  readonly atomics: readonly DType[];
}

const EXTENTS = [1, 2, 3, 4, 5, 7, 8, 11, 13];
const MAX_ITERATIONS = 400;

export function randomExtent(tape: Tape, { maxExtent }: Settings): number {
  return tape.pick(EXTENTS.filter((extent) => extent <= maxExtent));
}

export const sourcesOf = ({ loops, buffers, variables, registers }: Context): Sources => ({
  loops,
  buffers,
  variables: [...variables, ...registers],
});

/** One statement, or a sequence. */
export function randomStmt(tape: Tape, context: Context, depth: number): Stmt {
  if (depth === 0 || tape.ended) return randomStore(tape, context);
  switch (tape.below(11)) {
    case 1:
    case 2:
      return randomLoop(tape, context, depth);
    case 3: {
      const condition = randomCondition(tape, sourcesOf(context), 2).expr;
      const then = randomStmt(tape, context, depth - 1);
      const otherwise = tape.once(3) ? randomStmt(tape, context, depth - 1) : null;
      return build.when(condition, then, tape.once(2) && otherwise === null ? "guard" : "branch", otherwise);
    }
    case 4: {
      const dtype = tape.pick(context.settings.dtypes);
      const value = storable(dtype, randomData(tape, dtype, sourcesOf(context), 2));
      const bound = variable("t", dtype);
      return build.let(
        bound,
        value,
        randomStmt(tape, { ...context, variables: [...context.variables, bound] }, depth - 1),
      );
    }
    case 5:
      return context.inVector ? randomStore(tape, context) : randomRegister(tape, context, depth);
    case 6:
      return context.inVector ? randomStore(tape, context) : randomAllocate(tape, context, depth);
    case 7:
      return build.seq(randomStmt(tape, context, depth - 1), randomStmt(tape, context, depth - 1));
    case 8:
      return randomAccumulation(tape, context) ?? randomStore(tape, context);
    case 9:
      return randomWhile(tape, context, depth) ?? randomStore(tape, context);
    case 10:
      return randomAtomic(tape, context) ?? randomStore(tape, context);
    default:
      return randomStore(tape, context);
  }
}

function randomLoop(tape: Tape, context: Context, depth: number): Stmt {
  const { settings } = context;
  const loopKind = context.inVector ? "serial" : tape.pick(settings.loopKinds);
  const extent = randomExtent(tape, settings);
  if (context.iterations * extent > MAX_ITERATIONS) return randomStore(tape, context);
  const min = tape.once(4) ? tape.below(3) : 0;
  const loopVar = variable(tape.pick(["i", "j", "k"]));
  const range: LoopRange = { expr: loopVar, least: min, greatest: min + extent - 1 };
  const atOnce = loopKind === "parallel" || loopKind === "vectorized";
  const inner: Context = {
    ...context,
    loops: [...context.loops, range],
    buffers: atOnce ? context.buffers.map((each) => ownPart(tape, each, range)) : context.buffers,
    registers: atOnce ? [] : context.registers,
    variables: atOnce ? [...context.variables, ...context.registers] : context.variables,
    iterations: context.iterations * extent,
    inVector: context.inVector || loopKind === "vectorized",
  };
  if (!inner.buffers.some((each) => each.writable) && context.inVector) return randomStore(tape, context);
  return build.loop(loopVar, int(min), int(extent), randomStmt(tape, inner, depth - 1), loopKind) satisfies For;
}

/** Where iterations run at once, each writes its own part: one dimension is fixed to the loop variable, or nothing is written. */
function ownPart(tape: Tape, visible: Visible, { expr, greatest }: LoopRange): Visible {
  if (!visible.writable) return visible;
  const free = visible.extents.flatMap((extent, d) => (extent > greatest && !visible.fixed.has(d) ? [d] : []));
  if (free.length === 0) return { ...visible, writable: false };
  // The last dimension first: that is what vectorization wants.
  const dimension = tape.pick([...free].reverse());
  return { ...visible, fixed: new Map(visible.fixed).set(dimension, expr) };
}

function randomRegister(tape: Tape, context: Context, depth: number): Stmt {
  const dtype = tape.pick(context.settings.dtypes);
  const register = variable("r", dtype);
  const initial = storable(dtype, randomData(tape, dtype, sourcesOf(context), 1));
  const inner = { ...context, registers: [...context.registers, register] };
  const assign = build.assign(register, storable(dtype, randomData(tape, dtype, sourcesOf(inner), 2)));
  const body = [randomStmt(tape, inner, depth - 1), assign, randomStore(tape, inner)];
  return build.register(register, initial, build.seq(...body));
}

/** Local memory, filled before it is used. */
function randomAllocate(tape: Tape, context: Context, depth: number): Stmt {
  const { settings } = context;
  const dtype = tape.pick(settings.dtypes);
  const extents = Array.from({ length: 1 + tape.below(settings.maxRank) }, () => randomExtent(tape, settings));
  const made = buffer("local", { dtype, shape: extents, scope: tape.once(3) ? "global" : "local" });
  const fill = fillLoops(made, extents, storable(dtype, randomData(tape, dtype, sourcesOf(context), 1)));
  const visible: Visible = { buffer: made, extents, fixed: new Map(), writable: true };
  const inner = { ...context, buffers: [...context.buffers, visible] };
  return build.allocate(made, build.seq(fill, randomStmt(tape, inner, depth - 1), randomStore(tape, inner)));
}

export function fillLoops(into: Buffer, extents: readonly number[], value: Expr): Stmt {
  const axes = extents.map((_, d) => variable(`f${d}`));
  const store: Stmt = build.store(into, axes, value);
  return extents.reduceRight<Stmt>((body, extent, d) => build.loop(axes[d] as Var, int(0), int(extent), body), store);
}

/** A store inside of a writable buffer; nothing when there is none. */
export function randomStore(tape: Tape, context: Context): Stmt {
  const writable = context.buffers.filter((each) => each.writable);
  if (writable.length === 0) return build.seq();
  const target = tape.pick(writable);
  const { dtype } = target.buffer;
  const vector = context.inVector ? null : randomVectorStore(tape, context, target);
  if (vector !== null) return vector;
  const value = storable(dtype, randomData(tape, dtype, sourcesOf(context)));
  return build.store(target.buffer, indicesOf(tape, context, target), value);
}

function indicesOf(tape: Tape, context: Context, { extents, fixed }: Visible): Expr[] {
  return extents.map((extent, d) => fixed.get(d) ?? indexInside(tape, context.loops, extent));
}

/** `target[..., ramp] = source[..., ramp] op broadcast`, where the last dimension has room for the lanes. */
function randomVectorStore(tape: Tape, context: Context, target: Visible): Stmt | null {
  const widest = Math.floor(context.settings.vectorBytes / bytesOf(target.buffer.dtype));
  const lanes = tape.pick([1, ...context.settings.vectorLanes.filter((each) => each <= widest)]);
  const fits = ({ extents, fixed }: Readable): boolean =>
    (extents.at(-1) ?? 0) >= lanes && !fixed.has(extents.length - 1);
  if (lanes === 1 || !fits(target)) return null;
  const { dtype } = target.buffer;
  const at = (each: Visible): Expr[] => {
    const room = (each.extents.at(-1) ?? 0) - lanes + 1;
    const indices = indicesOf(tape, context, each);
    indices[indices.length - 1] = build.ramp(indexInside(tape, context.loops, room), int(1), lanes);
    return indices;
  };
  const sources = context.buffers.filter((each) => each.buffer.dtype === dtype && fits(each));
  const source = tape.pick(sources);
  const scalar = build.broadcast(storable(dtype, randomData(tape, dtype, sourcesOf(context), 1)), lanes);
  const loaded = build.load(source.buffer, at(source));
  const value = dtype === "bool" ? loaded : build.binary(tape.pick(["add", "max", "mul"] as const), loaded, scalar);
  const clamped = isFloat(dtype) ? clampLanes(value, dtype, lanes) : value;
  return build.store(target.buffer, at(target), clamped);
}

function clampLanes(value: Expr, dtype: DType, lanes: number): Expr {
  const limit = (sign: number): Expr => build.broadcast(build.const(sign * storedBound(dtype), dtype), lanes);
  return build.binary("min", build.binary("max", value, limit(-1)), limit(1));
}

/** `for k { target[i] = target[i] + value }` with `target[i]` cleared before, when the sum stays exact; `i` does not use `k`. */
function randomAccumulation(tape: Tape, context: Context): Stmt | null {
  const targets = context.buffers.filter((each) => each.writable && each.buffer.dtype !== "bool");
  if (targets.length === 0 || context.inVector) return null;
  const target = tape.pick(targets);
  const { dtype } = target.buffer;
  const extent = randomExtent(tape, context.settings);
  if (context.iterations * extent > MAX_ITERATIONS) return null;
  const loopVar = variable("k");
  const indices = indicesOf(tape, context, target);
  const inner = { ...context, loops: [...context.loops, { expr: loopVar, least: 0, greatest: extent - 1 }] };
  const others = { ...inner, buffers: inner.buffers.filter((each) => each !== target) };
  const value = randomData(tape, dtype, sourcesOf(others), 2);
  const limit = Math.min(exactLimit(dtype), storedBound(dtype) * 4);
  const term = value.bound * extent > limit ? build.const(1, dtype) : value.expr;
  const sum = build.store(target.buffer, indices, build.add(build.load(target.buffer, indices), term));
  const clear = build.store(target.buffer, indices, build.const(0, dtype));
  const bounded = build.store(
    target.buffer,
    indices,
    storable(dtype, { expr: build.load(target.buffer, indices), bound: limit }),
  );
  return build.seq(clear, build.loop(loopVar, int(0), int(extent), sum), ...(isFloat(dtype) ? [bounded] : []));
}

/** `register n = c { while n > 0 { …  n = n - 1 } }` */
function randomWhile(tape: Tape, context: Context, depth: number): Stmt | null {
  const extent = 1 + tape.below(3);
  const { settings, iterations } = context;
  if (!settings.conditions || context.inVector || iterations * extent > MAX_ITERATIONS) return null;
  const inner = { ...context, iterations: iterations * extent };
  return countedDown(extent, () => randomStmt(tape, inner, depth - 1));
}

/** What `body` makes, `times` times, in a loop that a condition ends. It may read the count. */
export function countedDown(times: number, body: (count: Var) => Stmt): Stmt {
  const count = variable("n", "int32");
  const one = build.const(1, "int32");
  const next = build.assign(count, build.sub(count, one));
  const condition = build.binary("ge", count, one);
  const loop: Stmt = { kind: "While", span: NO_SPAN, condition, body: build.seq(body(count), next) };
  return build.register(count, build.const(times, "int32"), loop);
}

const ATOMIC_OPS: readonly AtomicOp[] = ["add", "min", "max", "and", "or", "xor", "exchange"];

/** An update in one step of what may be written here. */
function randomAtomic(tape: Tape, context: Context): Stmt | null {
  const { atomics } = context.settings;
  const targets = context.buffers.filter(({ writable, buffer: { dtype } }) => writable && atomics.includes(dtype));
  if (targets.length === 0 || context.inVector) return null;
  const target = tape.pick(targets);
  return atomicUpdate(tape, context, { ...target, op: atomicOp(tape, target.buffer.dtype) });
}

/** An operation whose results stay in the bounds of what is stored: floats do not add up. */
export function atomicOp(tape: Tape, dtype: DType): AtomicOp {
  return tape.pick(isInteger(dtype) ? ATOMIC_OPS : (["min", "max", "exchange"] as const));
}

export function atomicUpdate(tape: Tape, context: Context, target: Visible & { readonly op: AtomicOp }): Stmt {
  const { buffer: into, op } = target;
  const value = storable(into.dtype, randomData(tape, into.dtype, sourcesOf(context), 1));
  return { kind: "Atomic", span: NO_SPAN, op, buffer: into, indices: indicesOf(tape, context, target), value };
}

/** A guard as bound inference makes it: true but at the edge. */
export function edgeGuard(tape: Tape, loops: readonly LoopRange[], body: Stmt): Stmt {
  const index = randomIndex(tape, loops);
  return build.when(build.binary("lt", index.expr, int(Math.max(1, index.greatest))), body, "guard");
}
