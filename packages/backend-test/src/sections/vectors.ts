import { MATH_FUNCTIONS } from "@tilewright/backend";
import { bitsOf, buffer, build, DTYPES, type DType, type Expr, int, isInteger, type PrimFunc, type Stmt, variable } from "@tilewright/ir"; // biome-ignore format: a list
import type { Candidate } from "../conformance-test.js";
import { castTrials, operatorTrials } from "../operator-trials.js";
import { array, combine, kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { dtypesOf, feature, type Subject } from "../subject.js";
import { type Trial, trialOf } from "../trial.js";

const MATH: ReadonlySet<string> = new Set(MATH_FUNCTIONS);
const VECTORS = feature("vector", "lanes");
/** Elements of the buffers: lanes of no type divide it. */
const COUNT = 131;

/** Explicit vectors in device-level functions: every type, every number of lanes that a register holds. */
export function vectorTests(subject: Subject): readonly Candidate[] {
  const { compares } = sectionOf(subject, "vectors");
  const { vector } = subject.capabilities;
  const dtypes = DTYPES.filter((dtype) => dtype !== "index" && dtype !== "bool" && bitsOf(dtype) >= 8);
  const lanesOf = (dtype: DType): readonly number[] => {
    const most = ((vector?.bytes ?? 0) * 8) / bitsOf(dtype);
    return [2, 4, 8, 16, 32, 64].filter((lanes) => lanes <= most);
  };
  const widest = (dtype: DType): number => lanesOf(dtype).at(-1) ?? 1;
  // Indices are computed in 32 bits at least.
  const holdsIndices = (lanes: number): boolean => lanes * 4 <= (vector?.bytes ?? 0);
  const others = (dtype: DType): readonly DType[] =>
    dtypesOf(subject).filter((each) => each !== dtype && each !== "bool" && bitsOf(each) >= 8 && widest(each) > 1);
  // Of a type that no register holds twice there is nothing to try.
  const held = dtypes.filter((dtype) => vector === null || widest(dtype) > 1);
  return held.flatMap((dtype) => {
    const every = (make: (lanes: number) => readonly PrimFunc[]) => (): readonly Trial[] =>
      lanesOf(dtype).flatMap((lanes) => make(lanes).map((func) => trialOf(func)));
    const claim = (name: string, trials: () => readonly Trial[]): Candidate =>
      compares(`${name} of ${dtype}`, [VECTORS, feature("dtype", dtype)], trials);
    const exact = { math: (op: string) => !MATH.has(op), bools: false, lanes: widest(dtype) };
    return [
      claim(
        "loads and stores vectors",
        every((lanes) => copies(dtype, lanes)),
      ),
      claim(
        "moves lanes of vectors",
        every((lanes) => moves(dtype, lanes)),
      ),
      claim(
        "selects lanes by masks, in vectors",
        every((lanes) => masks(dtype, lanes, holdsIndices(lanes))),
      ),
      claim(
        "holds names, registers and sums of vectors",
        every((lanes) => [registers(dtype, lanes)]),
      ),
      claim("computes every operator on vectors", () => operatorTrials(dtype, exact)),
      ...(vector !== null && others(dtype).length === 0
        ? []
        : [
            claim("converts vectors to those of every other type, from vectors", () =>
              others(dtype).flatMap((to) => castTrials(dtype, [to], Math.min(widest(dtype), widest(to)))),
            ),
          ]),
      ...(vector?.predicated === true
        ? [
            claim(
              "loads and stores the lanes of a predicate, in vectors",
              every((lanes) => predicates(dtype, lanes, holdsIndices(lanes))),
            ),
          ]
        : []),
    ];
  });
}

const ramp = (base: Expr, lanes: number): Expr => build.ramp(base, int(1), lanes);

/** A loop over all whole vectors from `first` on. */
function overVectors(lanes: number, first: number, body: (base: Expr) => Stmt): Stmt {
  const i = variable("i");
  const count = Math.floor((COUNT - first) / lanes);
  return build.loop(i, int(0), int(count), body(build.add(build.mul(i, int(lanes)), int(first))));
}

function mapped(
  name: string,
  dtype: DType,
  lanes: number,
  value: (load: (base: Expr) => Expr, base: Expr) => Expr,
  first = 0,
): PrimFunc {
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
  const load = (base: Expr): Expr => build.load(x, [ramp(base, lanes)]);
  const body = overVectors(lanes, first, (base) => build.store(out, [ramp(base, lanes)], value(load, base)));
  return kernelOf(`${name}_${dtype}_x${lanes}`, [x, out], body);
}

/** From and to addresses that are multiples of the vector, and others; and by way of local memory. */
function copies(dtype: DType, lanes: number): readonly PrimFunc[] {
  const made = buffer("made", { dtype, shape: [2 * lanes], scope: "local", alignment: 64 });
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
  const through = overVectors(lanes, 0, (base) =>
    build.allocate(
      made,
      build.seq(
        build.store(made, [ramp(int(0), lanes)], build.load(x, [ramp(base, lanes)])),
        build.store(made, [ramp(int(lanes), lanes)], build.load(made, [ramp(int(0), lanes)])),
        build.store(out, [ramp(base, lanes)], build.load(made, [ramp(int(lanes), lanes)])),
      ),
    ),
  );
  return [
    mapped("copy", dtype, lanes, (load, base) => load(base)),
    mapped("copy_askew", dtype, lanes, (load, base) => load(build.sub(base, int(1))), 1),
    mapped("copy_to_askew", dtype, lanes, (load) => load(int(0)), 3),
    kernelOf(`copy_through_${dtype}_x${lanes}`, [x, out], through),
  ];
}

function moves(dtype: DType, lanes: number): readonly PrimFunc[] {
  const all = Array.from({ length: lanes }, (_, lane) => lane);
  const next = (load: (base: Expr) => Expr): Expr => load(int(5));
  const extracted = (load: (base: Expr) => Expr, base: Expr, lane: number): Expr =>
    build.broadcast(build.shuffle([load(base)], [lane]), lanes);
  return [
    mapped("reverse", dtype, lanes, (load, base) => build.shuffle([load(base)], [...all].reverse())),
    mapped("interleave", dtype, lanes, (load, base) =>
      build.shuffle(
        [load(base), next(load)],
        all.map((lane) => (lane % 2) * lanes + Math.floor(lane / 2)),
      ),
    ),
    mapped("join", dtype, lanes, (load, base) => build.shuffle([load(base), next(load)], all.map((lane) => lane + (lanes >> 1)))), // biome-ignore format: one expression
    mapped("lanes_as_scalars", dtype, lanes, (load, base) =>
      combine(extracted(load, base, 0), extracted(load, base, lanes - 1)),
    ),
    mapped("broadcast", dtype, lanes, (load, base) =>
      combine(load(base), build.broadcast(build.const(3, dtype), lanes)),
    ),
    ...(isInteger(dtype)
      ? [
          mapped("ramp", dtype, lanes, (load, base) =>
            combine(load(base), build.ramp(build.cast(base, dtype), build.const(3, dtype), lanes)),
          ),
        ]
      : []),
  ];
}

function masks(dtype: DType, lanes: number, holdsIndices: boolean): readonly PrimFunc[] {
  const constant = (value: number): Expr => build.broadcast(build.const(value, dtype), lanes);
  const isLess = (a: Expr, b: Expr): Expr => build.binary("lt", a, b);
  const inside = (base: Expr): Expr => isLess(ramp(base, lanes), build.broadcast(int(50), lanes));
  const by = (name: string, mask: (value: Expr, base: Expr) => Expr): PrimFunc =>
    mapped(name, dtype, lanes, (load, base) => build.select(mask(load(base), base), load(base), constant(7)));
  return [
    by("select", (value) => isLess(value, constant(3))),
    by("select_one_condition", (_, base) => isLess(base, int(40))),
    by("select_between", (value) =>
      build.binary("and", isLess(value, constant(5)), build.unary("not", isLess(value, constant(2)))),
    ),
    ...(holdsIndices
      ? [
          by("select_by_index", (_, base) => inside(base)),
          by("select_by_both", (value, base) => build.binary("or", inside(base), isLess(value, constant(3)))),
        ]
      : []),
    mapped("choose_vector", dtype, lanes, (load, base) =>
      build.ifThenElse(isLess(base, int(40)), load(base), load(build.sub(base, int(32)))),
    ),
  ];
}

function registers(dtype: DType, lanes: number): PrimFunc {
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
  const [sum, named] = [variable("sum", dtype, lanes), variable("named", dtype, lanes)];
  const step = (base: Expr): Stmt =>
    build.let(
      named,
      build.load(x, [ramp(base, lanes)]),
      build.seq(build.assign(sum, combine(sum, named)), build.store(out, [ramp(base, lanes)], combine(sum, named))),
    );
  const zero = build.broadcast(build.const(0, dtype), lanes);
  return kernelOf(`registers_${dtype}_x${lanes}`, [x, out], build.register(sum, zero, overVectors(lanes, 0, step)));
}

/** Lanes that a comparison of values admits; and those inside of the buffer at its end, where the others may not be touched. */
function predicates(dtype: DType, lanes: number, holdsIndices: boolean): readonly PrimFunc[] {
  const over = (name: string, count: number, predicate: (base: Expr, load: Expr) => Expr): PrimFunc => {
    const [x, y, out] = [array("x", dtype, COUNT), array("y", dtype, COUNT), array("out", dtype, COUNT)];
    const i = variable("i");
    const base = build.mul(i, int(lanes));
    const at = [ramp(base, lanes)];
    const admitted = predicate(base, count * lanes > COUNT ? base : build.load(y, at));
    const body = build.loop(i, int(0), int(count), build.store(out, at, build.load(x, at, admitted), admitted));
    return kernelOf(`${name}_${dtype}_x${lanes}`, [x, y, out], body);
  };
  const constant = build.broadcast(build.const(3, dtype), lanes);
  const inside = (base: Expr): Expr => build.binary("lt", ramp(base, lanes), build.broadcast(int(COUNT), lanes));
  return [
    over("predicated", Math.floor(COUNT / lanes), (_, value) => build.binary("lt", value, constant)),
    ...(holdsIndices ? [over("predicated_at_the_end", Math.ceil(COUNT / lanes), inside)] : []),
  ];
}
