import { NO_SPAN } from "@tilewright/diagnostics";
import { type Async, type Buffer, buffer, build, type DType, type Expr, type PrimFunc, type Stmt } from "@tilewright/ir"; // biome-ignore format: a list
import type { Candidate } from "../conformance-test.js";
import { array, combine, forEach, kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { feature, plainType, type Subject } from "../subject.js";
import { trialOf } from "../trial.js";
import { whole } from "./calls.js";

const COUNT = 12;

/** Work that is handed to queues, and tokens that put it in order. */
export function queueTests(subject: Subject): readonly Candidate[] {
  const { compares } = sectionOf(subject, "queues");
  const { queues } = subject.capabilities;
  const dtype = plainType(subject);
  const pairs = queues.flatMap((from) => queues.flatMap((to) => (from === to ? [] : [[from, to] as const])));
  const word = (queue: string): string => queue.replace(/\W/g, "_");
  return [
    ...queues.map((queue) =>
      compares(`runs what is handed to the queue ${queue}, in order`, [feature("queue", queue)], () => [
        trialOf(inOrder(`queue_${word(queue)}`, queue, dtype)),
      ]),
    ),
    ...pairs.map(([from, to]) =>
      compares(
        `holds the queue ${to} back until a token of ${from} is there`,
        [feature("queue", from), feature("queue", to)],
        () => [trialOf(handedOver(`queues_${word(from)}_${word(to)}`, from, to, dtype))],
      ),
    ),
  ];
}

function handed(queue: string, reads: readonly Buffer[], writes: readonly Buffer[], body: Stmt): Async {
  return { kind: "Async", span: NO_SPAN, queue, reads: reads.map(whole), writes: writes.map(whole), body };
}

const each = (out: Buffer, value: (i: Expr) => Expr): Stmt =>
  forEach("i", COUNT, (i) => build.store(out, [i], value(i)));

/** The second entry reads what the first one wrote. */
function inOrder(name: string, queue: string, dtype: DType): PrimFunc {
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
  const between = buffer("between", { dtype, shape: [COUNT] });
  const first = handed(
    queue,
    [x],
    [between],
    each(between, (i) => combine(build.load(x, [i]), build.const(1, dtype))),
  );
  const second = handed(
    queue,
    [between],
    [out],
    each(out, (i) => build.load(between, [i])),
  );
  const end: Stmt = { kind: "Synchronize", span: NO_SPAN, queues: [queue] };
  return kernelOf(name, [x, out], build.allocate(between, build.seq(first, second, end)));
}

/** Three rounds in which one queue fills a buffer that the other one empties: tokens both ways. */
function handedOver(name: string, from: string, to: string, dtype: DType): PrimFunc {
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
  const between = buffer("between", { dtype, shape: [COUNT] });
  const fill = handed(
    from,
    [x],
    [between],
    each(between, (i) => build.load(x, [i])),
  );
  const empty = handed(to, [between, out], [out], each(out, (i) => combine(build.load(out, [i]), build.load(between, [i])))); // biome-ignore format: one glance
  const token = (kind: "PushToken" | "PopToken", of: string, at: string): Stmt => ({
    kind,
    span: NO_SPAN,
    from: of,
    to: at,
  });
  const round = build.seq(
    fill,
    token("PushToken", from, to),
    token("PopToken", from, to),
    empty,
    token("PushToken", to, from),
    token("PopToken", to, from),
  );
  const end: Stmt = { kind: "Synchronize", span: NO_SPAN, queues: [] };
  const clear = each(out, () => build.const(0, dtype));
  return kernelOf(
    name,
    [x, out],
    build.allocate(
      between,
      build.seq(
        clear,
        forEach("r", 3, () => round),
        end,
      ),
    ),
  );
}
