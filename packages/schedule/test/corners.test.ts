import { isCompileError } from "@tilewright/diagnostics";
import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import { type Buffer, build, type DType, int, sequence, type Tensor, variable } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import {
  add, cast, commReducer, compute, extern, gt, mul, placeholder, read, reduceAxis, select, sub, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import { describe, expect, it } from "vitest";
import { refusal } from "./agreement.js";
import { elements } from "./programs.js";

const input = (shape: readonly number[], name: string, dtype: DType = "float32"): Tensor =>
  placeholder(shape, { name, dtype });
const arrayOf = (dtype: string, length: number): Float32Array | Int32Array =>
  dtype === "int32" ? new Int32Array(length) : new Float32Array(length);

/** "same" when the schedule computes what the expressions say; else the code of its refusal. */
function outcome(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  change: (s: S.Schedule) => void,
  options: S.PrimFuncOptions = {},
): string {
  try {
    const schedule = S.createSchedule(outputs);
    change(schedule);
    const func = S.toPrimFunc(schedule, options);
    const memory = new Map<string, TypedArray>();
    for (const tensor of inputs)
      memory.set(
        tensor.name,
        arrayOf(tensor.dtype, elements(tensor.shape)).map((_, i) => (i * 5) % 7),
      );
    const expected = evaluateTensors(outputs, memory);
    for (const parameter of func.parameters) {
      if (parameter.kind === "Buffer" && !memory.has(parameter.name))
        memory.set(parameter.name, arrayOf(parameter.dtype, elements(parameter.shape)));
    }
    interpret(func, memory as never);
    for (const [k, tensor] of outputs.entries()) expect(memory.get(tensor.name)).toEqual(expected[k]);
    return "same";
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
}

const nothing = (): void => undefined;
const k = reduceAxis(3, "k");
const argmax = commReducer({
  name: "argmax",
  identities: () => [-1e30, -1],
  combine: ([a, i], [b, j]) => [
    select(gt(b as never, a as never), b as never, a as never),
    select(gt(b as never, a as never), j as never, i as never),
  ],
});

describe("tails", () => {
  it("a padded tile inside a padded tile would overlap the next one", () => {
    const A = input([10, 3], "A");
    const P = compute([10, 3], (i, j) => add(read(A, i, j), cast(j, "float32")), { name: "P" });
    const B = compute([10], (i) => sum(read(P, i, k), k), { name: "B" });
    const C = compute([10], (i) => mul(read(B, i), 2), { name: "C" });
    const nested = (s: S.Schedule): void => {
      const [outer, inner] = S.split(s, B, "i", { factor: 4, tail: "roundUp" });
      const pair = S.split(s, B, inner, { factor: 3, tail: "roundUp" });
      S.reorder(s, B, ["k", outer, ...pair]);
    };
    expect(outcome([C], [A], nested)).toBe("SCH116");
    expect(outcome([C], [A], (s) => void S.split(s, B, "i", { factor: 4, tail: "roundUp" }))).toBe("same");
  });

  it("rounds up only what was rounded up to the dimension: the part of a guarded split has no room, even where it divides", () => {
    const A = placeholder([4, 7], { name: "A" });
    const B = compute([3, 7], (i, j) => add(read(A, i, j), read(A, add(i, 1), j)), { name: "B" });
    const C = compute([3, 6], (i, j) => add(read(B, i, j), read(B, i, add(j, 1))), { name: "C" });
    for (const rolled of [false, true]) {
      const s = S.createSchedule(C);
      const [outer] = S.split(s, B, "j", { parts: 2 });
      const [again] = S.split(s, B, outer, { factor: 1, tail: "roundUp" });
      S.computeAt(s, B, C, "j");
      if (rolled) S.rollingBuffer(s, B, 1);
      expect(refusal(s, () => S.split(s, B, again, { factor: 5, tail: "roundUp" }))).toBe("SCH116");
    }
  });

  it("shifted tiles must not meet on threads", () => {
    const A = input([5], "A");
    const C = compute([5], (i) => add(read(A, i), 1), { name: "C" });
    const crossed = (s: S.Schedule): void => {
      const [outer, inner] = S.split(s, C, "i", { factor: 2, tail: "shift" });
      S.reorder(s, C, [inner, outer]);
      S.parallel(s, C, inner);
    };
    expect(outcome([C], [A], crossed)).toBe("SCH116");
  });
});

describe("reductions", () => {
  const [X, Y] = [input([4, 3], "X"), input([4, 3], "Y")];
  const index = cast(k, "int32");

  it("a start value is computed before the reduction's loops", () => {
    const Q = compute([4], (i) => mul(read(X, i, 0), 2), { name: "Q" });
    const C = compute([4], (i) => sum(read(X, i, k), k, { initial: read(Q, i) }), { name: "C" });
    expect(outcome([C], [X], (s) => S.computeAt(s, Q, C, "k"))).toBe("SCH112");
    expect(outcome([C], [X], (s) => S.computeAt(s, Q, C, "i"))).toBe("same");
  });

  it("several folds of one loop nest keep apart, whatever their order", () => {
    const twice = compute([4], (i) => [...argmax([read(X, i, k), index], k), ...argmax([read(Y, i, k), index], k)], {
      name: "C",
    });
    const before = compute([4], (i) => [...argmax([read(X, i, k), index], k), sum(read(X, i, k), k)], { name: "C" });
    const after = compute([4], (i) => [sum(read(X, i, k), k), ...argmax([read(X, i, k), index], k)], { name: "C" });
    expect(outcome(twice, [X, Y], nothing)).toBe("same");
    for (const outputs of [before, after]) expect(outcome(outputs, [X], nothing)).toBe("same");
  });

  it("one component of a tuple brings the others along", () => {
    const C = compute([4], (i) => argmax([read(X, i, k), index], k)[1] as never, { name: "C" });
    expect(outcome([C], [X], (s) => void S.split(s, C, "k", { factor: 2 }))).toBe("same");
  });

  it("loops of a fold whose order matters keep it", () => {
    const W = input([4, 3, 5], "W");
    const [k1, k2] = [reduceAxis(3, "k1"), reduceAxis(5, "k2")];
    const position = cast(add(mul(k1, 5), k2), "int32");
    const first = compute([4], (i) => argmax([read(W, i, k1, k2), position], [k1, k2]), { name: "C" });
    const strict = compute([4], (i) => sum(read(W, i, k1, k2), [k1, k2], { strict: true }), { name: "C" });
    const free = compute([4], (i) => sum(read(W, i, k1, k2), [k1, k2]), { name: "C" });
    const swapped = (s: S.Schedule): void => S.reorder(s, "C", ["k2", "k1"]);
    const tiled = (s: S.Schedule): void => S.reorder(s, "C", [...S.split(s, "C", "k2", { factor: 2 })].reverse());
    const outside = (s: S.Schedule): void => S.reorder(s, "C", ["k1", "k2", "i"]);
    for (const change of [swapped, tiled]) {
      expect(outcome(first, [W], change)).toBe("SCH130");
      expect(outcome([strict], [W], change)).toBe("SCH130");
      expect(outcome([free], [W], change)).toBe("same");
    }
    for (const outputs of [first, [strict], [free]]) expect(outcome(outputs, [W], outside)).toBe("same");
  });

  it("a domain that depends on a data axis is refused", () => {
    const V = input([5], "V");
    const triangle = compute([5], (i) => {
      const upTo = reduceAxis(add(i, 1) as never);
      return sum(read(V, upTo), upTo);
    });
    expect(outcome([triangle], [V], nothing)).toBe("SCH119");
  });
});

describe("memory", () => {
  const A = input([5], "A");

  it("an output takes an input's memory only when each element is read before it is written", () => {
    const C = compute([5], (i) => add(read(A, i), 1), { name: "C" });
    const R = compute([5], (i) => read(A, sub(4, i)), { name: "R" });
    const shifted = (s: S.Schedule): void => void S.split(s, C, "i", { factor: 4, tail: "shift" });
    expect(outcome([C], [A], nothing, { mayAlias: [[C, A]] })).toBe("same");
    expect(outcome([C], [A], shifted, { mayAlias: [[C, A]] })).toBe("SCH123");
    expect(outcome([R], [A], nothing, { mayAlias: [[R, A]] })).toBe("SCH123");
    expect(outcome([C], [A], nothing, { mayAlias: [[A, A]] })).toBe("SCH123");
  });

  it("a gathered stage computed inside its reader is computed whole there", () => {
    const I = input([6], "I", "int32");
    const B = compute([5], (i) => add(read(A, i), 1), { name: "B" });
    const G = compute([6], (i) => read(B, read(I, i)), { name: "G" });
    expect(outcome([G], [A, I], (s) => S.computeAt(s, B, G, "i"))).toBe("same");
  });

  it("an extern operation reads dense memory, and all its outputs have some", () => {
    const B = compute([5], (i) => mul(read(A, i), 2), { name: "B" });
    const copies = extern({
      name: "copies",
      inputs: [B],
      outputs: [
        { shape: [5], dtype: "float32" },
        { shape: [5], dtype: "float32" },
      ],
      body: ([from]: readonly Buffer[], outputs: readonly Buffer[]) => {
        const loops = outputs.map((to) => {
          const x = variable("x");
          return build.loop(x, int(0), int(5), build.store(to as never, [x], build.load(from as never, [x])));
        });
        return sequence(loops);
      },
    } as never) as unknown as readonly Tensor[];
    expect(outcome([copies[1] as Tensor], [A], nothing)).toBe("same");
    const transposed = (s: S.Schedule): void =>
      S.transformLayout(s, B, [
        { dimension: 0, divisor: 2 },
        { dimension: 0, modulus: 2 },
      ]);
    expect(outcome([copies[0] as Tensor], [A], transposed)).toBe("SCH110");
  });
});

describe("what no primitive knows", () => {
  const A = input([5], "A");
  const C = compute([5], (i) => add(read(A, i), 1), { name: "C" });
  it.each<[string, (s: S.Schedule) => unknown]>([
    ["SCH116", (s) => S.split(s, C, "i", { factor: 2, tail: "gaurd" as never })],
    ["SCH101", (s) => S.split(s, C, "i", undefined as never)],
    ["SCH122", (s) => S.cacheRead(s, A, "locl" as never)],
    ["SCH122", (s) => S.cacheWrite(s, C, 5 as never)],
    ["SCH124", (s) => S.bind(s, C, "i", "foo" as never)],
    ["SCH104", (s) => S.reorder(s, C, 3 as never)],
    ["SCH115", (s) => S.transformLayout(s, S.cacheRead(s, A, "local"), 3 as never)],
    ["SCH114", (s) => [S.split(s, C, "i", { factor: 2 }), S.cacheWrite(s, C, "local")]],
    ["SCH121", () => S.createSchedule(3 as never)],
    ["SCH121", () => S.toPrimFunc(S.createSchedule(A))],
  ])("%s", (code, change) => {
    expect(outcome([C], [A], (s) => void change(s))).toBe(code);
  });

  it("a chain of doubled reads stays small", () => {
    let last = compute([4], (i) => read(A, i), { name: "T0" });
    const chain = [last];
    for (let n = 1; n < 40; n++) {
      const from = last;
      last = compute([4], (i) => add(read(from, i), read(from, i)), { name: `T${n}` });
      chain.push(last);
    }
    const s = S.createSchedule(last);
    for (const stage of chain.slice(0, -1)) S.computeInline(s, stage);
    expect(S.toPrimFunc(s).parameters).toHaveLength(2);
  });
});
