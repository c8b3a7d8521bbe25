import { intervalOf, Simplifier, type SymbolicInterval } from "@tilewright/arith";
import { CompileError, invariant } from "@tilewright/diagnostics";
import {
  at,
  build,
  type Expr,
  type IterVar,
  int,
  isConst,
  type Read,
  structuralEqual,
  substitute,
  type Tensor,
  type Var,
  variable,
  visit,
} from "@tilewright/ir";
import { endOf, extentOf } from "./axis-extent.js";
import { loopsOfInitial } from "./check-places.js";
import { ownIterations, threadVariable } from "./cooperative.js";
import type { Domain, Domains, EnclosingLoop, Region } from "./domain.js";
import { illegalTail } from "./errors.js";
import type { Bodies } from "./inline-stages.js";
import { extentIn, extentsOf, leavesOf, valuesOf } from "./relations.js";
import { windowOf } from "./rolling-window.js";
import type { Stage } from "./schedule.js";

type Range = { readonly min: number; readonly max: number };

/**
 * Bound inference: what each stage must compute where it stands. Rule, readers before producers: outputs compute their shape; any other
 * stage computes the box around everything its readers read while the loops around it stand still. Loops further in are relaxed to their
 * whole range. A stage that reads nothing but other intermediates is not
 * confined to its shape: it may compute a whole tile beyond the edge, since its producers then cover that too and nobody uses it.
 * (TVM: InferBound; Halide: bounds inference.)
 *
 * Where stages stand is legal already (`checkPlaces`).
 *
 * @throws CompileError SCH116
 */
export function inferBounds(stages: readonly Stage[], bodies: Bodies): Domains {
  const byStage = new Map<Stage, Domain>();
  const order = stages.filter((stage) => stage.operation.kind !== "Placeholder");
  const intermediate = new Set<Tensor>();
  const externInputs = new Set(order.flatMap(({ operation }) => (operation.kind === "Extern" ? operation.inputs : [])));
  const firstValues = new Set(order.flatMap(({ operation }) => (operation.kind === "Scan" ? operation.initial : [])));
  for (const stage of order) {
    if (stage.operation.kind !== "Compute" || stage.isOutput) continue;
    for (const tensor of stage.tensors)
      if (!externInputs.has(tensor) && !firstValues.has(tensor)) intermediate.add(tensor);
  }
  const readers: Domain[] = [];
  for (const stage of [...order].reverse()) {
    const enclosing = enclosingLoops(stage, byStage);
    const confined =
      stage.isOutput ||
      readsOf(bodies.get(stage) ?? []).some((read) => !intermediate.has(read.tensor)) ||
      !stage.tensors.every((tensor) => intermediate.has(tensor));
    const domain = stage.tensors.every((tensor) => intermediate.has(tensor))
      ? demandedDomain(stage, enclosing, readers, bodies, confined)
      : domainOf(stage, declaredRegions(stage), enclosing, confined);
    if (stage.tensors.some((tensor) => externInputs.has(tensor))) checkDense(stage, domain);
    byStage.set(stage, domain);
    readers.unshift(domain, ...(domain.rolled === null ? [] : [domain.rolled.warmUp]));
  }
  return { order, byStage, bodies };
}

function declaredRegions(stage: Stage): readonly Region[] {
  return stage.axes.map((axis) => ({ min: axis.min, extent: extentOf(axis) }));
}

/** What the readers ask for, in two parts when the stage keeps it from one iteration to the next. @throws CompileError SCH168 */
function demandedDomain(
  stage: Stage,
  enclosing: readonly EnclosingLoop[],
  readers: readonly Domain[],
  bodies: Bodies,
  confined: boolean,
): Domain {
  const loop = enclosing.at(-1);
  if (stage.rolling === null || loop === undefined)
    return domainOf(stage, demandedRegions(stage, enclosing, readers, bodies), enclosing, confined);
  const { dimension } = stage.rolling;
  const own = readers.filter((reader) => readsIn(reader, stage, bodies).length > 0);
  const isInside = (reader: Domain): boolean => loopsInside(reader).some(({ variable: v }) => v === loop.variable);
  const first = own.filter((reader) => !isInside(reader));
  const outside = enclosing.slice(0, -1);
  const along = (loops: readonly EnclosingLoop[], some: readonly Domain[]): Region =>
    demandedRegions(stage, loops, some, bodies, (other) => other === dimension)[dimension] as Region;
  const others = demandedRegions(stage, enclosing, own, bodies, (other) => other !== dimension);
  const inside = along(enclosing, own.filter(isInside));
  const all = others.map((region, other) => (other === dimension ? inside : region));
  const before = first.length === 0 ? null : along(outside, first);
  const window = windowOf(stage, loop, outside, { inside, before, all });
  if (window === null) return domainOf(stage, all, enclosing, confined);
  const warmUp = domainOf(stage, window.first, outside, confined);
  const each = domainOf(stage, window.each, enclosing, confined);
  const rowsOf = ({ regions }: Domain): number => regions.get(stage.axes[dimension] as IterVar)?.extent ?? 1;
  const rows = Math.max(window.kept + rowsOf(each), rowsOf(warmUp));
  return { ...each, rolled: { dimension, rows, step: window.step, warmUp } };
}

/** What an extern operation reads has its declared shape: no room for whole tiles. */
function checkDense(stage: Stage, { regions }: Domain): void {
  for (const axis of stage.axes) {
    if ((regions.get(axis)?.extent ?? 0) > extentOf(axis)) {
      throw new CompileError(
        illegalTail(axis.name, "roundUp", "an extern operation reads the stage, in its declared shape", axis.span),
      );
    }
  }
}

/** Every read of some bodies. */
export function readsOf(bodies: readonly Expr[]): readonly Read[] {
  const reads: Read[] = [];
  for (const body of bodies) visit(body, { Read: (read) => void reads.push(read) });
  return reads;
}

function domainOf(
  stage: Stage,
  regions: readonly Region[],
  enclosing: readonly EnclosingLoop[],
  confined: boolean,
): Domain {
  const roots = new Map<IterVar, number>();
  for (const [dimension, axis] of stage.axes.entries()) roots.set(axis, regions[dimension]?.extent ?? 1);
  for (const axis of stage.reduceAxes) roots.set(axis, extentOf(axis));
  const { extents, rooms } = extentsOf(stage, roots);
  checkTails(stage, extents);
  for (const [axis, room] of rooms)
    if (!Number.isSafeInteger(room))
      throw new CompileError(illegalTail(axis.name, "roundUp", `${room} elements are too many to count`, axis.span));
  const loopVars = new Map(
    stage.leaves.map((leaf) => {
      const threads = threadVariable(stage, leaf, extentIn(extents, leaf), enclosing);
      return [leaf, threads ?? variable(leaf.name, "index", 1, leaf.span)] as const;
    }),
  );
  const relative = valuesOf(stage, extents, loopVars);
  const withRoom = new Map(
    stage.axes.map(
      (axis, dimension) =>
        [
          axis,
          { min: regions[dimension]?.min ?? int(0), extent: Math.max(extentIn(rooms, axis), extentIn(extents, axis)) },
        ] as const,
    ),
  );
  return { stage, regions: withRoom, extents, loopVars, relative, enclosing, confined, rolled: null };
}

function checkTails(stage: Stage, extents: ReadonlyMap<IterVar, number>): void {
  const produced = new Set<IterVar>();
  for (const relation of stage.relations) {
    if (relation.kind === "fuse") {
      produced.add(relation.fused);
      continue;
    }
    const { parent, inner, outer, tail } = relation;
    const uneven = extentIn(extents, parent) % extentIn(extents, inner) !== 0;
    if (tail === "roundUp" && (produced.has(parent) || (uneven && !isPadded(stage, parent)))) {
      throw new CompileError(
        illegalTail(
          parent.name,
          tail,
          produced.has(parent) ? "a fused loop has no storage of its own to pad" : "the loop around it is not padded",
          parent.span,
        ),
      );
    }
    if (tail === "exact" && uneven) {
      throw new CompileError(
        illegalTail(
          parent.name,
          tail,
          `the loop has extent ${extentIn(extents, parent)} here, which ${extentIn(extents, inner)} does not divide`,
          parent.span,
        ),
      );
    }
    if (tail === "shift" && uneven) checkShift(stage, outer, inner, parent);
  }
}

/** Rule: memory has room for more of an axis where every loop around it, up to the dimension, was rounded up too. */
function isPadded(stage: Stage, axis: IterVar): boolean {
  const relation = stage.relations.find((other) => other.kind === "split" && other.outer === axis);
  if (relation?.kind === "split") return relation.tail === "roundUp" && isPadded(stage, relation.parent);
  return stage.axes.includes(axis) || stage.reduceAxes.includes(axis);
}

/** Overlapping tiles compute some elements twice: right only when each tile initialises what it folds, and no two run at once. */
function checkShift(stage: Stage, outer: IterVar, inner: IterVar, parent: IterVar): void {
  const refuse = (why: string): never => {
    throw new CompileError(illegalTail(parent.name, "shift", why, parent.span));
  };
  const outers = new Set(leavesOf(stage, outer));
  const inners = new Set(leavesOf(stage, inner));
  const folds = stage.reduceAxes.length > 0;
  const initialised = loopsOfInitial(stage);
  const lastOuter = stage.leaves.findLastIndex((leaf) => outers.has(leaf));
  for (const [position, leaf] of stage.leaves.entries()) {
    const meets = outers.has(leaf) || (inners.has(leaf) && position < lastOuter);
    if (!meets) continue;
    if (folds && position >= initialised) {
      refuse("the sums are initialised outside of it, so overlapping elements would be added twice");
    }
    const kind = stage.marks.get(leaf)?.loopKind;
    if (kind === "parallel" || kind === "thread" || kind === "vectorized") {
      refuse(`overlapping tiles would be written at once by the ${kind} loop \`${leaf.name}\``);
    }
  }
}

function enclosingLoops(stage: Stage, byStage: ReadonlyMap<Stage, Domain>): readonly EnclosingLoop[] {
  const { attachment } = stage;
  if (attachment.kind !== "at") return [];
  const target = byStage.get(attachment.stage);
  invariant(target !== undefined, `${attachment.stage.name} has no domain yet, but ${stage.name} is computed in it`);
  const depth = attachment.stage.leaves.indexOf(attachment.axis);
  return [...target.enclosing, ...attachment.stage.leaves.slice(0, depth + 1).map((axis) => loopOf(target, axis))];
}

function loopOf(domain: Domain, axis: IterVar): EnclosingLoop {
  return {
    stage: domain.stage,
    axis,
    variable: domain.loopVars.get(axis) as Var,
    extent: extentIn(domain.extents, axis),
  };
}

/** Loops around a point in the body of a stage, outermost first. */
export function loopsInside(domain: Domain): readonly EnclosingLoop[] {
  return [...domain.enclosing, ...domain.stage.leaves.map((leaf) => loopOf(domain, leaf))];
}

function demandedRegions(
  stage: Stage,
  enclosing: readonly EnclosingLoop[],
  readers: readonly Domain[],
  bodies: Bodies,
  wanted: (dimension: number) => boolean = () => true,
): readonly Region[] {
  const points = new Set(ownIterations(stage, enclosing).map((loop) => loop.variable));
  const demands: (Demand | null)[][] = stage.axes.map(() => []);
  const ranges = new Map<Var, Range>(
    enclosing.map(({ variable: v, extent }) => [v, { min: 0, max: Math.max(0, extent - 1) }]),
  );
  const simplifier = new Simplifier({ ranges });
  for (const reader of readers) {
    const reads = readsIn(reader, stage, bodies);
    if (reads.length === 0) continue;
    const { replace, relaxed } = relaxation(reader, points);
    for (const dimension of demands.keys()) {
      if (!wanted(dimension)) continue;
      for (const index of distinctIndices(reads, dimension))
        demands[dimension]?.push(demandOf(substitute(index, replace), relaxed, simplifier));
    }
  }
  return stage.axes.map((axis, dimension) => {
    const { min, extent } = unionRegion(demands[dimension] ?? [], axis, simplifier);
    const multiple = stage.multiples.get(axis) ?? 1;
    return { min, extent: Math.ceil(extent / multiple) * multiple };
  });
}

/** A stencil reads many elements, and few rows. */
function distinctIndices(reads: readonly Read[], dimension: number): readonly Expr[] {
  const kept: Expr[] = [];
  for (const { indices } of reads) {
    const index = indices[dimension];
    if (index !== undefined && !kept.some((other) => structuralEqual(other, index))) kept.push(index);
  }
  return kept;
}

function readsIn(reader: Domain, source: Stage, bodies: Bodies): readonly Read[] {
  return readsOf(bodies.get(reader.stage) ?? []).filter((read) => source.tensors.includes(read.tensor));
}

/** Axis variables of a reader as expressions of loop variables; those that vary while the points stand still come with their ranges. */
function relaxation(
  domain: Domain,
  points: ReadonlySet<Var>,
): { replace: Map<Var, Expr>; relaxed: Map<Var, { min: Expr; extent: Expr }> } {
  const relaxed = new Map<Var, { min: Expr; extent: Expr }>();
  for (const { variable: v, extent } of loopsInside(domain))
    if (!points.has(v)) relaxed.set(v, { min: int(0), extent: int(Math.max(1, extent)) });
  const replace = new Map<Var, Expr>();
  for (const axis of [...domain.stage.axes, ...domain.stage.reduceAxes]) {
    const min = domain.regions.get(axis)?.min ?? axis.min;
    const whole = leavesOf(domain.stage, axis).every((leaf) => relaxed.has(domain.loopVars.get(leaf) as Var));
    let value = domain.relative.get(axis) ?? int(0);
    if (whole) {
      const all = variable(axis.name);
      relaxed.set(all, { min: int(0), extent: int(Math.max(1, regionExtent(domain, axis, min))) });
      value = all;
    }
    replace.set(axis.variable, build.add(min, value));
  }
  return { replace, relaxed };
}

/** What the reader really computes along an axis that is wholly relaxed: guards keep a confined reader inside its shape. */
function regionExtent(domain: Domain, axis: IterVar, min: Expr): number {
  const region = domain.regions.get(axis);
  if (region === undefined) return extentIn(domain.extents, axis);
  if (!domain.confined || !isConst(min)) return region.extent;
  return Math.max(0, Math.min(region.extent, endOf(axis) - Number(min.value)));
}

/** What one read asks for along one dimension: both ends, and the most elements between them; null when nothing bounds it. */
interface Demand {
  readonly min: Expr;
  readonly max: Expr;
  readonly cap: number;
}

function demandOf(index: Expr, relaxed: Map<Var, { min: Expr; extent: Expr }>, simplifier: Simplifier): Demand | null {
  const { min, max } = reachOf(index, relaxed, simplifier);
  if (min === null || max === null || readsOf([min, max]).length > 0) return null;
  const cap = simplifier.bounds(build.add(build.sub(max, min), int(1))).max;
  const clamped = clampedParts(index);
  return { min, max, cap: clamped === undefined ? cap : Math.min(cap, clamped.last + 1) };
}

/** The ends of what an index reaches while the relaxed variables vary; a clamp is kept around them. */
export function reachOf(
  index: Expr,
  relaxed: ReadonlyMap<Var, { min: Expr; extent: Expr }>,
  simplifier: Simplifier,
): SymbolicInterval {
  const clamped = clampedParts(index);
  const { min, max } = intervalOf(clamped?.inner ?? index, relaxed, simplifier);
  const inside = (end: Expr | null): Expr | null =>
    end === null || clamped === undefined
      ? end
      : build.binary("min", build.binary("max", end, int(0)), int(clamped.last));
  return { min: inside(min), max: inside(max) };
}

/** What is clamped, and the last index, of an index that `createSchedule` has clamped. */
export function clampedParts(index: Expr): { inner: Expr; last: number } | undefined {
  if (index.kind !== "Binary" || index.op !== "min" || !isConst(index.right) || index.left.kind !== "Binary")
    return undefined;
  const { left, right } = index;
  if (left.op !== "max" || !isConst(left.right, 0)) return undefined;
  return { inner: left.left, last: Number((right as { value: number }).value) };
}

function unionRegion(asked: readonly (Demand | null)[], axis: IterVar, simplifier: Simplifier): Region {
  const declared = extentOf(axis);
  const demands = asked.filter((demand) => demand !== null);
  if (demands.length === 0 || demands.length < asked.length) return { min: int(0), extent: declared };
  const b = at(axis.span);
  const fold = (op: "min" | "max", all: readonly Expr[]): Expr =>
    simplifier.simplify(all.reduce((x, y) => b.binary(op, x, y)));
  const mins = distinct(
    demands.map((demand) => demand.min),
    simplifier,
  );
  const min = fold("min", mins);
  const max = fold(
    "max",
    distinct(
      demands.map((demand) => demand.max),
      simplifier,
    ),
  );
  const widest = mins.length === 1 ? Math.max(...demands.map((demand) => demand.cap)) : Number.POSITIVE_INFINITY;
  const extent = Math.min(widest, simplifier.bounds(b.add(b.sub(max, min), int(1))).max);
  const low = simplifier.bounds(min).min;
  if (!Number.isSafeInteger(extent) || !Number.isSafeInteger(low)) return { min: int(0), extent: declared };
  return { min, extent: Math.max(0, extent) };
}

function distinct(exprs: readonly Expr[], simplifier: Simplifier): readonly Expr[] {
  const kept: Expr[] = [];
  for (const expr of exprs) {
    const same = kept.some((other) => isConst(simplifier.simplify(build.sub(expr, other)), 0));
    if (!same) kept.push(expr);
  }
  return kept;
}
