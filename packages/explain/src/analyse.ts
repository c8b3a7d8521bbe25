import { isConst, type PrimFunc } from "@tilewright/ir";
import type { Stage } from "@tilewright/schedule";
import { boundOf, boundOfAll, computeSeconds, ratesFor } from "./bound.js";
import type { Computed, Explanation, StageExplanation } from "./explanation.js";
import { groupBy } from "./group-by.js";
import type { Machine } from "./machine.js";
import { levelTraffic, type Memory, memoryOf } from "./memory.js";
import { type Loop, type Nest, type Statement, statementsOf } from "./nest.js";
import { nestLines } from "./nest-lines.js";
import { readNest } from "./read-nest.js";
import type { StageNames } from "./stage-names.js";
import { vectorizationOf } from "./vectorization.js";
import { findWarnings } from "./warnings.js";
import { addWork, instructionsOf, NO_WORK, operationsOf, type Work } from "./work.js";

/** One stage as it stands in the nest. */
export interface StageNest {
  readonly name: string;
  /** Null for what the schedule does not know, as a buffer inside an extern operation. */
  readonly stage: Stage | null;
  readonly statements: readonly Statement[];
  /** The statement with the most arithmetic, which speaks for the stage. */
  readonly main: Statement;
  /** Loops of the stage itself; the others around it belong to the stage that it is computed in. */
  readonly own: readonly Loop[];
}

/** The explanation of a function at level `scheduled` whose buffers belong to named stages. */
export function analyse(
  func: PrimFunc,
  names: StageNames,
  machine: Machine,
  threads: number,
  meanings: ReadonlyMap<string, PrimFunc> = new Map(),
): Explanation {
  const nest = readNest(func, names.nameOf, meanings);
  const memory = memoryOf(nest, machine, threads);
  const nests = stageNests(nest, names);
  const stages = nests.map((each) => explainStage(each, nests, nest, memory, machine, threads));
  const work = stages.reduce<Work>((sum, stage) => addWork(sum, stage.work), NO_WORK);
  const operations = operationsOf(work);
  const traffic = levelTraffic(memory, [...nests.map(({ name }) => name), ""], operations);
  const bound = boundOfAll(
    machine,
    operations,
    stages.map((stage) => stage.bound),
  );
  const total = { work, operations, traffic, bound };
  const warnings = findWarnings({ machine, threads, nest, nests, stages, memory });
  return { name: func.name, machine, threads, stages, total, warnings, notes: nest.notes };
}

/** Stages in the order in which they begin. */
function stageNests(nest: Nest, names: StageNames): readonly StageNest[] {
  const byStage = groupBy(statementsOf(nest.root), ({ stage }) => stage);
  const mains = new Map<string, Statement>();
  for (const [name, statements] of byStage) {
    const weight = (each: Statement): number =>
      each.executions * (1 + instructionsOf(each.work)) * (each.stored === null ? 0.5 : 1);
    const stores = statements.filter(({ stored }) => stored !== null);
    const [first] = stores;
    if (first !== undefined)
      mains.set(
        name,
        stores.reduce((a, b) => (weight(b) > weight(a) ? b : a), first),
      );
  }
  return [...mains].map(([name, main]) => {
    const stage = names.stageOf(name) ?? null;
    const consumer = stage?.attachment.kind === "at" ? mains.get(stage.attachment.stage.name) : undefined;
    const outside = main.loops.findIndex((loop, depth) => loop !== consumer?.loops[depth]);
    const own = consumer === undefined ? main.loops : main.loops.slice(outside < 0 ? main.loops.length : outside);
    return { name, stage, statements: byStage.get(name) ?? [], main, own };
  });
}

function explainStage(
  each: StageNest,
  all: readonly StageNest[],
  nest: Nest,
  memory: Memory,
  machine: Machine,
  threads: number,
): StageExplanation {
  const { name, main, own, statements } = each;
  const work = statements.reduce<Work>((sum, one) => addWork(sum, one.work, one.executions), NO_WORK);
  const operations = operationsOf(work);
  const traffic = levelTraffic(memory, [name], operations);
  const compute = computeSeconds(machine, statements, threads);
  const rates = ratesFor(machine, main, threads);
  const [outermost] = own;
  return {
    name,
    type: main.stored === null ? "" : typeOf(main.stored),
    place: placeOf(each, all),
    executions: outermost?.executions ?? main.executions,
    nest: nestLines(nest.root, each, memory),
    work,
    operations,
    traffic,
    workingSets: memory.workingSets(main),
    vectorization: vectorizationOf(machine, statements, main),
    computed: computedOf(each),
    bound: boundOf(machine, operations, compute, traffic, rates),
  };
}

function typeOf({ dtype, shape }: NonNullable<Statement["stored"]>): string {
  return `${dtype}[${shape.map((extent) => (isConst(extent) ? String(extent.value) : "?")).join(", ")}]`;
}

function placeOf({ stage, main, own }: StageNest, all: readonly StageNest[]): string {
  const attachment = stage?.attachment;
  const around = main.loops[main.loops.length - own.length - 1];
  if (attachment?.kind !== "at" || around === undefined) return "at the root";
  return all.some(({ name }) => name === attachment.stage.name)
    ? `in \`${around.name}\` of ${attachment.stage.name}`
    : "at the root";
}

function computedOf({ stage, statements, main }: StageNest): Computed {
  const stores = statements.filter(({ stored }) => stored !== null && stored === main.stored);
  const folds = (stage?.reduceAxes.length ?? 0) > 0;
  const counts = stores.map(({ executions, points }) => executions * points);
  const points = folds ? Math.max(...counts) : counts.reduce((sum, count) => sum + count, 0);
  const axes = stage?.operation.kind === "Compute" ? [...stage.axes, ...stage.reduceAxes] : [];
  const extents = axes.map(({ extent }) => (isConst(extent) ? Number(extent.value) : Number.NaN));
  const needed = extents.reduce((product, extent) => product * extent, 1);
  const known = axes.length > 0 && Number.isFinite(needed) && needed > 0;
  return known ? { points, needed, factor: points / needed } : { points, needed: points, factor: 1 };
}
