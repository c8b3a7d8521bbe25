import { type CompiledModule, type Feature, MATH_FUNCTIONS } from "@tilewright/backend";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import {
  type Assert, type Barrier, bitsOf, buffer, build, DTYPES, type DType, type Expr, int, type ParallelCall, type PrimFunc, type Scope, type Stmt, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import type { Candidate } from "../conformance-test.js";
import { mapFunction } from "../operator-trials.js";
import { addFunction, array, forEach, kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { declares, feature, plainType, type Subject } from "../subject.js";
import { moduleOf } from "../trial.js";
import { atomic } from "./atomics.js";
import { whole } from "./calls.js";
import { launch } from "./launches.js";

/** Functions that use a feature, one way in each. */
type Uses = Readonly<Record<string, readonly PrimFunc[]>>;

/** What the capabilities do not declare is refused, by the `compile` of this very backend. */
export function refusalTests(subject: Subject): readonly Candidate[] {
  const { refuses } = sectionOf(subject, "refusals");
  const dtype = plainType(subject);
  const undeclared = [...usesOf(dtype)].filter(([used]) => !declares(subject, [used]));
  return [
    ...undeclared.map(([used, uses]) =>
      refuses(`refuses ${nameOf(used)}, which it does not declare`, [used], async () => mustRefuseAll(subject, uses)),
    ),
    refuses("refuses intrinsics that it does not declare", [], async () =>
      mustRefuseAll(subject, {
        "an unknown intrinsic": [mapFunction("f", dtype, dtype, 8, (x) => build.call("no.such", [x], dtype))],
        "a call of an unknown function": [kernelOf("f", [], { ...parallelCall([]), kind: "KernelCall", launch: null } as Stmt)], // biome-ignore format: one glance
      }),
    ),
    refuses("refuses queues that it does not declare", [], async () =>
      mustRefuseAll(subject, { "an unknown queue": [inQueue("no-such-queue", dtype)] }),
    ),
    refuses("refuses memory of scopes that it does not declare", [], async () =>
      mustRefuseAll(subject, { "memory of an unknown scope": [allocating("no.such", dtype, 4)] }),
    ),
    refuses("refuses loop IR that is not at the device level", [], async () =>
      mustRefuseAll(subject, {
        "a virtual loop": [kindOfLoop("virtual", dtype)],
        "an unrolled loop": [kindOfLoop("unrolled", dtype)],
        "two indices": [kernelOf("f", [], twoIndices(dtype))],
      }),
    ),
  ];
}

function nameOf({ kind, name }: Feature): string {
  const words: Partial<Record<Feature["kind"], string>> = {
    loop: `${name} loops`,
    memory: `memory of scope ${name}`,
    vector: "vectors",
    atomic: `atomic updates of ${name}`,
    barrier: `barriers over ${name} memory`,
    assert: "assertions",
  };
  return words[kind] ?? name;
}

function usesOf(dtype: DType): ReadonlyMap<Feature, Uses> {
  const dtypes = DTYPES.filter((each) => each !== "index");
  const through = (each: DType) => (x: Expr) => build.cast(build.cast(x, each), dtype);
  return new Map<Feature, Uses>([
    ...dtypes.map((each): [Feature, Uses] => [
      feature("dtype", each),
      {
        [`memory of ${each}`]: [holding(each)],
        ...(each === "bool" ? {} : { [`a value of ${each}`]: [mapFunction("f", dtype, dtype, 8, through(each))] }),
      },
    ]),
    [feature("loop", "parallel"), { "a parallel call": parallelFunctions(dtype) }],
    [feature("loop", "thread"), { "thread loops": [threads(dtype, [1, 1], [8, 1])], "a launch": launching(dtype) }],
    ...(["global", "local", "shared", "warp"] as const).map((scope): [Feature, Uses] => [
      feature("memory", scope),
      { [`an allocation of ${scope} memory`]: [allocating(scope, dtype, 4)] },
    ]),
    [feature("vector", "lanes"), { vectors: [mapFunction("f", dtype, dtype, 8, (x, y) => build.add(x, y), 2)] }],
    ...MATH_FUNCTIONS.map((op): [Feature, Uses] => [
      feature("math", op),
      { [op]: [mapFunction("f", dtype, dtype, 8, (x, y) => (op === "pow" ? build.binary(op, x, y) : build.unary(op, x)))] }, // biome-ignore format: one glance
    ]),
    ...dtypes
      .filter((each) => each !== "bool" && bitsOf(each) >= 8)
      .map((each): [Feature, Uses] => [feature("atomic", each), { [`an atomic update of ${each}`]: [updating(each)] }]),
    ...(["shared", "global"] as const).map((scope): [Feature, Uses] => [
      feature("barrier", scope),
      { [`a barrier over ${scope} memory`]: [kernelOf("f", [], { kind: "Barrier", span: NO_SPAN, scope } as Barrier)] },
    ]),
    [feature("assert", "assertion"), { "an assertion": [kernelOf("f", [], assertion)] }],
  ]);
}

function holding(dtype: DType): PrimFunc {
  const [x, out] = [array("x", dtype, 8), array("out", dtype, 8)];
  const copy = forEach("i", 8, (i) => build.store(out, [i], build.load(x, [i])));
  return kernelOf("f", [x, out], copy);
}

const assertion: Assert = {
  kind: "Assert",
  span: NO_SPAN,
  condition: build.binary("lt", int(0), int(1)),
  message: "never",
};

const parallelCall = (args: ParallelCall["args"]): ParallelCall => ({
  kind: "ParallelCall",
  span: NO_SPAN,
  callee: "body",
  extent: int(8),
  args,
});

function parallelFunctions(dtype: DType): readonly PrimFunc[] {
  const [x, out] = [array("x", dtype, 8), array("out", dtype, 8)];
  const [begin, end, index] = [variable("begin"), variable("end"), variable("i")];
  const store = build.store(out, [index], build.load(x, [index]));
  const loop = build.loop(index, begin, build.sub(end, begin), store);
  const body = kernelOf("body", [begin, end, x, out], loop, { role: "parallel" });
  const [y, result] = [array("y", dtype, 8), array("result", dtype, 8)];
  return [kernelOf("f", [y, result], parallelCall([whole(y), whole(result)])), body];
}

/** One launch of so many blocks and threads along x and y, with nothing outside of its loops. */
export function threads(dtype: DType, blocks: readonly [number, number], extents: readonly [number, number]): PrimFunc {
  const out = array("out", dtype, 1);
  const body = launch(
    [
      ["blockIdx.y", blocks[1]],
      ["blockIdx.x", blocks[0]],
      ["threadIdx.y", extents[1]],
      ["threadIdx.x", extents[0]],
    ],
    ([by, bx, ty, tx]) => {
      const isFirst = [by, bx, ty, tx].map((index) => build.binary("eq", index as Expr, int(0)));
      return build.when(
        isFirst.reduce((all, each) => build.binary("and", all, each)),
        build.store(out, [int(0)], build.const(0, dtype)),
      );
    },
  );
  return kernelOf("f", [out], body);
}

function launching(dtype: DType): readonly PrimFunc[] {
  const callee = { ...addFunction("called", 8, dtype), name: "called" };
  const made = (name: string) => array(name, dtype, 8);
  const [x, y, out] = [made("x"), made("y"), made("out")];
  const call: Stmt = {
    kind: "KernelCall",
    span: NO_SPAN,
    callee: "called",
    args: [whole(x), whole(y), whole(out)],
    launch: { grid: [int(1)], block: [int(1)] },
  };
  return [kernelOf("f", [x, y, out], call, { role: "host" }), callee];
}

export function allocating(scope: Scope, dtype: DType, count: number): PrimFunc {
  const out = array("out", dtype, 4);
  const made = buffer("made", { dtype, shape: [count], scope });
  const fill = forEach("i", 4, (i) => build.store(made, [i], build.const(1, dtype)));
  const take = forEach("i", 4, (i) => build.store(out, [i], build.load(made, [i])));
  return kernelOf("f", [out], build.allocate(made, build.seq(fill, take)));
}

function updating(dtype: DType): PrimFunc {
  const out = array("out", dtype, 4);
  return kernelOf("f", [out], atomic("add", out, int(0), build.const(1, dtype)));
}

function inQueue(queue: string, dtype: DType): PrimFunc {
  const out = array("out", dtype, 4);
  const body = build.store(out, [int(0)], build.const(1, dtype));
  const entry: Stmt = { kind: "Async", span: NO_SPAN, queue, reads: [], writes: [whole(out)], body };
  return kernelOf("f", [out], entry);
}

function kindOfLoop(kind: "virtual" | "unrolled", dtype: DType): PrimFunc {
  const func = addFunction("f", 8, dtype);
  return { ...func, body: { ...func.body, loopKind: kind } as Stmt };
}

function twoIndices(dtype: DType): Stmt {
  const made = buffer("made", { dtype, shape: [4, 4] });
  return build.allocate(made, build.store(made, [int(0), int(1)], build.const(1, dtype)));
}

function mustRefuseAll(subject: Subject, uses: Uses): void {
  for (const [what, functions] of Object.entries(uses)) mustRefuse(subject, what, functions);
}

/** @throws Error when `compile` does anything but throw a CompileError with a BE code. */
export function mustRefuse(subject: Subject, what: string, functions: readonly PrimFunc[]): void {
  let compiled: CompiledModule;
  try {
    compiled = subject.backend.compile(moduleOf(functions));
  } catch (error) {
    if (isCompileError(error) && error.code.startsWith("BE")) return;
    throw new Error(`${what} must be refused with a BE code, not with: ${String(error)}`, { cause: error });
  }
  throw new Error(`${what} must be refused, but gave a module of ${compiled.bytes.length} bytes`);
}
