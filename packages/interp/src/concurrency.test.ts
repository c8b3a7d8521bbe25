import {
  build as b,
  buffer,
  constant,
  type Expr,
  int,
  type Stmt,
  type ThreadTag,
  type Var,
  variable,
} from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { async, barrier, errorOf, errorOfRun, kernel, pop, push, synchronize } from "../test/programs.js";
import { interpret } from "./index.js";

const A = buffer("A", { dtype: "float32", shape: [8] });
const shared = buffer("s", { dtype: "float32", shape: [8], scope: "shared" });
const f = (value: number): Expr => constant(value, "float32");
const SEEDS = [0, 1, 2, 3, 4];
const t = variable("t");
const bound = (loopVar: Var, extent: number, thread: ThreadTag, body: Stmt): Stmt => ({
  ...b.loop(loopVar, int(0), int(extent), body, "thread"),
  thread,
});
const threads = (body: Stmt): Stmt => bound(t, 8, "threadIdx.x", body);
const mirrored = b.sub(int(7), t);
const value = b.cast(t, "float32");
const run = (body: Stmt, seed: number): number[] => {
  const memory = { A: new Float32Array(8) };
  interpret(kernel([A], body), memory, { seed });
  return [...memory.A];
};
const codes = (body: Stmt): (string | undefined)[] => [
  ...new Set(SEEDS.map((seed) => errorOfRun(kernel([A], body), { A: new Float32Array(8) }, { seed }))),
];

describe("threads", () => {
  const exchange = (...between: Stmt[]): Stmt =>
    b.seq(b.store(shared, [t], value), ...between, b.store(A, [t], b.load(shared, [mirrored])));

  it("see what others wrote before a barrier, and race without one", () => {
    for (const seed of SEEDS)
      expect(run(b.allocate(shared, threads(exchange(barrier()))), seed)).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
    expect(codes(b.allocate(shared, threads(exchange())))).toEqual(["IP306"]);
  });

  it("share an allocation of scope shared also when it stands inside of their loop", () => {
    for (const seed of SEEDS)
      expect(run(threads(b.allocate(shared, exchange(barrier()))), seed)).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  });

  it("have ended, all of them, when a sibling loop of the block begins", () => {
    const u = variable("u");
    const write = threads(b.store(shared, [t], value));
    const read = bound(u, 8, "threadIdx.x", b.store(A, [u], b.load(shared, [b.sub(int(7), u)])));
    const own = bound(u, 8, "threadIdx.x", b.store(A, [u], b.load(shared, [u])));
    const block = (...stmts: Stmt[]): Stmt =>
      bound(variable("block"), 1, "blockIdx.x", b.allocate(shared, b.seq(...stmts)));
    expect(codes(block(write, barrier(), read))).toEqual([undefined]);
    expect(codes(block(write, own))).toEqual([undefined]);
    expect(codes(block(write, read))).toEqual([undefined]);
  });

  it("of one dimension are not joined where a loop over another dimension ends inside of them", () => {
    const y = variable("y");
    const column = bound(y, 2, "threadIdx.y", b.store(A, [y], value));
    expect(codes(bound(t, 8, "threadIdx.x", column))).toEqual(["IP306"]);
  });

  it("need a barrier of global scope for global memory", () => {
    const body = (between: Stmt): Stmt =>
      b.seq(b.store(A, [t], value), between, b.when(b.binary("eq", t, int(0)), b.store(A, [int(5)], f(9))));
    expect(codes(threads(body(barrier("shared"))))).toEqual(["IP306"]);
    expect(codes(threads(body(barrier("global"))))).toEqual([undefined]);
  });

  it("that do not reach a barrier, or reach another one, are an error", () => {
    const few = b.binary("lt", t, int(3));
    expect(codes(threads(b.when(few, barrier())))).toEqual(["IP307"]);
    expect(codes(threads(b.when(few, barrier(), "branch", barrier())))).toEqual(["IP307"]);
    expect(codes(threads(b.loop(variable("k"), int(0), t, barrier())))).toEqual(["IP307"]);
    expect(codes(threads(b.loop(variable("k"), int(0), int(3), barrier())))).toEqual([undefined]);
    expect(codes(threads(b.loop(variable("k"), int(0), int(3), barrier(), "parallel")))).toEqual(["IP307"]);
    const error = errorOf(() => interpret(kernel([], threads(b.when(few, barrier()))), {}));
    expect(error?.message).toContain("= actual: 3 wait, 5 have ended");
  });

  it("of several dimensions wait for each other", () => {
    const u = variable("u");
    const at = b.add(b.mul(u, int(4)), t);
    const body = b.seq(
      b.store(shared, [at], b.cast(at, "float32")),
      barrier(),
      b.store(A, [at], b.load(shared, [b.sub(int(7), at)])),
    );
    const nest = bound(u, 2, "threadIdx.y", bound(t, 4, "threadIdx.x", body));
    for (const seed of SEEDS) expect(run(b.allocate(shared, nest), seed)).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  });

  it("of different blocks race on global memory, whatever barriers there are", () => {
    const block = variable("block");
    const blocks = (body: Stmt): Stmt => bound(block, 2, "blockIdx.x", body);
    expect(codes(blocks(bound(t, 4, "threadIdx.x", b.store(A, [t], value))))).toEqual(["IP306"]);
    expect(codes(blocks(bound(t, 4, "threadIdx.x", b.seq(barrier("global"), b.store(A, [t], value)))))).toEqual([
      "IP306",
    ]);
    expect(codes(blocks(bound(t, 4, "threadIdx.x", b.store(A, [b.add(b.mul(block, int(4)), t)], value))))).toEqual([
      undefined,
    ]);
    expect(codes(threads(blocks(b.store(A, [t], value))))).toEqual(["IP202"]);
  });
});

describe("virtual threads", () => {
  it("take turns statement by statement, in ascending order", () => {
    const order: number[] = [];
    const v = variable("v");
    const note = (position: number): Stmt =>
      ({
        ...b.seq(),
        kind: "Evaluate",
        value: b.call("note", [b.add(b.mul(v, int(10)), int(position))], "int32"),
      }) as Stmt;
    const body = b.loop(
      v,
      int(0),
      int(2),
      b.seq(note(0), b.loop(variable("k"), int(0), int(2), note(1)), note(2)),
      "virtual",
    );
    interpret(kernel([], body), {}, { seed: 3, intrinsics: { note: (at) => order.push(at as number) } });
    expect(order).toEqual([0, 10, 1, 11, 1, 11, 2, 12]);
  });

  it("wait for a barrier together with the real threads", () => {
    const v = variable("v");
    const at = b.add(b.mul(v, int(4)), t);
    const body = b.seq(
      b.store(shared, [at], b.cast(at, "float32")),
      barrier(),
      b.store(A, [at], b.load(shared, [b.sub(int(7), at)])),
    );
    const nest = bound(t, 4, "threadIdx.x", b.loop(v, int(0), int(2), body, "virtual"));
    for (const seed of SEEDS) expect(run(b.allocate(shared, nest), seed)).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  });
});

describe("queues", () => {
  const region = (from: number, count: number) => b.region(A, [int(from)], [int(count)]);
  const write = (queue: string, at: number, to: number): Stmt =>
    async(queue, [], [region(at, 1)], b.store(A, [int(at)], f(to)));
  const move = (queue: string, from: number, to: number): Stmt =>
    async(queue, [region(from, 1)], [region(to, 1)], b.store(A, [int(to)], b.load(A, [int(from)])));

  it("run their entries in the order in which they were handed", () => {
    for (const seed of SEEDS)
      expect(run(b.seq(write("q", 0, 1), move("q", 0, 1), write("q", 0, 2)), seed).slice(0, 2)).toEqual([2, 1]);
  });

  it("race unless tokens order them", () => {
    expect(codes(b.seq(write("a", 0, 1), move("b", 0, 1)))).toEqual(["IP306"]);
    expect(codes(b.seq(move("a", 0, 1), write("b", 0, 1)))).toEqual(["IP306"]);
    expect(codes(b.seq(move("a", 0, 1), move("b", 0, 2)))).toEqual([undefined]);
    const ordered = b.seq(write("a", 0, 5), push("a", "b"), pop("a", "b"), move("b", 0, 1));
    for (const seed of SEEDS) expect(run(ordered, seed)[1]).toBe(5);
    const error = errorOf(() =>
      interpret(kernel([A], b.seq(write("a", 0, 1), move("b", 0, 1))), { A: new Float32Array(8) }),
    );
    expect(error?.message).toContain("race on `A` in the queues of `a` and `b`");
  });

  it("are ordered through a third, since order is transitive", () => {
    const ordered = b.seq(
      write("a", 0, 5),
      push("a", "b"),
      pop("a", "b"),
      push("b", "c"),
      pop("b", "c"),
      move("c", 0, 1),
    );
    expect(codes(ordered)).toEqual([undefined]);
  });

  it("race with the thread that hands to them, until it synchronises", () => {
    const read = b.store(A, [int(1)], b.load(A, [int(0)]));
    expect(codes(b.seq(write("a", 0, 5), read))).toEqual(["IP306"]);
    expect(codes(b.seq(write("a", 0, 5), synchronize("b"), read))).toEqual(["IP306"]);
    for (const seed of SEEDS) expect(run(b.seq(write("a", 0, 5), synchronize("a"), read), seed)[1]).toBe(5);
    expect(codes(b.seq(b.store(A, [int(0)], f(1)), move("a", 0, 1)))).toEqual([undefined]);
  });

  it("use the values of the moment at which work was handed over", () => {
    const i = variable("i");
    const body = async("q", [], [b.region(A, [i], [int(1)])], b.store(A, [i], b.cast(i, "float32")));
    for (const seed of SEEDS) expect(run(b.loop(i, int(0), int(3), body), seed).slice(0, 3)).toEqual([0, 1, 2]);
  });

  it("that wait for tokens nobody pushes are a deadlock, and tokens nobody takes an error", () => {
    expect(codes(b.seq(pop("a", "b"), write("b", 0, 1)))).toEqual(["IP308"]);
    expect(codes(b.seq(pop("a", "b"), push("b", "a"), pop("b", "a"), push("a", "b")))).toEqual(["IP308"]);
    expect(codes(push("a", "b"))).toEqual(["IP310"]);
    const error = errorOf(() => interpret(kernel([], pop("a", "b")), {}));
    expect(error?.message).toContain("= actual: queue `b` waits for a token of `a → b`");
  });

  it("touch nothing but the declared regions and what their bodies allocate", () => {
    expect(codes(async("q", [], [region(0, 1)], b.store(A, [int(1)], f(1))))).toEqual(["IP309"]);
    expect(codes(async("q", [], [region(0, 1)], b.store(A, [int(0)], b.load(A, [int(1)]))))).toEqual(["IP309"]);
    expect(codes(async("q", [region(0, 1)], [], b.store(A, [int(0)], f(1))))).toEqual(["IP309"]);
    const local = buffer("local", { dtype: "float32", shape: [1] });
    const own = b.allocate(local, b.seq(b.store(local, [int(0)], f(3)), b.store(A, [int(0)], b.load(local, [int(0)]))));
    expect(codes(async("q", [], [region(0, 1)], own))).toEqual([undefined]);
    expect(codes(async("q", [], [region(6, 3)], b.seq()))).toEqual(["IP301"]);
    expect(codes(async("q", [], [], push("q", "r")))).toEqual(["IP202"]);
  });
});
