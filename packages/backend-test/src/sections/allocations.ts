import {
  bitsOf,
  buffer,
  build,
  DTYPES,
  type DType,
  type Expr,
  int,
  type PrimFunc,
  type Scope,
  type Stmt,
  variable,
} from "@tilewright/ir";
import type { Candidate } from "../conformance-test.js";
import { array, combine, forEach, kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { boundaryType, feature, plainType, type Subject, typeFeatures } from "../subject.js";
import { type Trial, trialOf } from "../trial.js";
import { launch } from "./launches.js";

const COUNT = 19;
/** More than any register file or a small stack holds, in elements. */
const LARGE = 20_000;

/** Memory that functions allocate, in each scope that is declared. */
export function allocationTests(subject: Subject): readonly Candidate[] {
  const { compares, subject: tried } = sectionOf(subject, "allocations");
  const dtype = plainType(subject);
  const bytes = dtype === "float64" ? 8 : 4;
  const scopes = [...new Set(["local", "global", ...Object.keys(tried.capabilities.memory)])] as Scope[];
  const roomOf = (scope: Scope): number => {
    const most = tried.capabilities.memory[scope]?.maxBytes ?? Number.POSITIVE_INFINITY;
    return Math.min(scope === "global" ? LARGE : 2 * COUNT, Math.floor(most / bytes / 2));
  };
  // Memory that threads share exists within their block.
  const placed = (func: PrimFunc, scope: Scope): PrimFunc => {
    if (tried.capabilities.launch === null || scope === "local" || scope === "global") return func;
    return { ...func, body: launch([["blockIdx.x", 1], ["threadIdx.x", 1]], () => func.body) }; // biome-ignore format: short
  };
  const packed = DTYPES.filter((each) => each !== "bool" && bitsOf(each) < 8).map(
    (each) =>
    compares(`packs elements of ${each} into bytes of memory`, typeFeatures(each), () => [trialOf(packing(each))]), // biome-ignore format: one call
  );
  const ofScopes = scopes.flatMap((scope) => {
    const claim = (name: string, make: (name: string, room: number) => PrimFunc): Candidate =>
      compares(
        name,
        [feature("memory", scope)],
        (): readonly Trial[] => {
          const func = make(`${name.split(" ")[0]}_${scope.replace(/\W/g, "_")}`, roomOf(scope));
          return [trialOf(placed(func, scope))];
        },
        tried.capabilities.launch === null ? "device" : "scheduled",
      );
    return [
      claim(`keeps what is written to ${scope} memory`, (name, room) => kept(name, dtype, scope, room)),
      claim(`allocates ${scope} memory anew in each iteration, and takes it for uninitialised`, (name) =>
        inLoop(name, dtype, scope),
      ),
      claim(`holds two allocations of ${scope} memory apart`, (name) => nested(name, dtype, scope)),
    ];
  });
  const parallel = compares("gives each parallel iteration memory of its own", [feature("loop", "parallel")], () => [trialOf(inParallel("global", dtype)), trialOf(inParallel("local", dtype))], "scheduled"); // biome-ignore format: one call
  return [...ofScopes, ...packed, parallel];
}

/** Iterations that fill a row, and then sum up what is in it. */
function inParallel(scope: Scope, dtype: DType): PrimFunc {
  const [rows, columns] = [64, 50];
  const [x, out] = [array("x", dtype, columns), array("out", dtype, rows)];
  const made = buffer("row", { dtype, shape: [columns], scope });
  const row = variable("row");
  const fill = forEach("i", columns, (i) =>
    build.store(made, [i], combine(build.load(x, [i]), build.cast(build.binary("floormod", row, int(2)), dtype))),
  );
  const add = forEach("i", columns, (i) =>
    build.store(out, [row], combine(build.load(out, [row]), build.load(made, [i]))),
  );
  const body = build.allocate(made, build.seq(build.store(out, [row], build.const(0, dtype)), fill, add));
  return kernelOf(`parallel_${scope}`, [x, out], build.loop(row, int(0), int(rows), body, "parallel"));
}

/** Each element is written after its neighbours, and once more by way of them. */
function packing(dtype: DType): PrimFunc {
  const byte = boundaryType(dtype);
  const [x, out] = [array("x", byte, COUNT), array("out", byte, COUNT)];
  const made = buffer("made", { dtype, shape: [COUNT], scope: "local" });
  const fill = (first: number): Stmt =>
    forEach("i", Math.ceil((COUNT - first) / 2), (i) => {
      const at = build.add(build.mul(i, int(2)), int(first));
      return build.store(made, [at], build.cast(build.load(x, [at]), dtype));
    });
  const move = forEach("j", COUNT - 1, (j) =>
    build.store(made, [j], build.add(build.load(made, [build.add(j, int(1))]), build.const(1, dtype))),
  );
  const take = forEach("k", COUNT, (k) => build.store(out, [k], build.cast(build.load(made, [k]), byte)));
  return kernelOf(`packed_${dtype}`, [x, out], build.allocate(made, build.seq(fill(0), fill(1), move, take)));
}

/** Writes ascending, reads descending. */
function kept(name: string, dtype: DType, scope: Scope, room: number): PrimFunc {
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
  const made = buffer("made", { dtype, shape: [room], scope });
  const fill = forEach("i", room, (i) =>
    build.store(made, [i], combine(build.load(x, [build.binary("floormod", i, int(COUNT))]), build.const(1, dtype))),
  );
  const take = forEach("j", COUNT, (j) =>
    build.store(out, [j], build.load(made, [build.sub(int(room - 1), build.binary("floormod", j, int(room)))])),
  );
  return kernelOf(name, [x, out], build.allocate(made, build.seq(fill, take)));
}

/** `out[i] = Σ x[0 ..= i]`, summed up in memory of the iteration that begins with whatever lies there. */
function inLoop(name: string, dtype: DType, scope: Scope): PrimFunc {
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
  const made = buffer("sum", { dtype, shape: [2], scope });
  const at = (i: number): Expr[] => [int(i)];
  const body = (i: Expr): Stmt =>
    build.allocate(
      made,
      build.seq(
        forEach("k", 2, (k) => build.store(made, [k], build.const(0, dtype))),
        forEach("j", COUNT, (j) =>
          build.when(
            build.binary("le", j, i),
            build.store(made, at(0), combine(build.load(made, at(0)), build.load(x, [j]))),
          ),
        ),
        build.store(out, [i], combine(build.load(made, at(0)), build.load(made, at(1)))),
      ),
    );
  return kernelOf(name, [x, out], forEach("i", COUNT, body));
}

function nested(name: string, dtype: DType, scope: Scope): PrimFunc {
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
  const made = (each: string) => buffer(each, { dtype, shape: [COUNT], scope });
  const [first, second] = [made("first"), made("second")];
  const body = build.seq(
    forEach("i", COUNT, (i) => build.store(first, [i], build.load(x, [i]))),
    build.allocate(
      second,
      build.seq(
        forEach("i", COUNT, (i) => build.store(second, [i], combine(build.load(x, [i]), build.const(1, dtype)))),
        forEach("i", COUNT, (i) =>
          build.store(out, [i], combine(build.load(second, [build.sub(int(COUNT - 1), i)]), build.load(first, [i]))),
        ),
      ),
    ),
    forEach("i", COUNT, (i) => build.store(out, [i], combine(build.load(out, [i]), build.load(first, [i])))),
  );
  return kernelOf(name, [x, out], build.allocate(first, body));
}
