import { boundsOf, gcd } from "@tilewright/arith";
import { type Buffer, bitsOf, type Expr, freeVariables, isConst, structuralEqual, type Var } from "@tilewright/ir";
import type { Affine } from "./affine.js";
import type { Access, IndexForm } from "./nest.js";

/**
 * Footprints: which part of a buffer an access touches while some of its loops run and those around them stand still. In each dimension that is
 * an arithmetic progression whose place depends on the loops that stand still (Wolf and Lam, 1991, from uniformly generated references).
 */

/** `count` values, `step` apart, over `span` positions. */
interface Side {
  /** What the loops around add: a sum of them, or an expression that is none. */
  readonly place: Affine["terms"] | Expr;
  /** Beyond the place. */
  readonly low: number;
  readonly span: number;
  readonly step: number;
  readonly count: number;
}

export interface Box {
  readonly sides: readonly Side[];
  /** Iterations of the loops that move it: it has no more elements than these. */
  readonly points: number;
}

/** Iterations of each loop variable, as seen by one core. */
export type Trips = (variable: Var) => number;

/** The box that an access touches while the loops from number `depth` on run. */
export function boxOf(access: Access, depth: number, trips: Trips): Box {
  const shape = shapeOf(access.buffer);
  const inner = new Set(access.loops.slice(depth).map(({ variable }) => variable));
  const moving = new Set<Var>();
  let points = 1;
  const sides = access.indices.map((index, dimension) => {
    for (const loop of index.loops) if (inner.has(loop)) moving.add(loop);
    points *= Math.min(index.width, shape[dimension] ?? 1);
    const side = index.affine === undefined ? freeSide(index, inner, trips) : affineSide(index, inner, trips);
    const span = Math.max(1, Math.min(side.span, shape[dimension] ?? 1));
    return { ...side, span, count: Math.max(1, Math.min(side.count, Math.ceil(span / side.step))) };
  });
  for (const loop of moving) points *= Math.max(1, trips(loop));
  return { sides, points };
}

function affineSide(index: IndexForm, inner: ReadonlySet<Var>, trips: Trips): Side {
  const place = new Map<Var, number>();
  let [low, span, step, points] = [index.affine?.constant ?? 0, index.width, 0, 1];
  for (const [loop, coefficient] of index.affine?.terms ?? []) {
    const extent = trips(loop);
    if (!inner.has(loop)) place.set(loop, coefficient);
    else if (extent > 1) {
      if (coefficient < 0) low += coefficient * (extent - 1);
      span += Math.abs(coefficient) * (extent - 1);
      step = gcd(step, Math.abs(coefficient));
      points *= extent;
    }
  }
  const apart = index.width > 1 || step === 0 ? 1 : step;
  const count = Math.min(Math.ceil(span / apart), points * index.width);
  return { place, low, span, step: apart, count };
}

/** Of an index that is no sum: its bounds while the loops around stand at their beginning; data may be anything. */
function freeSide(index: IndexForm, inner: ReadonlySet<Var>, trips: Trips): Side {
  const moving = [...index.loops].filter((loop) => inner.has(loop));
  const points = moving.reduce((product, loop) => product * Math.max(1, trips(loop)), 1);
  if (moving.length === 0) return { place: index.expr, low: 0, span: index.width, step: 1, count: index.width };
  const ranges = new Map(
    [...index.loops].map((loop) => [loop, { min: 0, max: inner.has(loop) ? trips(loop) - 1 : 0 }]),
  );
  const { min, max } = boundsOf(index.expr, ranges);
  const known = Number.isFinite(max - min) && !index.onData;
  const span = known ? max - min + index.width : Number.MAX_SAFE_INTEGER;
  const fixed = moving.length === index.loops.size && known;
  const [place, low] = fixed ? [new Map<Var, number>(), min] : [index.expr, 0];
  return { place, low, span, step: 1, count: Math.min(span, points * index.width) };
}

function isSamePlace(a: Side["place"], b: Side["place"]): boolean {
  if (a instanceof Map && b instanceof Map)
    return a.size === b.size && [...a].every(([loop, factor]) => b.get(loop) === factor);
  if (a instanceof Map || b instanceof Map) return false;
  const [x, y] = [a, b] as readonly [Expr, Expr];
  if (!structuralEqual(x, y)) return false;
  const others = new Set(freeVariables(y));
  return freeVariables(x).every((loop) => others.has(loop));
}

/** The number of distinct elements in a box. */
export const elementsOf = (box: Box): number =>
  Math.min(
    box.points,
    box.sides.reduce((product, { count }) => product * count, 1),
  );

/** How a box lies in memory, in bytes: runs of consecutive bytes, and the steps from one to the next. */
export interface Rows {
  readonly run: number;
  readonly steps: readonly { readonly count: number; readonly bytes: number }[];
  /** From the first to the last byte. */
  readonly reach: number;
  /** Where the first run begins, as far as it is known: the loops around move it by multiples of `grid`. */
  readonly first: number;
  readonly grid: number;
}

/** @param lineBytes elements that are less than this apart count as consecutive */
export function rowsOf(box: Box, buffer: Buffer, lineBytes: number): Rows {
  const bytes = bitsOf(buffer.dtype) / 8;
  const strides = stridesOf(buffer);
  const steps: { count: number; bytes: number }[] = [];
  let [run, reach, first, grid] = [bytes, bytes, 0, 0];
  for (let dimension = box.sides.length - 1; dimension >= 0; dimension--) {
    const { span, step, count, low, place } = box.sides[dimension] as Side;
    const stride = (strides[dimension] ?? 1) * bytes;
    reach += (span - 1) * stride;
    first += low * stride;
    grid = gcd(grid, Math.ceil(place instanceof Map ? stride * [...place.values()].reduce(gcd, 0) : stride));
    const isNear = step * stride <= run || step * stride < lineBytes;
    if (steps.length === 0 && isNear) run += (span - 1) * stride;
    else if (count > 1) {
      steps.push({ count, bytes: step * stride });
      grid = gcd(grid, Math.ceil(step * stride));
    }
  }
  return { run, steps, reach, first, grid };
}

/**
 * The number of cache lines that a box of a buffer touches: for each run the lines that it lies in, on average over the places where the loops around put
 * it. Buffers begin at a line.
 */
export function linesOf(box: Box, buffer: Buffer, lineBytes: number): number {
  const bytes = bitsOf(buffer.dtype) / 8;
  const { run, steps, reach, first, grid } = rowsOf(box, buffer, lineBytes);
  const rows = steps.reduce((product, { count }) => product * count, 1);
  const ofRun = linesOfRun(run, first, grid, bytes, lineBytes);
  const ofReach = linesOfRun(reach, first, grid, bytes, lineBytes);
  return Math.min(rows * ofRun, ofReach, elementsOf(box) * Math.max(1, bytes / lineBytes));
}

/** Lines that a run of bytes lies in, on average over beginnings at `first` plus any multiple of `grid`. */
function linesOfRun(run: number, first: number, grid: number, bytes: number, lineBytes: number): number {
  const step = gcd(grid, lineBytes);
  const places = lineBytes / step;
  let lines = 0;
  for (let place = 0; place < places; place++) {
    const start = (((first + place * step) % lineBytes) + lineBytes) % lineBytes;
    lines += Math.floor((start + Math.max(0, run - Math.min(1, bytes))) / lineBytes) + 1;
  }
  return lines / places;
}

/** Bytes from the first to the last element of a buffer. */
export function bytesOfBuffer(buffer: Buffer): number {
  const strides = stridesOf(buffer);
  const last = shapeOf(buffer).reduce((sum, extent, dimension) => sum + (extent - 1) * (strides[dimension] ?? 1), 0);
  return (Math.max(0, last + 1) * bitsOf(buffer.dtype)) / 8;
}

function shapeOf(buffer: Buffer): readonly number[] {
  return buffer.shape.map((extent) => (isConst(extent) ? Number(extent.value) : Number.MAX_SAFE_INTEGER));
}

/** In elements, outermost first. */
export function stridesOf(buffer: Buffer): readonly number[] {
  if (buffer.strides !== null) return buffer.strides.map((stride) => (isConst(stride) ? Number(stride.value) : 1));
  const strides: number[] = [];
  let stride = 1;
  for (const extent of [...shapeOf(buffer)].reverse()) {
    strides.unshift(stride);
    stride *= extent;
  }
  return strides;
}

/** How much of a buffer some boxes cover together, in bytes; grows box by box. */
export class Cover {
  readonly #measure: (box: Box) => number;
  readonly #most: number;
  #boxes: readonly { readonly box: Box; readonly size: number }[] = [];
  #size = 0;

  /** @param measure bytes of a box @param most bytes of the whole buffer */
  constructor(measure: (box: Box) => number, most: number) {
    this.#measure = measure;
    this.#most = most;
  }

  /** Boxes that together cover what was added. */
  get boxes(): readonly Box[] {
    return this.#boxes.map(({ box }) => box);
  }

  get size(): number {
    return Math.min(this.#size, this.#most);
  }

  /** Adds a box and gives the bytes by which the cover grew. Boxes are joined where their hull is no larger than both. */
  add(box: Box): number {
    const before = this.size;
    let joined = { box, size: this.#measure(box) };
    let rest = this.#boxes;
    for (let again = true; again; ) {
      again = false;
      for (const other of rest) {
        const hull = hullOf(joined.box, other.box);
        const size = hull === undefined ? Number.POSITIVE_INFINITY : this.#measure(hull);
        if (hull === undefined || size > joined.size + other.size) continue;
        joined = { box: hull, size };
        rest = rest.filter((each) => each !== other);
        again = true;
        break;
      }
    }
    this.#boxes = [...rest, joined];
    this.#size = this.#boxes.reduce((sum, { size }) => sum + size, 0);
    return Math.max(0, this.size - before);
  }
}

/** The smallest box around two; undefined when it is not known how they lie to each other. */
function hullOf(a: Box, b: Box): Box | undefined {
  const sides: Side[] = [];
  for (const [dimension, x] of a.sides.entries()) {
    const y = b.sides[dimension];
    if (y === undefined || !isSamePlace(x.place, y.place)) return undefined;
    const low = Math.min(x.low, y.low);
    const span = Math.max(x.low + x.span, y.low + y.span) - low;
    const single = (side: Side): number => (side.count > 1 ? side.step : 0);
    const step = Math.max(1, gcd(gcd(single(x), single(y)), Math.abs(x.low - y.low)));
    sides.push({ place: x.place, low, span, step, count: Math.ceil(span / step) });
  }
  return { sides, points: a.points + b.points };
}
