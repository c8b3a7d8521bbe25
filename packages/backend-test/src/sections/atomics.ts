import { NO_SPAN } from "@tilewright/diagnostics";
import { type Atomic, type AtomicOp, type Buffer, bitsOf, build, DTYPES, type DType, type Expr, int, isFloat, type PrimFunc, variable } from "@tilewright/ir"; // biome-ignore format: a list
import type { Candidate } from "../conformance-test.js";
import { array, forEach, kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { feature, type Subject } from "../subject.js";
import { type Trial, trialOf } from "../trial.js";

const INTEGER_OPS: readonly AtomicOp[] = ["add", "min", "max", "and", "or", "xor", "exchange"];
const FLOAT_OPS: readonly AtomicOp[] = ["add", "min", "max", "exchange"];
/** Updates whose order does not matter. */
const COMMUTING: readonly AtomicOp[] = ["add", "min", "max"];
const BINS = 5;
const COUNT = 400;

/** Atomic updates of each declared type: one by one, and from iterations and threads that run at once. */
export function atomicTests(subject: Subject): readonly Candidate[] {
  const { compares } = sectionOf(subject, "atomics");
  const dtypes = DTYPES.filter((dtype) => dtype !== "index" && dtype !== "bool" && bitsOf(dtype) >= 8);
  return dtypes.flatMap((dtype) => {
    const features = [feature("atomic", dtype), feature("dtype", dtype)];
    return [
      compares(`updates ${dtype} atomically`, features, () =>
        (isFloat(dtype) ? FLOAT_OPS : INTEGER_OPS).map((op) => trialOf(updates(op, dtype))),
      ),
      compares(
        `updates ${dtype} atomically from parallel iterations`,
        [...features, feature("loop", "parallel")],
        () => COMMUTING.map((op) => histogram(op, dtype, "parallel")),
        "scheduled",
      ),
      compares(
        `updates ${dtype} atomically from threads of many blocks`,
        [...features, feature("loop", "thread")],
        () => COMMUTING.map((op) => histogram(op, dtype, "thread")),
        "scheduled",
      ),
    ];
  });
}

export const atomic = (op: AtomicOp, of: Buffer, index: Expr, value: Expr): Atomic => ({
  kind: "Atomic",
  span: NO_SPAN,
  op,
  buffer: of,
  indices: [index],
  value,
});

function updates(op: AtomicOp, dtype: DType): PrimFunc {
  const [x, out] = [array("x", dtype, 17), array("out", dtype, BINS)];
  const body = forEach("i", 17, (i) =>
    atomic(op, out, build.binary("floormod", build.mul(i, int(3)), int(BINS)), build.load(x, [i])),
  );
  return kernelOf(`atomic_${op}_${dtype}`, [x, out], body);
}

/** `bins[i mod 5] = op(bins[i mod 5], x[i])` in whatever order; sums are small enough to be exact. */
function histogram(op: AtomicOp, dtype: DType, kind: "parallel" | "thread"): Trial {
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, BINS)];
  const value = (i: Expr): Expr => {
    const loaded = build.load(x, [i]);
    // Sums of sixteen-bit floats would be rounded, and then their order matters.
    const isShort = dtype === "float16" || dtype === "bfloat16";
    return isShort && op === "add"
      ? build.select(build.binary("lt", i, int(20)), loaded, build.const(0, dtype))
      : loaded;
  };
  const update = (i: Expr) => atomic(op, out, build.binary("floormod", i, int(BINS)), value(i));
  const name = `histogram_${op}_${dtype}_${kind}`;
  const index = variable("i");
  if (kind === "parallel") {
    const func = kernelOf(name, [x, out], build.loop(index, int(0), int(COUNT), update(index), "parallel"));
    return trialOf(func);
  }
  const thread = variable("t");
  const place = build.add(build.mul(index, int(32)), thread);
  const guarded = build.when(build.binary("lt", place, int(COUNT)), update(place), "guard");
  const threads = { ...build.loop(thread, int(0), int(32), guarded, "thread"), thread: "threadIdx.x" as const };
  const blocks = { ...build.loop(index, int(0), int(13), threads, "thread"), thread: "blockIdx.x" as const };
  return trialOf(kernelOf(name, [x, out], blocks));
}
