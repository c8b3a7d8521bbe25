import { NO_SPAN } from "@tilewright/diagnostics";
import { type Buffer, type BufferRegion, buffer, build, type DType, type Expr, int, type KernelCall, type ParallelCall, type PrimFunc, variable } from "@tilewright/ir"; // biome-ignore format: a list
import type { Candidate } from "../conformance-test.js";
import { array, combine, forEach, kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { feature, plainType, type Subject } from "../subject.js";
import { type Trial, trialOf } from "../trial.js";

/** Elements of one part of a buffer: a whole number of alignments, whatever the type. */
const PART = 64;

/** Functions that call functions of their module. */
export function callTests(subject: Subject): readonly Candidate[] {
  const { compares } = sectionOf(subject, "calls");
  const dtype = plainType(subject);
  const plain = [feature("dtype", dtype)];
  return [
    compares("calls a function with parts of buffers and with scalars", plain, () => [partsTrial(dtype, "kernel")]),
    compares("calls functions that call functions", plain, () => [deepTrial(dtype)]),
    compares("calls a function on memory that the caller allocated", plain, () => [temporaryTrial(dtype)]),
    compares("calls a function whose parameter declares strides with a box", plain, () => [boxTrial(dtype)], "scheduled"), // biome-ignore format: one glance
    compares("runs the body of a parallel loop that is a function", [feature("loop", "parallel")], () => [
      parallelTrial(dtype),
    ]),
    ...(subject.capabilities.hostCode
      ? [compares("runs host functions that call kernels", plain, () => [partsTrial(dtype, "host")])]
      : []),
  ];
}

export function callOf(callee: string, ...args: readonly (Expr | BufferRegion)[]): KernelCall {
  return { kind: "KernelCall", span: NO_SPAN, callee, args, launch: null };
}

export const whole = (of: Buffer): BufferRegion =>
  build.region(
    of,
    of.shape.map(() => int(0)),
    of.shape,
  );
const part = (of: Buffer, index: Expr): BufferRegion => build.region(of, [build.mul(index, int(PART))], [int(PART)]);

/** `out[i] = x[i] + value + bias[position mod 3]` of one part. */
function scaledPart(name: string, dtype: DType): PrimFunc {
  const [x, out] = [array("x", dtype, PART), array("out", dtype, PART)];
  const [value, position] = [variable("value", dtype), variable("position")];
  const body = forEach("i", PART, (i) => {
    const isPlace = build.binary("eq", i, position);
    return build.store(out, [i], build.select(isPlace, value, combine(build.load(x, [i]), value)));
  });
  return kernelOf(name, [value, x, position, out], body);
}

function partsTrial(dtype: DType, role: "kernel" | "host"): Trial {
  const callee = scaledPart(`part_for_${role}`, dtype);
  const [x, out] = [array("x", dtype, 3 * PART), array("out", dtype, 3 * PART)];
  const body = forEach("p", 3, (p) =>
    callOf(callee.name, build.const(1, dtype), part(x, p), build.add(p, int(2)), part(out, build.sub(int(2), p))),
  );
  return trialOf(kernelOf(`calls_as_${role}`, [x, out], body, { role }), [callee]);
}

function deepTrial(dtype: DType): Trial {
  const inner = scaledPart("deep_inner", dtype);
  const [x, out] = [array("x", dtype, PART), array("out", dtype, PART)];
  const twice = build.seq(
    callOf(inner.name, build.const(1, dtype), whole(x), int(3), whole(out)),
    forEach("i", PART, (i) => build.store(out, [i], combine(build.load(out, [i]), build.load(x, [i])))),
  );
  const middle = kernelOf("deep_middle", [x, out], twice);
  const [y, result] = [array("y", dtype, 2 * PART), array("result", dtype, 2 * PART)];
  const body = forEach("p", 2, (p) => callOf(middle.name, part(y, p), part(result, p)));
  return trialOf(kernelOf("deep_outer", [y, result], body), [middle, inner]);
}

function temporaryTrial(dtype: DType): Trial {
  const callee = scaledPart("part_to_temporary", dtype);
  const [x, out] = [array("x", dtype, PART), array("out", dtype, PART)];
  const temporary = buffer("temporary", { dtype, shape: [2 * PART] });
  const body = build.allocate(
    temporary,
    build.seq(
      callOf(callee.name, build.const(1, dtype), whole(x), int(0), part(temporary, int(1))),
      callOf(callee.name, build.const(1, dtype), part(temporary, int(1)), int(1), part(temporary, int(0))),
      forEach("i", PART, (i) => build.store(out, [i], build.load(temporary, [i]))),
    ),
  );
  return trialOf(kernelOf("calls_with_temporary", [x, out], body), [callee]);
}

/** A block of 4 × 4 in a matrix of 8 × 8. */
function boxTrial(dtype: DType): Trial {
  const [rows, columns] = [4, 8];
  const tile = (name: string): Buffer =>
    buffer(name, { dtype, shape: [rows, rows], strides: [columns, 1], alignment: 4 });
  const [a, b] = [tile("a"), tile("b")];
  const body = forEach("i", rows, (i) => forEach("j", rows, (j) => build.store(b, [j, i], build.load(a, [i, j]))));
  const callee = kernelOf("transposes_box", [a, b], body);
  const matrix = (name: string): Buffer => buffer(name, { dtype, shape: [columns, columns] });
  const [x, out] = [matrix("x"), matrix("out")];
  const at = (of: Buffer, row: number, column: number): BufferRegion =>
    build.region(of, [int(row), int(column)], [int(rows), int(rows)]);
  const calls = build.seq(
    callOf(callee.name, at(x, 0, 4), at(out, 4, 0)),
    callOf(callee.name, at(x, 4, 0), at(out, 0, 4)),
  );
  return trialOf(kernelOf("calls_with_boxes", [x, out], calls), [callee]);
}

function parallelTrial(dtype: DType): Trial {
  const count = 5 * PART + 3;
  const [x, out] = [array("x", dtype, count), array("out", dtype, count)];
  const [begin, end] = [variable("begin"), variable("end")];
  const value = variable("value", dtype);
  const index = variable("i");
  const store = build.store(out, [index], combine(build.load(x, [index]), value));
  const body = build.loop(index, begin, build.sub(end, begin), store);
  const callee = kernelOf("parallel_body", [begin, end, value, x, out], body, { role: "parallel" });
  const [y, result] = [array("y", dtype, count), array("result", dtype, count)];
  const call: ParallelCall = {
    kind: "ParallelCall",
    span: NO_SPAN,
    callee: callee.name,
    extent: int(count),
    args: [build.const(1, dtype), whole(y), whole(result)],
  };
  return trialOf(kernelOf("calls_in_parallel", [y, result], call), [callee]);
}
