import { interpret } from "@tilewright/interp";
import {
  type Buffer,
  build as b,
  buffer,
  type Expr,
  int,
  type PrimFunc,
  type Stmt,
  type Var,
  variable,
} from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { condition, indexExpr } from "../test/arbitraries.js";
import { simplifyStatement } from "./statement.js";

const LENGTH = 64;

/** Keeps a store inside its buffer, whatever the index. */
const inside = (index: Expr): Expr => b.binary("floormod", index, int(LENGTH));

function statement(memory: Buffer, scope: readonly Var[], depth: number): fc.Arbitrary<Stmt> {
  const index = indexExpr(scope, 2);
  const store = fc
    .tuple(index, index)
    .map(([at, value]) =>
      b.store(memory, [inside(at)], b.add(b.load(memory, [inside(value)]), b.cast(value, "int32"))),
    );
  if (depth === 0) return store;
  const below = statement(memory, scope, depth - 1);
  const loop = fc
    .record({ min: indexExpr(scope, 1), extent: fc.integer({ min: 0, max: 3 }), name: fc.constant(`i${depth}`) })
    .chain(({ min, extent, name }) => {
      const loopVar = variable(name);
      const start = b.binary("floormod", min, int(5));
      return statement(memory, [...scope, loopVar], depth - 1).map((body) => b.loop(loopVar, start, int(extent), body));
    });
  const binding = indexExpr(scope, 2).chain((value) => {
    const bound = variable(`t${depth}`);
    return statement(memory, [...scope, bound], depth - 1).map((body) => b.let(bound, value, body));
  });
  const branch = fc
    .tuple(condition(scope, 1), below, fc.option(below, { nil: null }))
    .map(([test, then, otherwise]) => b.when(test, then, "branch", otherwise));
  return fc.oneof(
    store,
    loop,
    loop,
    branch,
    branch,
    binding,
    fc.tuple(below, below).map((stmts) => b.seq(...stmts)),
  );
}

const run = (memory: Buffer, free: Var, body: Stmt, value: number): Int32Array => {
  const func: PrimFunc = {
    kind: "PrimFunc",
    span: b.span,
    name: "f",
    role: "kernel",
    parameters: [memory, free],
    mayAlias: [],
    body,
    attributes: {},
  };
  const data = Int32Array.from({ length: LENGTH }, (_, position) => position);
  interpret(func, { [memory.name]: data, [free.name]: value });
  return data;
};

describe("simplifyStatement", () => {
  it("never changes what a statement does", () => {
    const memory = buffer("memory", { dtype: "int32", shape: [LENGTH] });
    const free = variable("n");
    fc.assert(
      fc.property(statement(memory, [free], 4), fc.integer({ min: 0, max: 9 }), (stmt, n) => {
        const after = simplifyStatement(stmt, { ranges: new Map([[free, { min: 0, max: 9 }]]) });
        expect(run(memory, free, after, n)).toEqual(run(memory, free, stmt, n));
      }),
      { numRuns: 500 },
    );
  });

  const out = buffer("out", { dtype: "float32", shape: [100] });
  const [io, ii, n] = [variable("io"), variable("ii"), variable("n")];
  const index = b.add(b.mul(io, int(8)), ii);
  const put = (at: Expr): Stmt => b.store(out, [at], b.const(1, "float32"));
  const nest = (body: Stmt, outer = 12): Stmt => b.loop(io, int(0), int(outer), b.loop(ii, int(0), int(8), body));

  it("drops a guard that the loops imply", () => {
    expect(simplifyStatement(nest(b.when(b.binary("lt", index, int(96)), put(index), "guard")))).toEqual(
      nest(put(index)),
    );
  });

  it("keeps a guard that a remainder needs", () => {
    const guarded = nest(b.when(b.binary("lt", index, int(100)), put(index), "guard"), 13);
    expect(simplifyStatement(guarded)).toBe(guarded);
  });

  it("drops a guard that an outer guard implies", () => {
    const outer = (body: Stmt): Stmt => nest(b.when(b.binary("lt", index, n), body, "guard"), 13);
    expect(simplifyStatement(outer(b.when(b.binary("lt", index, b.add(n, int(3))), put(index), "guard")))).toEqual(
      outer(put(index)),
    );
  });

  it("removes loops that never run and unwraps loops that run once", () => {
    const never = b.loop(io, int(0), int(0), put(io));
    const once = b.loop(ii, n, int(1), put(b.add(ii, int(1))));
    expect(simplifyStatement(b.seq(never, once))).toEqual(put(b.add(n, int(1))));
  });

  it("forgets the only value of a loop's variable after the loop", () => {
    const loops = b.seq(b.loop(ii, int(3), int(1), put(ii)), b.loop(ii, int(0), int(2), put(ii)));
    expect(simplifyStatement(loops)).toEqual(b.seq(put(int(3)), b.loop(ii, int(0), int(2), put(ii))));
  });

  it("keeps a loop of one thread", () => {
    const bound: Stmt = { ...b.loop(io, int(0), int(1), put(io), "thread"), thread: "threadIdx.x" };
    expect(simplifyStatement(bound)).toEqual({ ...bound, body: put(int(0)) });
  });

  it("believes nothing of a register after it may have changed", () => {
    const register = variable("r");
    const test = b.binary("lt", register, int(3));
    const body = b.register(
      register,
      int(0),
      b.when(test, b.seq(b.assign(register, int(5)), b.when(test, put(int(0))))),
    );
    expect(simplifyStatement(body)).toBe(body);
  });

  it("believes nothing of memory after it may have changed", () => {
    const test = b.binary("lt", b.load(out, [int(0)]), b.const(1, "float32"));
    const body = b.when(test, b.seq(put(int(0)), b.when(test, put(int(1)))));
    expect(simplifyStatement(body)).toBe(body);
  });

  it("takes statements nested a hundred thousand deep", () => {
    let stmt: Stmt = put(int(0));
    for (let depth = 0; depth < 100_000; depth++)
      stmt = depth % 2 === 0 ? b.when(b.binary("lt", n, int(depth)), stmt) : b.seq(stmt, put(n));
    expect(simplifyStatement(stmt).kind).toBe("Seq");
  });
});
