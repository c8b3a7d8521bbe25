import { build, type DType, type Expr, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";
import type { Candidate } from "../conformance-test.js";
import { array, combine, forEach, kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { feature, plainType, type Subject } from "../subject.js";
import { trialOf } from "../trial.js";

/** Elements of the buffers here: a prime. */
const COUNT = 23;
/** An index so far outside that no memory is there. */
const FAR = 2 ** 26;

/** Several bounds for each comparison: one element more or less may have the right value by chance. */
const GUARDS = (["lt", "le", "gt", "ge", "ne", "eq"] as const).flatMap((op) =>
  [0, 5, 12, 17, COUNT - 1].map((bound) => [op, bound] as const),
);

type Body = (x: (index: Expr) => Expr, store: (index: Expr, value: Expr) => Stmt) => Stmt;

/** Branches, choices, loops with a condition, and names for values. */
export function controlTests(subject: Subject): readonly Candidate[] {
  const { compares } = sectionOf(subject, "control flow");
  const dtype = plainType(subject);
  const claim = (name: string, bodies: Readonly<Record<string, Body>>): Candidate =>
    compares(name, [feature("dtype", dtype)], () =>
      Object.entries(bodies).map(([each, body]) => trialOf(functionOf(each, dtype, body))),
    );
  return [
    claim("keeps guards at the edges of a loop", Object.fromEntries(GUARDS.map(([op, bound]) => [`guard_${op}_${bound}`, guarded(op, bound)]))), // biome-ignore format: one glance
    claim("takes one branch, and the other one else", { branches: branches(dtype), nested_branches: nested(dtype) }),
    claim("evaluates only the arm of a choice that is taken", {
      choice_above: (x, store) =>
        each((i) => store(i, build.ifThenElse(below(i, 5), x(i), x(build.binary("floormod", i, int(3)))))),
      choice_outside: (x, store) =>
        each((i) => store(i, build.ifThenElse(below(i, 1), x(build.mul(i, int(FAR))), x(i)))),
      choice_inside_choice: (x, store) =>
        each((i) => {
          const inner = build.ifThenElse(below(i, 4), x(build.mul(build.sub(i, int(9)), int(-FAR))), x(i));
          return store(i, build.ifThenElse(below(i, 9), x(build.sub(int(9), i)), inner));
        }),
    }),
    claim("evaluates both arms of a selection, and takes the right one", {
      selection: (x, store) => each((i) => store(i, build.select(below(i, 11), x(i), x(build.sub(int(COUNT - 1), i))))),
    }),
    claim("repeats a loop while its condition holds", { while_counts: counting, while_never: never }),
    claim("keeps the value that a name stood for", { let_before_store: swap, let_shadowed: chain }),
    claim("remembers what a register was assigned", { register_sum: sums(dtype), register_exchange: exchange(dtype) }),
  ];
}

const below = (i: Expr, bound: number): Expr => build.binary("lt", i, int(bound));
const each = (body: (i: Expr) => Stmt): Stmt => forEach("i", COUNT, body);

function functionOf(name: string, dtype: DType, body: Body): PrimFunc {
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
  const stmt = body(
    (index) => build.load(x, [index]),
    (index, value) => build.store(out, [index], value),
  );
  return kernelOf(name, [x, out], stmt);
}

const guarded =
  (op: (typeof GUARDS)[number][0], bound: number): Body =>
  (x, store) =>
    each((i) => build.when(build.binary(op, i, int(bound)), store(i, x(i)), "guard"));

const branches =
  (dtype: DType): Body =>
  (x, store) =>
    each((i) => {
      const isEven = build.binary("eq", build.binary("floormod", i, int(2)), int(0));
      return build.when(isEven, store(i, x(i)), "branch", store(i, build.const(1, dtype)));
    });

const nested =
  (dtype: DType): Body =>
  (x, store) =>
    each((i) => {
      const sign = build.binary("lt", x(i), build.const(dtype === "bool" ? 1 : 2, dtype));
      const inner = build.when(sign, store(i, x(i)), "branch", store(i, build.const(0, dtype)));
      return build.when(build.binary("and", below(i, 20), build.unary("not", below(i, 2))), inner);
    });

/** From the end to the start. */
const counting: Body = (x, store) => {
  const left = variable("left");
  const step = build.seq(build.assign(left, build.sub(left, int(1))), store(left, x(build.sub(int(COUNT - 1), left))));
  const loop: Stmt = { kind: "While", span: step.span, condition: build.binary("gt", left, int(0)), body: step };
  return build.register(left, int(COUNT), loop);
};

const never: Body = (x, store) => {
  const [index, zero] = [variable("index"), int(0)];
  const step = build.seq(store(index, x(index)), build.assign(index, zero));
  const loop: Stmt = { kind: "While", span: step.span, condition: build.binary("gt", index, zero), body: step };
  return build.register(index, zero, loop);
};

/** The value before a store of the place that it was read from. */
const swap: Body = (x, store) =>
  build.seq(
    each((i) => store(i, x(i))),
    forEach("j", COUNT - 1, (j) => {
      const held = variable("held", x(j).dtype);
      const next = build.add(j, int(1));
      return build.let(held, x(j), build.seq(store(j, x(next)), store(next, held)));
    }),
  );

const chain: Body = (x, store) =>
  each((i) => {
    const [a, b] = [variable("a", x(i).dtype), variable("a", x(i).dtype)];
    return build.let(a, x(i), build.let(b, combine(a, a), store(i, combine(b, a))));
  });

const sums =
  (dtype: DType): Body =>
  (x, store) => {
    const sum = variable("sum", dtype);
    const zero = build.const(0, dtype);
    return build.register(
      sum,
      zero,
      each((i) => build.seq(build.assign(sum, combine(sum, x(i))), store(i, sum))),
    );
  };

/** Two registers that exchange their values in each round. */
const exchange =
  (dtype: DType): Body =>
  (x, store) => {
    const [a, b, held] = [variable("a", dtype), variable("b", dtype), variable("held", dtype)];
    const step = (i: Expr): Stmt =>
      build.let(held, a, build.seq(build.assign(a, combine(b, x(i))), build.assign(b, held), store(i, a)));
    return build.register(a, x(int(0)), build.register(b, x(int(1)), each(step)));
  };
