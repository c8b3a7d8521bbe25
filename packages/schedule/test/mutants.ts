import type { Expr, Json, Tensor, Trace, TraceRecord } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import { add, compute, max, mul, placeholder, read, reduceAxis, sub, sum } from "@tilewright/te";
import type { Choices } from "./random-trace.js";

/** A computation with a schedule as a person would write it. */
export interface Scheduled {
  readonly name: string;
  readonly outputs: readonly Tensor[];
  readonly trace: Trace;
}

function gemm(): Scheduled {
  const [m, n, depth] = [13, 18, 7];
  const A = placeholder([m, depth], { name: "A" });
  const B = placeholder([depth, n], { name: "B" });
  const k = reduceAxis(depth, "k");
  const C = compute([m, n], (i, j) => sum(mul(read(A, i, k), read(B, k, j)), k), { name: "C" });
  const s = S.createSchedule(C);
  const packed = S.cacheRead(s, B, "global", [C]);
  const sums = S.cacheWrite(s, C, "local");
  const [io, jo, ii, ji] = S.tile(s, C, "i", "j", { factors: [4, 8] });
  S.computeAt(s, sums, C, jo);
  const [ko, ki] = S.split(s, sums, "k", { factor: 4 });
  S.reorder(s, sums, [ko, ki, "i", "j"]);
  S.unroll(s, sums, ki);
  S.vectorize(s, sums, "j");
  S.transformLayout(s, packed, [{ dimension: 1, divisor: 8 }, { dimension: 0 }, { dimension: 1, modulus: 8 }]);
  S.parallel(s, packed, "i0");
  S.parallel(s, C, io);
  S.unroll(s, C, ii);
  S.vectorize(s, C, ji);
  return { name: "gemm", outputs: [C], trace: S.traceOf(s) };
}

function conv2d(): Scheduled {
  const [channels, filters, size] = [3, 5, 9];
  const X = placeholder([channels, size + 2, size + 2], { name: "X" });
  const W = placeholder([filters, channels, 3, 3], { name: "W" });
  const [c, r, q] = [reduceAxis(channels, "c"), reduceAxis(3, "r"), reduceAxis(3, "q")];
  const scaled = compute([channels, size + 2, size + 2], (ch, y, x) => mul(read(X, ch, y, x), 2), { name: "scaled" });
  const conv = compute(
    [filters, size, size],
    (f, y, x) => sum(mul(read(scaled, c, add(y, r), add(x, q)), read(W, f, c, r, q)), [c, r, q]),
    { name: "first" },
  );
  const shifted = compute([filters, size, size], (f, y, x) => sub(read(conv, f, y, x), 1), { name: "shifted" });
  const s = S.createSchedule(shifted);
  const [yo] = S.split(s, shifted, "i1", { factor: 4 });
  S.reorder(s, shifted, [yo, "i0"]);
  S.parallel(s, shifted, yo);
  S.computeAt(s, conv, shifted, yo);
  S.computeAt(s, scaled, shifted, yo);
  const [, lanes] = S.split(s, conv, "i2", { factor: 4, tail: "roundUp" });
  S.reorder(s, conv, ["c", "r", "q", lanes]);
  S.vectorize(s, conv, lanes);
  S.unroll(s, conv, "q");
  S.fuse(s, scaled, "i0", "i1");
  return { name: "conv2d", outputs: [shifted], trace: S.traceOf(s) };
}

function softmax(): Scheduled {
  const [rows, columns] = [6, 11];
  const X = placeholder([rows, columns], { name: "X" });
  const [k1, k2] = [reduceAxis(columns, "k1"), reduceAxis(columns, "k2")];
  const largest = compute([rows], (i) => max(read(X, i, k1), k1), { name: "largest" });
  // A square where softmax has its exponential, so that sums are exact in any order.
  const below = (i: Expr, j: Expr) => sub(read(X, i, j), read(largest, i));
  const power = compute([rows, columns], (i, j) => mul(below(i, j), below(i, j)), { name: "power" });
  const total = compute([rows], (i) => sum(read(power, i, k2), k2), { name: "total" });
  const P = compute([rows, columns], (i, j) => mul(read(power, i, j), read(total, i)), { name: "P" });
  const s = S.createSchedule(P);
  const [io] = S.split(s, P, "i", { factor: 2 });
  S.parallel(s, P, io);
  S.computeAt(s, total, P, io);
  S.computeAt(s, power, P, io);
  S.computeAt(s, largest, P, io);
  const [, lanes] = S.split(s, P, "j", { factor: 4, tail: "guard" });
  S.vectorize(s, P, lanes);
  S.split(s, power, "j", { factor: 4, tail: "roundUp" });
  S.split(s, largest, "k1", { factor: 3 });
  S.unroll(s, largest, "k1.inner");
  return { name: "softmax", outputs: [P], trace: S.traceOf(s) };
}

export const scheduled: readonly Scheduled[] = [gemm(), conv2d(), softmax()];

/** The trace with one to five things changed, as a tuner's mutation or a slip of the pen would. */
export function mutated({ records }: Trace, choices: Choices): Trace {
  let changed = [...records];
  for (let times = 1 + choices.below(5); times > 0; times--) {
    const at = choices.below(changed.length);
    const record = changed[at] as TraceRecord;
    const mutation = MUTATIONS[choices.below(MUTATIONS.length)] as Mutation;
    changed = [...mutation(changed, at, record, choices)];
  }
  return { version: 1, records: changed };
}

type Mutation = (
  records: readonly TraceRecord[],
  at: number,
  record: TraceRecord,
  choices: Choices,
) => readonly TraceRecord[];

const replaced = (records: readonly TraceRecord[], at: number, record: TraceRecord): readonly TraceRecord[] =>
  records.map((old, position) => (position === at ? record : old));

const withArguments = (record: TraceRecord, args: { readonly [name: string]: Json }): TraceRecord => ({
  ...record,
  arguments: { ...record.arguments, ...args },
});

const MUTATIONS: readonly Mutation[] = [
  (records, at) => records.filter((_, position) => position !== at),
  (records, at, record) => [...records.slice(0, at), record, ...records.slice(at)],
  (records, at, record) => {
    const next = records[at + 1];
    return next === undefined ? records : [...records.slice(0, at), next, record, ...records.slice(at + 2)];
  },
  (records, at, record, choices) =>
    replaced(records, at, { ...record, stage: records[choices.below(records.length)]?.stage ?? record.stage }),
  (records, at, record, choices) => {
    const others = records.flatMap(({ arguments: { axis } }) => (typeof axis === "string" ? [axis] : []));
    return "axis" in record.arguments
      ? replaced(records, at, withArguments(record, { axis: choices.of(others) ?? "i" }))
      : records;
  },
  (records, at, record, choices) => {
    const numbers = Object.entries(record.arguments).filter(([, value]) => typeof value === "number");
    const [name] = choices.of(numbers) ?? [];
    return name === undefined ? records : replaced(records, at, withArguments(record, { [name]: choices.below(12) }));
  },
  (records, at, record, choices) =>
    "tail" in record.arguments
      ? replaced(
          records,
          at,
          withArguments(record, { tail: choices.of(["guard", "shift", "roundUp", "exact"]) ?? "guard" }),
        )
      : records,
  (records, at, record, choices) =>
    ["vectorize", "unroll", "parallel"].includes(record.primitive)
      ? replaced(records, at, { ...record, primitive: choices.of(["vectorize", "unroll", "parallel"]) ?? "unroll" })
      : records,
  (records, at, record) => {
    const { axes } = record.arguments;
    return Array.isArray(axes) ? replaced(records, at, withArguments(record, { axes: [...axes].reverse() })) : records;
  },
  (records, at, record, choices) => {
    const { axes } = record.arguments;
    if (!Array.isArray(axes)) return records;
    const from = choices.below(axes.length);
    return replaced(records, at, withArguments(record, { axes: [...axes.slice(from), ...axes.slice(0, from)] }));
  },
];
