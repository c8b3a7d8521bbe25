// Which barriers the launch form needs beside those of the program. In the program the thread loops of a block begin when what stands before them
// is done, and end when all threads have ended; in the launch form the threads run through all of it. So before a step that conflicts
// with one since the last barrier stands a barrier. Steps are: a nest of thread loops, a statement of one thread, a value that all compute.
import { boundsOf, type Interval, type Ranges } from "@tilewright/arith";
import {
  type AtomicOp,
  type Buffer,
  type Expr,
  type For,
  type Stmt,
  type Var,
  visit,
  type While,
} from "@tilewright/ir";
import { type Step, stepsOf } from "./block.js";
import { constantOf } from "./index-arithmetic.js";
import { linearFormOf } from "./linear-form.js";
import { createNumbering, type Numbering } from "./numbering.js";

export type BarrierScope = "shared" | "global";

/** What the analysis must know of the launch. */
export interface Conflicts {
  /** Extents of the thread axes. */
  readonly axes: ReadonlyMap<string, number>;
  readonly mayAlias: readonly (readonly [Buffer, Buffer])[];
  /** Memory of one thread each. */
  readonly isPrivate: (buffer: Buffer) => boolean;
  /** Values of variables, both ends included. */
  readonly ranges: Ranges;
  /** A step that runs on one thread, or on all of a full set: nothing in it is looked at one by one. */
  readonly isWhole: (step: Step, bound: ReadonlySet<string>) => boolean;
}

interface Access {
  readonly buffer: Buffer;
  readonly kind: "read" | "write" | AtomicOp;
  /** Null: any element. */
  readonly index: Expr | null;
  readonly item: Item;
}

interface Item {
  /** `one`: the first thread alone; `all`: each of them computes the same; `nest`: loops over threads. */
  readonly runner: "one" | "all" | "nest";
  /** Variables of the thread loops around an access and inside the item, by tag. */
  readonly threads: ReadonlyMap<string, For>;
  /** Whether a variable keeps its value while the launch runs. */
  readonly stable: (variable: Var) => boolean;
}

type Pending = readonly Access[];

export interface Barriers {
  /** Steps that need a barrier before them. */
  readonly before: ReadonlyMap<Step, BarrierScope>;
  /** Loops with a condition that need one at the end of their body. */
  readonly atEnd: ReadonlyMap<Step, BarrierScope>;
}

export function barriersFor(body: Stmt, conflicts: Conflicts): Barriers {
  // One thread waits for nobody.
  if ([...conflicts.axes.values()].every((extent) => extent === 1)) return { before: new Map(), atEnd: new Map() };
  const walk = new Walk(conflicts);
  walk.block(body, new Map(), []);
  return walk;
}

/** Pairs of accesses that are looked at; beyond, any two conflict. */
const MOST_PAIRS = 4_096;

class Walk {
  readonly before = new Map<Step, BarrierScope>();
  readonly atEnd = new Map<Step, BarrierScope>();
  readonly #conflicts: Conflicts;
  /** Variables of loops around, and what is bound in them. */
  readonly #changing = new Set<Var>();
  readonly #accesses = new Map<object, { readonly loops: readonly For[]; readonly found: readonly Access[] }>();
  readonly #parts = new Map<Access, IndexParts | null>();
  readonly #numbering = createNumbering();

  constructor(conflicts: Conflicts) {
    this.#conflicts = conflicts;
  }

  /** Accesses since the last barrier, after `stmt`. `bound`: thread loops around. */
  block(stmt: Stmt, bound: ReadonlyMap<string, For>, before: Pending): Pending {
    let pending = before;
    for (const step of stepsOf(stmt)) pending = this.#step(step, bound, pending);
    return pending;
  }

  #step(step: Step, bound: ReadonlyMap<string, For>, before: Pending): Pending {
    if (step.kind === "Barrier") return afterBarrier(before, step.scope);
    if (step.kind === "For" && step.loopKind === "thread") return this.#nest(step, bound, before);
    if (this.#conflicts.isWhole(step, new Set(bound.keys()))) return this.#item(step, step, "one", bound, before);
    const head = headOf(step);
    const pending = head.length === 0 ? before : this.#item(step, head, "all", bound, before);
    switch (step.kind) {
      case "For":
      case "While":
        return this.#loop(step, bound, pending);
      case "If": {
        const then = this.block(step.then, bound, pending);
        return union(then, step.otherwise === null ? pending : this.block(step.otherwise, bound, pending));
      }
      case "Allocate":
        return this.block(step.body, bound, pending);
      case "Let":
      case "Register":
        this.#changing.add(step.variable);
        return pending;
      default:
        return pending;
    }
  }

  /** The body is walked twice: the second time it comes after itself. */
  #loop(loop: For | While, bound: ReadonlyMap<string, For>, before: Pending): Pending {
    if (loop.kind === "For") this.#changing.add(loop.loopVar);
    const once = this.#tested(loop, bound, this.block(loop.body, bound, before));
    const again = this.#tested(loop, bound, this.block(loop.body, bound, union(before, once)));
    return loop.kind === "For" && (constantOf(loop.extent) ?? 0) >= 1 ? again : union(before, again);
  }

  /** The accesses after the condition of a loop was computed once more. */
  #tested(loop: For | While, bound: ReadonlyMap<string, For>, pending: Pending): Pending {
    if (loop.kind === "For") return pending;
    const accesses = this.#accessesOf([loop.condition], loop.condition, "all", bound);
    const scope = this.#conflict(pending, accesses);
    if (scope === null) return pending;
    this.atEnd.set(loop, this.atEnd.get(loop) === "global" ? "global" : scope);
    return afterBarrier(pending, scope);
  }

  #nest(loop: For, bound: ReadonlyMap<string, For>, before: Pending): Pending {
    const pending = this.#item(loop, loop, "nest", bound, before);
    const inner = new Map(bound).set(loop.thread as string, loop);
    if (inner.size < this.#conflicts.axes.size) this.block(loop.body, inner, []);
    return pending;
  }

  /** Adds the accesses below `nodes`; a barrier comes before `step` where one of them conflicts. */
  #item(
    step: Step,
    nodes: Stmt | readonly Expr[],
    runner: Item["runner"],
    bound: ReadonlyMap<string, For>,
    before: Pending,
  ): Pending {
    const accesses = this.#accessesOf(Array.isArray(nodes) ? nodes : [nodes], step, runner, bound);
    const scope = this.#conflict(before, accesses);
    if (scope === null) return union(before, accesses);
    this.before.set(step, this.before.get(step) === "global" ? "global" : scope);
    return union(afterBarrier(before, scope), accesses);
  }

  /** The accesses below `nodes`, the same objects each time that `key` is asked for. */
  #accessesOf(
    nodes: readonly (Stmt | Expr)[],
    key: object,
    runner: Item["runner"],
    bound: ReadonlyMap<string, For>,
  ): readonly Access[] {
    const known = this.#accesses.get(key);
    const loops = [...bound.values()];
    if (known?.loops.every((loop, at) => loop === loops[at])) return known.found;
    const { isPrivate } = this.#conflicts;
    const found: Access[] = [];
    this.#accesses.set(key, { loops, found });
    const threads = new Map(bound);
    const inside = new Set<Var>();
    const changing = new Set(this.#changing);
    const stable = (variable: Var): boolean => !inside.has(variable) && !changing.has(variable);
    const item = { runner, threads, stable };
    const add = (kind: Access["kind"]) => (node: { readonly buffer: Buffer; readonly indices: readonly Expr[] }) => {
      if (!isPrivate(node.buffer)) found.push({ buffer: node.buffer, kind, index: node.indices[0] ?? null, item });
    };
    const bind = ({ variable }: { readonly variable: Var }): void => void inside.add(variable);
    for (const node of nodes)
      visit(node, {
        Load: add("read"),
        Store: add("write"),
        Atomic: (node) => add(node.op)(node),
        BufferRegion: ({ buffer }) => {
          if (!isPrivate(buffer))
            for (const kind of ["read", "write"] as const) found.push({ buffer, kind, index: null, item });
        },
        Let: bind,
        Register: bind,
        For: (loop) => {
          inside.add(loop.loopVar);
          if (loop.thread !== null) threads.set(loop.thread, loop);
        },
      });
    return found;
  }

  /** The widest memory in which an access of `after` conflicts with one of `before`. */
  #conflict(before: Pending, after: readonly Access[]): BarrierScope | null {
    let scope: BarrierScope | null = null;
    let pairs = 0;
    for (const later of after) {
      for (const earlier of before) {
        if (scope === "global" || (scope === "shared" && later.buffer.scope === "shared")) continue;
        if (!this.#meet(earlier, later)) continue;
        if (pairs++ < MOST_PAIRS && this.#sameThread(earlier, later)) continue;
        scope = later.buffer.scope === "shared" ? "shared" : "global";
      }
    }
    return scope;
  }

  #meet(earlier: Access, later: Access): boolean {
    const [first, second] = [earlier.kind, later.kind];
    if (first === second && first !== "write" && first !== "exchange") return false; // updates of one kind come in any order
    if (earlier.buffer === later.buffer) return true;
    return this.#conflicts.mayAlias.some((pair) => pair.includes(earlier.buffer) && pair.includes(later.buffer));
  }

  /** True when one thread alone makes both accesses of any element that both touch. */
  #sameThread(earlier: Access, later: Access): boolean {
    const [x, y] = [earlier.item, later.item];
    if (!sameTags(x, y) || x.runner === "all" || y.runner === "all") return false;
    if (x.runner === "one" && y.runner === "one") return true;
    const [a, b] = [this.#partsOf(earlier), this.#partsOf(later)];
    if (earlier.buffer !== later.buffer || a === null || b === null || a.base !== b.base) return false;
    const strides: { readonly stride: number; readonly extent: number }[] = [];
    for (const [tag, extent] of this.#conflicts.axes) {
      const stride = a.strides.get(tag) ?? 0;
      if (stride !== (b.strides.get(tag) ?? 0)) return false;
      if (x.threads.has(tag) && extent > 1) strides.push({ stride: Math.abs(stride), extent });
    }
    // Digits of a number: each is worth more than all smaller ones together, so the element tells the thread.
    let reach = Math.max(a.rest.max, b.rest.max) - Math.min(a.rest.min, b.rest.min);
    for (const { stride, extent } of strides.sort((p, q) => p.stride - q.stride)) {
      if (stride <= reach) return false;
      reach += stride * (extent - 1);
    }
    return true;
  }

  #partsOf(access: Access): IndexParts | null {
    const known = this.#parts.get(access);
    if (known !== undefined) return known;
    const parts = partsOf(access, this.#conflicts.ranges, this.#numbering);
    this.#parts.set(access, parts);
    return parts;
  }
}

function afterBarrier(pending: Pending, scope: BarrierScope): Pending {
  return scope === "global" ? [] : pending.filter(({ buffer }) => buffer.scope !== "shared");
}

/** What all threads compute when they come to a step, before what stands inside of it. */
function headOf(step: Step): readonly Expr[] {
  switch (step.kind) {
    case "For":
      return [step.min, step.extent];
    case "While":
    case "If":
      return [step.condition];
    case "Let":
    case "Assign":
      return [step.value];
    case "Register":
      return [step.initial];
    case "Store":
      return [...step.indices, step.value];
    default:
      return [];
  }
}

/** Each access once. */
const union = (some: Pending, others: Pending): Pending => [...new Set([...some, ...others])];

function sameTags(x: Item, y: Item): boolean {
  return x.threads.size === y.threads.size && [...x.threads.keys()].every((tag) => y.threads.has(tag));
}

interface IndexParts {
  /** Coefficients of the threads' coordinates, by tag. */
  readonly strides: ReadonlyMap<string, number>;
  /** What stays the same while the launch runs, as a key. */
  readonly base: string;
  /** What constants, loops inside of the item and lanes add. */
  readonly rest: Interval;
}

/** The index of an access as Σ stride · thread + base + rest; null when it is no such sum. */
function partsOf({ index, item }: Access, ranges: Ranges, numbering: Numbering): IndexParts | null {
  if (index === null) return null;
  const lanes = index.kind === "Ramp" ? (constantOf(index.stride) ?? Number.NaN) * (index.lanes - 1) : 0;
  if (Number.isNaN(lanes) || (index.lanes > 1 && index.kind !== "Ramp")) return null;
  const form = linearFormOf(index.kind === "Ramp" ? index.base : index);
  const strides = new Map<string, number>();
  const base: string[] = [];
  let rest: Interval = { min: form.constant + Math.min(0, lanes), max: form.constant + Math.max(0, lanes) };
  const loops = new Map([...item.threads].map(([tag, loop]) => [loop.loopVar, { tag, loop }]));
  for (const { atom, coefficient } of form.terms) {
    if (atom.kind !== "Var") return null;
    const own = loops.get(atom);
    if (own !== undefined) {
      const min = constantOf(own.loop.min);
      if (min === undefined) return null;
      strides.set(own.tag, coefficient);
      rest = { min: rest.min + coefficient * min, max: rest.max + coefficient * min };
    } else if (item.stable(atom)) base.push(`${numbering.of(atom)}*${coefficient}`);
    else {
      const bounds = boundsOf(atom, ranges);
      const ends = [bounds.min * coefficient, bounds.max * coefficient];
      rest = { min: rest.min + Math.min(...ends), max: rest.max + Math.max(...ends) };
    }
  }
  if (!Number.isFinite(rest.min) || !Number.isFinite(rest.max)) return null;
  return { strides, base: base.sort().join("+"), rest };
}
