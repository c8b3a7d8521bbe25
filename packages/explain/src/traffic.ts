import { type Buffer, bitsOf } from "@tilewright/ir";
import { isCrowded, type Sets } from "./conflicts.js";
import { type Box, boxOf, bytesOfBuffer, Cover, elementsOf, linesOf, type Trips } from "./footprint.js";
import { type Access, type Loop, loopsOf, type Nest, type Part } from "./nest.js";

/** Bytes that cross one boundary of the memory hierarchy. */
export interface Bytes {
  readonly read: number;
  readonly written: number;
}

/** One boundary of the hierarchy: what is above it holds `capacity` bytes. */
export interface Boundary {
  readonly capacity: number;
  /** The same for code without vector loops; differs for registers, where a scalar takes a whole one. */
  readonly scalarCapacity: number;
  /** Of what is moved at once; 0 for registers, which move elements. */
  readonly lineBytes: number;
  /** Every core has what is above for itself. */
  readonly perCore: boolean;
  /** How lines share places; null where every line may lie anywhere. */
  readonly sets: Sets | null;
}

/** What one execution of a part touches on one core. */
interface Touched {
  readonly bytes: number;
  /** Buffers whose rows drive each other out, though there is room. */
  readonly crowded: ReadonlySet<Buffer>;
}

/** How a part is reached. */
interface Visit {
  /** Loops around it. */
  readonly depth: number;
  /** Times that it happens on one core. */
  readonly times: number;
  /** Share of the iterations of those loops in which the conditions around it hold. */
  readonly share: number;
  /** Buffers whose traffic is counted already. */
  readonly done: ReadonlySet<Buffer>;
}

/** Bytes by the stage that moves them and the buffer that they belong to. */
export type Traffic = ReadonlyMap<string, ReadonlyMap<Buffer, Bytes>>;

/**
 * Traffic across a boundary, for a memory of `capacity` bytes that forgets what was used longest ago. Rule, per loop: while one
 * iteration touches no more than the capacity, and no rows crowd in few sets, each iteration finds what the one before it left, so that the whole loop moves its footprint, once; else
 * every iteration moves what it would alone. Written lines move back once for each time that they are moved in. Registers hold moving elements only in
 * straight-line code, so that there a serial loop keeps what does not depend on it and nothing else.
 */
export class TrafficModel {
  readonly #boundary: Boundary;
  readonly #cores: number;
  readonly #accesses: ReadonlyMap<Part, readonly Access[]>;
  readonly #trips: Trips;
  readonly #sets = new Map<string, Touched>();
  readonly #boxes = new Map<Access, Map<number, Box>>();
  readonly #parts = new Map<Part, number>();

  /** @param held buffers that live in registers all the time */
  constructor(nest: Nest, boundary: Boundary, cores: number, held: ReadonlySet<Buffer>) {
    this.#boundary = boundary;
    this.#cores = boundary.perCore ? cores : 1;
    const accesses = new Map<Part, readonly Access[]>();
    collect(nest.root, accesses, held);
    this.#accesses = accesses;
    const forking = new Set(
      [...accesses.keys()].filter((part) => part.kind === "loop" && part.forks).map((part) => (part as Loop).variable),
    );
    this.#trips = (loop) => {
      const extent = nest.extents.get(loop) ?? 1;
      return forking.has(loop) ? Math.ceil(extent / this.#cores) : extent;
    };
  }

  /** Bytes that cross the boundary while the whole function runs. */
  traffic(root: Part): Traffic {
    const total = new Tally();
    this.#walk(root, { depth: 0, times: 1, share: 1, done: none }, total);
    return total.byStage;
  }

  /** Distinct bytes that one execution of a part touches on one core, in whole lines. */
  workingSet(part: Part, depth: number): number {
    return this.#touched(part, depth).bytes;
  }

  /** Whether what one execution of a part touches is still there when it is done. */
  fits(part: Part, depth: number): boolean {
    return this.#hasRoom(part, depth) && this.crowded(part, depth).size === 0;
  }

  /** Buffers whose rows share too few sets of the cache, in one execution of a part. */
  crowded(part: Part, depth: number): ReadonlySet<Buffer> {
    return this.#touched(part, depth).crowded;
  }

  #touched(part: Part, depth: number): Touched {
    const key = this.#keyOf(part, depth);
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const covers = this.#cover(this.#accesses.get(part) ?? [], depth);
    const { sets } = this.#boundary;
    const made = { bytes: covers.size, crowded: sets === null ? none : covers.crowded(sets) };
    this.#sets.set(key, made);
    return made;
  }

  #keyOf(part: Part, depth: number): string {
    const number = this.#parts.get(part) ?? this.#parts.size;
    this.#parts.set(part, number);
    return `${number} ${depth}`;
  }

  #cover(accesses: readonly Access[], depth: number): Covers {
    const covers = new Covers(this.#measure, this.#boundary.lineBytes);
    for (const access of accesses) covers.of(access.buffer).add(this.#box(access, depth));
    return covers;
  }

  readonly #measure = (buffer: Buffer, box: Box): number => {
    const { lineBytes } = this.#boundary;
    if (lineBytes === 0) return (elementsOf(box) * bitsOf(buffer.dtype)) / 8;
    return linesOf(box, buffer, lineBytes) * lineBytes;
  };

  #box(access: Access, depth: number): Box {
    const known = this.#boxes.get(access) ?? new Map<number, Box>();
    this.#boxes.set(access, known);
    const box = known.get(depth) ?? boxOf(access, depth, this.#trips);
    known.set(depth, box);
    return box;
  }

  #hasRoom(part: Part, depth: number): boolean {
    if (this.#boundary.lineBytes === 0 && !isStraight(part)) return false;
    return this.workingSet(part, depth) <= this.#capacityFor(this.#accesses.get(part) ?? []);
  }

  #capacityFor(accesses: readonly Access[]): number {
    return hasLanes(accesses) ? this.#boundary.capacity : this.#boundary.scalarCapacity;
  }

  #walk(part: Part, visit: Visit, total: Tally): void {
    switch (part.kind) {
      case "statement":
        this.#moveOnce(part, visit, [], total);
        return;
      case "branch": {
        const { share } = part;
        this.#walk(part.body, { ...visit, times: visit.times * share, share: visit.share * share }, total);
        return;
      }
      case "sequence":
        this.#inOrder(part.parts, visit, total);
        return;
      case "loop":
        if (this.#boundary.lineBytes === 0) this.#loopOfRegisters(part, visit, total);
        else this.#loop(part, visit, [], total);
    }
  }

  /** @param warm what was touched before and is still there; the loop finds of it what does not move with it */
  #loop(loop: Loop, visit: Visit, warm: readonly Access[], total: Tally): void {
    const { depth, times, done } = visit;
    const left = warm.length === 0 ? none : this.#buffersBelow(loop, (access) => !movesWith(access, loop));
    const found = warm.filter(({ buffer }) => left.has(buffer));
    if (this.fits(loop.body, depth + 1)) {
      this.#moveOnce(loop, visit, found, total);
      return;
    }
    const stays = [...this.#staying(loop, depth)].filter((buffer) => !done.has(buffer));
    if (stays.length > 0) {
      const others = [...this.#buffersBelow(loop, () => true)].filter((buffer) => !stays.includes(buffer));
      this.#moveOnce(loop, { ...visit, done: new Set([...done, ...others]) }, found, total);
    }
    const inside = { ...visit, depth: depth + 1, times: times * this.#trip(loop), done: new Set([...done, ...stays]) };
    this.#walk(loop.body, inside, total);
  }

  /** Buffers that a loop keeps from one iteration to the next though not everything fits. */
  #staying(loop: Loop, depth: number): ReadonlySet<Buffer> {
    const all = this.#buffersBelow(loop, () => true);
    if (this.#hasRoom(loop.body, depth + 1)) {
      const crowded = this.crowded(loop.body, depth + 1);
      return new Set([...all].filter((buffer) => !crowded.has(buffer)));
    }
    const inner = loopsOf(loop.body);
    const still = this.#buffersBelow(loop, (access) => !inner.some((each) => movesWith(access, each)));
    const near = (buffer: Buffer): boolean => this.#between(loop.body, depth + 1, buffer) <= this.#boundary.capacity;
    return new Set([...still].filter(near));
  }

  /** Buffers below a part all of whose accesses there pass a test. */
  #buffersBelow(part: Part, test: (access: Access) => boolean): ReadonlySet<Buffer> {
    const accesses = this.#accesses.get(part) ?? [];
    const failed = new Set(accesses.filter((access) => !test(access)).map(({ buffer }) => buffer));
    return new Set(accesses.map(({ buffer }) => buffer).filter((buffer) => !failed.has(buffer)));
  }

  /** Bytes that are touched at most between two accesses of a buffer that no loop under the part moves. */
  #between(part: Part, depth: number, buffer: Buffer): number {
    const touches = (this.#accesses.get(part) ?? []).some((access) => access.buffer === buffer);
    if (!touches || part.kind === "statement") return this.workingSet(part, depth);
    if (part.kind === "sequence") return part.parts.reduce((sum, each) => sum + this.#between(each, depth, buffer), 0);
    return this.#between(part.body, part.kind === "loop" ? depth + 1 : depth, buffer);
  }

  /** A serial loop keeps in registers what does not move with it; in straight-line code everything that fits stays. */
  #loopOfRegisters(loop: Loop, visit: Visit, total: Tally): void {
    const { depth, times } = visit;
    const trips = this.#trip(loop);
    const fits = this.fits(loop.body, depth + 1);
    if (!fits || loop.loopKind === "vectorized" || loop.loopKind === "unrolled") {
      if (fits) this.#moveOnce(loop, visit, [], total);
      else this.#walk(loop.body, { ...visit, depth: depth + 1, times: times * trips }, total);
      return;
    }
    const still = this.#buffersBelow(loop, (access) => !movesWith(access, loop));
    const once = new Tally();
    this.#walk(loop.body, { ...visit, depth: depth + 1, times: 1 }, once);
    for (const [stage, buffers] of once.byStage)
      for (const [buffer, { read, written }] of buffers) {
        const factor = times * (still.has(buffer) ? Math.min(1, trips) : trips);
        total.add(stage, buffer, { read: read * factor, written: written * factor });
      }
  }

  /** Iterations that one core does. */
  #trip(loop: Loop): number {
    return loop.forks ? loop.extent / this.#threads(loop) : loop.extent;
  }

  #threads(loop: Loop): number {
    return Math.max(1, Math.min(this.#cores, loop.extent));
  }

  /** Parts that follow each other: one finds what those before it left, as far back as all of it fits together. */
  #inOrder(parts: readonly Part[], visit: Visit, total: Tally): void {
    const { depth } = visit;
    for (const [position, part] of parts.entries()) {
      const fits = this.fits(part, depth);
      const isLoop = part.kind === "loop" && this.#boundary.lineBytes > 0;
      if (!fits && !isLoop) {
        this.#walk(part, visit, total);
        continue;
      }
      const last: readonly [Part, number] = !fits && isLoop ? [part.body, depth + 1] : [part, depth];
      let first = position;
      while (first > 0 && this.#fitTogether(parts.slice(first - 1, position), depth, last)) first--;
      const warm = parts.slice(first, position).flatMap((each) => this.#accesses.get(each) ?? []);
      if (!fits && isLoop) this.#loop(part, visit, warm, total);
      else this.#moveOnce(part, visit, warm, total);
    }
  }

  #fitTogether(parts: readonly Part[], depth: number, [last, lastDepth]: readonly [Part, number]): boolean {
    if (this.#boundary.lineBytes === 0 && ![...parts, last].every(isStraight)) return false;
    const accesses = parts.flatMap((part) => this.#accesses.get(part) ?? []);
    const bytes = this.#cover(accesses, depth).size;
    const together =
      lastDepth === depth
        ? this.#cover([...accesses, ...(this.#accesses.get(last) ?? [])], depth).size
        : bytes + this.workingSet(last, lastDepth);
    return together <= this.#capacityFor(accesses);
  }

  /** A part whose data stays until it is done: each line moves in when it is first read, and back when it was written. */
  #moveOnce(part: Part, { depth, times, share, done }: Visit, warm: readonly Access[], total: Tally): void {
    const touched = new Covers(this.#measure, this.#boundary.lineBytes);
    const dirty = new Covers(this.#measure, this.#boundary.lineBytes);
    for (const access of warm) {
      touched.of(access.buffer).add(this.#box(access, depth));
      if (access.isWrite) dirty.of(access.buffer).add(this.#box(access, depth));
    }
    for (const access of this.#accesses.get(part) ?? []) {
      const { buffer, isWrite, stage, loops } = access;
      if (done.has(buffer)) continue;
      const box = this.#box(access, depth);
      const runs = loops.every(({ extent }) => extent > 0) ? 1 : 0;
      const taken = this.#boundary.lineBytes === 0 && share > 0 ? Math.min(1, access.share / share) : 1;
      const weight = times * this.#copies(access) * runs * taken;
      const fresh = touched.of(buffer).add(box);
      const made = isWrite ? dirty.of(buffer).add(box) : 0;
      total.add(stage, buffer, { read: isWrite ? 0 : fresh * weight, written: made * weight });
    }
  }

  /** Cores that have a copy of what an access touches, for a memory of their own. */
  #copies(access: Access): number {
    const fork = access.loops.find(({ forks }) => forks);
    return fork === undefined ? 1 : this.#threads(fork);
  }
}

const none: ReadonlySet<Buffer> = new Set();

const movesWith = ({ indices }: Access, { variable }: Loop): boolean =>
  indices.some(({ loops, onData }) => onData || loops.has(variable));

class Tally {
  readonly byStage = new Map<string, Map<Buffer, Bytes>>();

  add(stage: string, buffer: Buffer, { read, written }: Bytes): void {
    const buffers = this.byStage.get(stage) ?? new Map<Buffer, Bytes>();
    this.byStage.set(stage, buffers);
    const before = buffers.get(buffer) ?? { read: 0, written: 0 };
    buffers.set(buffer, { read: before.read + read, written: before.written + written });
  }
}

/** What is covered of each buffer. */
class Covers {
  readonly #measure: (buffer: Buffer, box: Box) => number;
  readonly #unit: number;
  readonly #covers = new Map<Buffer, Cover>();

  /** @param unit bytes of a line; 0: elements count */
  constructor(measure: (buffer: Buffer, box: Box) => number, unit: number) {
    this.#measure = measure;
    this.#unit = Math.max(1, unit);
  }

  of(buffer: Buffer): Cover {
    const known = this.#covers.get(buffer);
    if (known !== undefined) return known;
    const made = new Cover(
      (box) => this.#measure(buffer, box),
      Math.ceil(bytesOfBuffer(buffer) / this.#unit) * this.#unit,
    );
    this.#covers.set(buffer, made);
    return made;
  }

  /** Buffers that want more of a set than it has; where there are others, one place is theirs. */
  crowded(sets: Sets): ReadonlySet<Buffer> {
    const places = this.#covers.size > 1 ? Math.max(1, sets.ways - 1) : sets.ways;
    const all = [...this.#covers].filter(([buffer, { boxes }]) => isCrowded(boxes, buffer, sets, places));
    return new Set(all.map(([buffer]) => buffer));
  }

  get size(): number {
    return [...this.#covers.values()].reduce((sum, cover) => sum + cover.size, 0);
  }
}

/** Accesses under each part, those of held buffers left out. */
function collect(part: Part, found: Map<Part, readonly Access[]>, held: ReadonlySet<Buffer>): readonly Access[] {
  const below =
    part.kind === "statement"
      ? part.accesses.filter(({ buffer }) => !held.has(buffer))
      : part.kind === "sequence"
        ? part.parts.flatMap((each) => collect(each, found, held))
        : collect(part.body, found, held);
  found.set(part, below);
  return below;
}

export const hasLanes = (accesses: readonly Access[]): boolean =>
  accesses.some(({ loops }) => loops.some(({ loopKind }) => loopKind === "vectorized"));

/** Code without loops, once unrolled loops are copies and vectorized ones lanes. */
function isStraight(part: Part): boolean {
  switch (part.kind) {
    case "statement":
      return true;
    case "sequence":
      return part.parts.every(isStraight);
    case "branch":
      return isStraight(part.body);
    default:
      return part.loopKind !== "serial" && !part.forks && part.loopKind !== "parallel" && isStraight(part.body);
  }
}
