import { build, type For, type IterVar, int, type PrimFunc, rewrite, type Stmt, variable } from "@tilewright/ir"; // biome-ignore format: a list
import { axesOf, bind, createSchedule, parallel, reorder, type Schedule, split, toPrimFunc, unroll, vectorize } from "@tilewright/schedule"; // biome-ignore format: a list
import type { Candidate } from "../conformance-test.js";
import { arbitraryPrimFunc } from "../random-functions.js";
import { sectionOf } from "../section.js";
import { type Structure, structuresOf } from "../structures.js";
import { feature, plainType, type Subject } from "../subject.js";
import { type Trial, trialOf } from "../trial.js";
import { agreesOn, randomFeatures, randomTypesOf } from "./random.js";
import { nameOf, parametersOf, plainFunction } from "./rules.js";

/** What is done to each stage of a schedule. */
type Change = (schedule: Schedule, stage: string, axes: readonly IterVar[]) => void;

const isData = ({ iterKind }: IterVar): boolean => iterKind === "data";
const lastData = (axes: readonly IterVar[]): IterVar | undefined => axes.filter(isData).at(-1);
const firstData = (axes: readonly IterVar[]): IterVar | undefined => axes.find(isData);

const SPLIT: Change = (schedule, stage, axes) => {
  for (const axis of axes) split(schedule, stage, axis, { factor: 4 });
};
const REORDER: Change = (schedule, stage, axes) => {
  if (axes.length > 1) reorder(schedule, stage, [...axes.filter(isData), ...axes.filter((axis) => !isData(axis))].reverse()); // biome-ignore format: one call
};
const inner =
  (factor: number, mark: typeof unroll): Change =>
  (schedule, stage, axes) => {
    const axis = lastData(axes);
    if (axis !== undefined) mark(schedule, stage, split(schedule, stage, axis, { factor })[1]);
  };
const UNROLL = inner(3, unroll);
const VECTORIZE = inner(4, vectorize);
const PARALLEL: Change = (schedule, stage, axes) => {
  const axis = firstData(axes);
  if (axis === undefined) return;
  reorder(schedule, stage, [axis, ...axes.filter((each) => each !== axis)]);
  parallel(schedule, stage, axis);
};
const BIND: Change = (schedule, stage, axes) => {
  const axis = firstData(axes);
  if (axis === undefined) return;
  const [block, thread] = split(schedule, stage, axis, { factor: 8 });
  reorder(schedule, stage, [block, thread, ...axes.filter((each) => each !== axis)]);
  bind(schedule, stage, block, "blockIdx.x");
  bind(schedule, stage, thread, "threadIdx.x");
};

/** The same meaning written in other ways: what is computed may not depend on how loops are cut. */
export function variantTests(subject: Subject): readonly Candidate[] {
  const { compares, proves } = sectionOf(subject, "variants");
  const dtype = plainType(subject);
  const claim = (what: string, features: Candidate["features"], change: Change): Candidate =>
    compares(
      `computes the same when loops are ${what}`,
      features,
      () => structuresOf(dtype).map((structure) => changed(structure, nameOf(what), change)),
      "scheduled",
    );
  const types = randomTypesOf(subject);
  return [
    ...(dtype === "bool"
      ? []
      : [
          claim("as they were written", [feature("dtype", dtype)], () => {}),
          claim("split", [feature("dtype", dtype)], SPLIT),
          claim("reordered", [feature("dtype", dtype)], REORDER),
          claim("unrolled", [feature("loop", "unrolled")], UNROLL),
          claim("vectorized", [feature("loop", "vectorized")], VECTORIZE),
          claim("run in parallel", [feature("loop", "parallel")], PARALLEL),
          claim("bound to blocks and threads", [feature("loop", "thread")], BIND),
        ]),
    ...(types.length === 0
      ? []
      : [
          proves("computes the same when loops of random functions are split", randomFeatures(subject), () =>
            agreesOn(subject, arbitraryPrimFunc({ dtypes: types, maxRank: 1 }), "device", splitLoops),
          ),
        ]),
  ];
}

function changed(structure: Structure, what: string, change: Change): Trial {
  const { name, outputs } = structure;
  const schedule = createSchedule(outputs);
  for (const stage of schedule.stages.map((each) => each.name)) {
    const axes = axesOf(schedule, stage);
    if (axes.length > 0) change(schedule, stage, axes);
  }
  const func = toPrimFunc(schedule, { name: `${nameOf(name)}_${what}`, parameters: parametersOf(outputs) });
  return { ...trialOf(func), meaning: plainFunction(structure) };
}

const FACTOR = 3;

/** Each serial loop as two, with a guard at the end. */
export function splitLoops(func: PrimFunc): PrimFunc {
  const body = rewrite(func.body, {
    For: (loop: For): Stmt | undefined => {
      if (loop.loopKind !== "serial") return undefined;
      const [outer, within] = [variable("outer"), variable("within")];
      const place = build.add(build.mul(outer, int(FACTOR)), within);
      const bound = build.let(loop.loopVar, build.add(loop.min, place), loop.body);
      const guarded = build.when(build.binary("lt", place, loop.extent), bound, "guard");
      const rounds = build.binary("floordiv", build.add(loop.extent, int(FACTOR - 1)), int(FACTOR));
      return build.loop(outer, int(0), rounds, build.loop(within, int(0), int(FACTOR), guarded));
    },
  }) as Stmt;
  return { ...func, body };
}
