import { Simplifier } from "@tilewright/arith";
import {
  at,
  type Buffer,
  type Builder,
  build,
  type Const,
  type Expr,
  type For,
  type IterVar,
  int,
  isConst,
  isFloat,
  type Read,
  type Reduce,
  rewrite,
  type Scan,
  type Stmt,
  sequence,
  structuralEqual,
  substitute,
  type Tensor,
  type Var,
  variable,
} from "@tilewright/ir";
import { endOf } from "./axis-extent.js";
import { callIntrinsic } from "./call-intrinsic.js";
import { loopsOfInitial } from "./check-places.js";
import { isThreadOf, spread } from "./cooperative.js";
import type { Domain, Region } from "./domain.js";
import { foldsOf } from "./folds.js";
import { asHinted } from "./hints.js";
import { loopsInside, readsOf } from "./infer-bounds.js";
import type { Bodies } from "./inline-stages.js";
import { type PlacedDimension, positionIn } from "./layout.js";
import { paddingNest } from "./pad-memory.js";
import { filledPadding, type Padding } from "./padding.js";
import { extentIn, guardedSplits, leavesOf, valuesOf } from "./relations.js";
import type { Stage } from "./schedule.js";

type Range = { readonly min: number; readonly max: number };

/** Where a tensor lives, and which element comes first there. */
export interface Storage {
  readonly buffer: Buffer;
  readonly mins: readonly Expr[];
  readonly layout: readonly PlacedDimension[] | null;
  readonly ring: Ring | null;
}

/** Along a dimension only the last rows are there: each at its index modulo `rows`. */
export interface Ring {
  readonly dimension: number;
  readonly rows: number;
}

export interface EmitContext {
  readonly bodies: Bodies;
  readonly storage: ReadonlyMap<Tensor, Storage>;
  /** A loop of a stage, given with its body alone, with the stages that are computed in it. */
  filled(stage: Stage, axis: IterVar, loop: For): Stmt;
}

/**
 * The loop nest of one stage. Rule: loops in the order of the leaves; the body stores each output at the values that the relations give
 * the axes, under the guards of uneven splits and, when confined, of the declared shape. A reduction is initialised by a nest of its own,
 * with the data guards alone, directly before its outermost reduction loop or further out where told; so is decomposed padding.
 */
export function emitStage(domain: Domain, context: EmitContext): Stmt {
  const { stage } = domain;
  const bodies = context.bodies.get(stage) ?? [];
  const ranges = rangesOf(domain);
  const body = new StageBody(domain, domain.relative, ranges, context);
  const reduces = bodies.every((expr) => expr.kind === "Reduce") && bodies.length > 0;
  const filled = filledPadding(stage, bodies);
  const starts = filled === null ? (reduces ? (bodies as readonly Reduce[]) : []).map(startOf) : [filled.constant];
  let stmt = reduces
    ? body.update(bodies as readonly Reduce[])
    : filled === null
      ? body.stores(bodies)
      : body.interior(filled);
  const outermost = reduces && stage.reduceAxes.length > 0 ? loopsOfInitial(stage) : (filled?.depth ?? -1);
  if (reduces && outermost < 0) stmt = sequence([body.initial(starts), stmt]);
  for (let depth = stage.leaves.length - 1; depth >= 0; depth--) {
    const leaf = stage.leaves[depth] as IterVar;
    const loopVar = domain.loopVars.get(leaf) as Var;
    const loop = context.filled(stage, leaf, loopFor(domain, leaf, loopVar, stmt));
    stmt = spread(domain, leaf, loopVar, asHinted(stage, leaf, loopVar, loop));
    if (stage.unit?.leaves[0] === leaf && stage.unit.intrinsic !== null)
      stmt = callIntrinsic(stage.name, stmt, stage.unit.intrinsic, ranges, leaf.span);
    if (depth === outermost) stmt = sequence([initNest(domain, context, starts, outermost, ranges), stmt], leaf.span);
  }
  const padding = paddingNest(domain, stage.tensors.map((tensor) => context.storage.get(tensor) as Storage)); // biome-ignore format: one thought
  if (padding !== null) stmt = sequence([padding, stmt], padding.span);
  const { operation } = stage;
  return operation.kind === "Scan" ? sequence([firstNest(domain, operation, context), stmt], operation.span) : stmt;
}

function rangesOf(domain: Domain): Map<Var, Range> {
  return new Map(loopsInside(domain).map(({ variable: v, extent }) => [v, { min: 0, max: Math.max(0, extent - 1) }]));
}

function loopFor(domain: Domain, leaf: IterVar, loopVar: Var, body: Stmt): For {
  const { loopKind, thread } = domain.stage.marks.get(leaf) ?? { loopKind: "serial" as const, thread: null };
  return {
    kind: "For",
    span: leaf.span,
    loopVar,
    min: int(0),
    extent: int(extentIn(domain.extents, leaf)),
    loopKind,
    thread,
    body,
  };
}

/** The times before the loop of a scan begins, copied from its first values. */
function firstNest(domain: Domain, operation: Scan, context: EmitContext): Stmt {
  const loops = (operation.initial[0] as Tensor).shape.map((extent, dimension) => {
    const { name, span } = domain.stage.axes[dimension] as IterVar;
    return { loopVar: variable(name, "index", 1, span), extent, span };
  });
  const ranges = new Map(
    loops.map(({ loopVar, extent }) => [loopVar, { min: 0, max: Number((extent as Const).value) - 1 }]),
  );
  const body = new StageBody(domain, new Map(), ranges, context);
  return loops.reduceRight<Stmt>(
    (inner, { loopVar, extent, span }) => at(span).loop(loopVar, int(0), extent, inner),
    body.firstValues(
      operation.initial,
      loops.map(({ loopVar }) => loopVar),
    ),
  );
}

/** What a fold starts from. */
function startOf({ initial, combiner, valueIndex }: Reduce): Expr {
  return (initial ?? combiner.identities)[valueIndex] as Expr;
}

/** The data loops inside `depth`, once more with variables of their own, storing what elements start from. */
function initNest(
  domain: Domain,
  context: EmitContext,
  starts: readonly Expr[],
  depth: number,
  ranges: ReadonlyMap<Var, Range>,
): Stmt {
  const { stage } = domain;
  const inner = stage.leaves.slice(depth).filter((leaf) => leaf.iterKind !== "reduce");
  const vars = new Map(domain.loopVars);
  const own = new Map(ranges);
  for (const leaf of inner) {
    if (isThreadOf(domain, leaf)) continue;
    const fresh = variable(leaf.name, "index", 1, leaf.span);
    vars.set(leaf, fresh);
    own.set(fresh, { min: 0, max: Math.max(0, extentIn(domain.extents, leaf) - 1) });
  }
  const relative = valuesOf(stage, domain.extents, vars);
  let stmt = new StageBody(domain, relative, own, context).initial(starts);
  for (const leaf of [...inner].reverse()) {
    const loopVar = vars.get(leaf) as Var;
    stmt = spread(domain, leaf, loopVar, asHinted(stage, leaf, loopVar, loopFor(domain, leaf, loopVar, stmt)));
  }
  return stmt;
}

/** The innermost statements of a stage for one choice of axis values. */
class StageBody {
  private readonly domain: Domain;
  private readonly relative: ReadonlyMap<IterVar, Expr>;
  private readonly simplifier: Simplifier;
  private readonly context: EmitContext;
  private readonly b: Builder;

  constructor(
    domain: Domain,
    relative: ReadonlyMap<IterVar, Expr>,
    ranges: ReadonlyMap<Var, Range>,
    context: EmitContext,
  ) {
    this.domain = domain;
    this.relative = relative;
    this.simplifier = new Simplifier({ ranges });
    this.context = context;
    this.b = at(domain.stage.operation.span);
  }

  /** One store per output; several outputs are all evaluated before the first is stored, since memory may be reused in place. */
  stores(bodies: readonly Expr[]): Stmt {
    const values = bodies.map((body) => this.lowered(body));
    return this.guarded(this.storeAll(values, [...values.keys()]), true);
  }

  /** The value of padding, where it is inside. */
  interior({ inside, value }: Padding): Stmt {
    return this.guarded(this.b.when(this.lowered(inside), this.store(0, this.lowered(value)), "guard"), true);
  }

  initial(starts: readonly Expr[]): Stmt {
    const stores = starts.map((value, output) => this.store(output, this.lowered(value)));
    return this.guarded(sequence(stores, this.b.span), false);
  }

  update(bodies: readonly Reduce[]): Stmt {
    const updates = foldsOf(bodies).map((fold) => {
      const first = bodies[fold[0] ?? 0] as Reduce;
      const values = fold.map((output) => this.folded(bodies[output] as Reduce, bodies, fold));
      return this.where(first, this.storeAll(values, fold));
    });
    return this.guarded(sequence(updates, this.b.span), true);
  }

  /** The value of one component after one more element. */
  private folded(reduce: Reduce, bodies: readonly Reduce[], fold: readonly number[]): Expr {
    const replace = new Map<Var, Expr>();
    for (const [k, lhs] of reduce.combiner.lhs.entries()) {
      replace.set(lhs, this.current(fold.find((output) => bodies[output]?.valueIndex === k) ?? 0));
    }
    for (const [k, rhs] of reduce.combiner.rhs.entries()) replace.set(rhs, this.lowered(reduce.sources[k] as Expr));
    return substitute(licensed(reduce.combiner.results[reduce.valueIndex] as Expr, reduce.fast), replace);
  }

  private where(reduce: Reduce, stmt: Stmt): Stmt {
    if (reduce.condition === null) return stmt;
    const role = readsOf([reduce.condition]).length === 0 ? "guard" : "branch";
    return this.b.when(this.lowered(reduce.condition), stmt, role);
  }

  /** `outputs[k]` takes `values[k]`; several are all evaluated before the first is stored. */
  private storeAll(values: readonly Expr[], outputs: readonly number[]): Stmt {
    if (values.length === 1) return this.store(outputs[0] ?? 0, values[0] as Expr);
    const held = values.map((value, k) =>
      variable(`${this.domain.stage.tensors[outputs[k] ?? 0]?.name ?? "value"}.new`, value.dtype, 1, value.span),
    );
    const stores = held.map((value, k) => this.store(outputs[k] ?? 0, value));
    const body = sequence(stores, this.b.span);
    return values.reduceRight<Stmt>((rest, value, k) => this.b.let(held[k] as Var, value, rest), body);
  }

  private store(output: number, value: Expr): Stmt {
    const storage = this.storageOf(this.domain.stage.tensors[output] as Tensor);
    return this.b.store(storage.buffer, this.place(this.ownIndices(), storage), value);
  }

  private current(output: number): Expr {
    const storage = this.storageOf(this.domain.stage.tensors[output] as Tensor);
    return this.b.load(storage.buffer, this.place(this.ownIndices(), storage));
  }

  /** Where the element at hand lies in the stage's own memory, which begins with its region, or with element 0 where it is whole. */
  private ownIndices(): readonly Expr[] {
    const { stage, regions } = this.domain;
    const { mins } = this.storageOf(stage.tensors[0] as Tensor);
    return stage.axes.map((axis, dimension) => {
      const relative = this.relative.get(axis) ?? int(0);
      const [min, first] = [(regions.get(axis) as Region).min, mins[dimension] ?? int(0)];
      return min === first || (isConst(min, 0) && isConst(first, 0))
        ? relative
        : build.sub(build.add(min, relative), first);
    });
  }

  /** The first values of a scan at some indices. */
  firstValues(initial: readonly Tensor[], indices: readonly Expr[]): Stmt {
    const copies = initial.map((tensor, k) => {
      const { buffer } = this.storageOf(this.domain.stage.tensors[k] as Tensor);
      const { span, dtype } = tensor;
      return this.b.store(buffer, indices, this.load({ kind: "Read", span, dtype, lanes: 1, tensor, indices }));
    });
    return sequence(copies, this.b.span);
  }

  private storageOf(tensor: Tensor): Storage {
    return this.context.storage.get(tensor) as Storage;
  }

  /** Logical indices to those of the memory. */
  private place(indices: readonly Expr[], { layout, ring }: Storage): readonly Expr[] {
    const exact = indices.map((index, dimension) =>
      this.simple(ring?.dimension === dimension ? build.binary("floormod", index, int(ring.rows)) : index),
    );
    if (layout === null) return exact;
    return layout.map((dimension) => positionIn(dimension, exact, (expr) => this.simple(expr)));
  }

  private simple(expr: Expr): Expr {
    return this.simplifier.simplify(expr);
  }

  /** A body with axis values put in and reads turned into loads. */
  private lowered(expr: Expr): Expr {
    const values = new Map<Var, Expr>();
    for (const axis of [...this.domain.stage.axes, ...this.domain.stage.reduceAxes]) {
      const min = this.domain.regions.get(axis)?.min ?? axis.min;
      values.set(
        axis.variable,
        isConst(min, 0) ? (this.relative.get(axis) ?? int(0)) : build.add(min, this.relative.get(axis) ?? int(0)),
      );
    }
    return rewrite(substitute(expr, values), { Read: (read) => this.load(read) });
  }

  private load(read: Read): Expr {
    const storage = this.storageOf(read.tensor);
    const { buffer, mins } = storage;
    const indices = read.indices.map((index, dimension) => {
      const min = mins[dimension] ?? int(0);
      const whole = index.dtype === "index" ? index : build.cast(index, "index");
      return isConst(min, 0) ? whole : build.sub(whole, min);
    });
    return at(read.span).load(buffer, this.place(indices, storage));
  }

  private guarded(stmt: Stmt, whole: boolean): Stmt {
    return this.guards(whole).reduceRight((body, condition) => this.b.when(condition, body, "guard"), stmt);
  }

  /** What is known to be needed of the stage here, where that is not everything. */
  private needed(predicate: Expr): readonly Expr[] {
    return conjunctsOf(this.simple(this.lowered(predicate))).filter(
      (condition) => !(condition.kind === "Const" && condition.value === true),
    );
  }

  /** Conditions that are not provably true; for the initialisation those of data axes alone. */
  private guards(whole: boolean): readonly Expr[] {
    const { stage, extents, regions, confined } = this.domain;
    const reduced = (axis: IterVar): boolean => leavesOf(stage, axis).some((leaf) => leaf.iterKind === "reduce");
    const conditions: Expr[] = [];
    const below = (value: Expr, limit: number): void => {
      const exact = this.simple(value);
      if (this.simplifier.bounds(exact).max < limit) return;
      const condition = this.b.binary("lt", exact, int(limit));
      if (!conditions.some((other) => structuralEqual(other, condition))) conditions.push(condition);
    };
    for (const axis of guardedSplits(stage, extents)) {
      if (whole || !reduced(axis)) below(this.relative.get(axis) ?? int(0), extentIn(extents, axis));
    }
    for (const axis of confined ? stage.axes : []) {
      const { min } = regions.get(axis) as Region;
      const absolute = this.simple(build.add(min, this.relative.get(axis) ?? int(0)));
      below(absolute, endOf(axis));
      if (this.simplifier.bounds(absolute).min < 0) conditions.push(this.b.binary("ge", absolute, int(0)));
    }
    return stage.predicate === null ? conditions : [...conditions, ...this.needed(stage.predicate)];
  }
}

/** The conditions whose conjunction a condition is. */
function conjunctsOf(condition: Expr): readonly Expr[] {
  if (condition.kind !== "Binary" || condition.op !== "and") return [condition];
  return [...conjunctsOf(condition.left), ...conjunctsOf(condition.right)];
}

/** The licences of a reduction, on the arithmetic that folds it. */
function licensed(result: Expr, fast: number): Expr {
  if (fast === 0) return result;
  return rewrite(result, { Binary: (node) => (isFloat(node.dtype) ? { ...node, fast: node.fast | fast } : undefined) });
}
