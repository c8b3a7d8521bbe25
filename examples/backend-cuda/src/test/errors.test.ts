// Modules and tools that end in an error of this package, each with its code.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import {
  type Buffer,
  build as b,
  buffer,
  type IRModule,
  int,
  type PrimFunc,
  type Stmt,
  variable,
} from "@tilewright/ir";
import { cuda, cudaEmulation } from "../index.js";
import { compileModule } from "../module.js";
import { compile } from "./run.js";

const x = buffer("x", { dtype: "float32", shape: [8] });
const store = (into: Buffer = x): Stmt => b.store(into, [int(0)], b.const(1, "float32"));
const call = (callee: string, grid: readonly number[] | null = null): Stmt => ({
  kind: "KernelCall",
  span: NO_SPAN,
  callee,
  args: [b.region(x, [int(0)], [int(8)])],
  launch: grid === null ? null : { grid: grid.map((extent) => int(extent)), block: [int(1)] },
});
const func = (name: string, body: Stmt, role: PrimFunc["role"] = "kernel"): PrimFunc => {
  return { kind: "PrimFunc", span: NO_SPAN, name, role, parameters: [x], mayAlias: [], body, attributes: {} };
};
const moduleOf = (...functions: readonly PrimFunc[]): IRModule => ({
  kind: "IRModule",
  span: NO_SPAN,
  functions,
  attributes: {},
});
const withShared = (kilobytes: number): Stmt => {
  const made = buffer("made", { dtype: "float32", shape: [kilobytes * 256], scope: "shared" });
  return b.allocate(made, store(made));
};

const code = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "none";
};

describe("errors", () => {
  it("BE201: what CUDA has no place for, in a module that nobody checked", () => {
    const called = b.store(x, [int(0)], b.call("no.such", [], "float32"));
    assert.equal(
      code(() => compileModule(moduleOf(func("f", called)), 0)),
      "BE201",
    );
  });

  it("BE202: host code that touches memory", () => {
    assert.equal(
      code(() => cuda().compile(moduleOf(func("f", store(), "host")))),
      "BE202",
    );
  });

  it("BE203: threads that are no launch", () => {
    const loop: Stmt = { ...b.loop(variable("t"), int(0), int(4), store(), "thread"), thread: "threadIdx.x" };
    assert.equal(
      code(() => cuda().compile(moduleOf(func("f", b.seq(store(), loop))))),
      "BE203",
    );
    const caller = func("f", call("g"));
    assert.equal(
      code(() => cuda().compile(moduleOf(caller, func("g", loop)))),
      "BE203",
    );
    const launching = func("h", call("k", [4]), "host");
    assert.equal(
      code(() => compileModule(moduleOf(func("f", call("h")), launching, func("k", store())), 0)),
      "BE203",
    );
  });

  it("BE204: shared arrays that are too much together, though never alive at once", () => {
    assert.equal(
      code(() => cuda().compile(moduleOf(func("f", b.seq(withShared(30), withShared(30)))))),
      "BE204",
    );
    assert.equal(
      code(() => cuda().compile(moduleOf(func("f", b.seq(withShared(20), withShared(20)))))),
      "none",
    );
  });

  it("BE205: calls in a circle", () => {
    const circle = moduleOf(func("f", call("g"), "host"), func("g", call("f"), "host"));
    assert.equal(
      code(() => compileModule(circle, 0)),
      "BE205",
    );
  });

  it("BE210: a tool that is given something else, or text that is wrong, with its line", async () => {
    const compiled = compile([func("f", store())]);
    const builds = (module: typeof compiled, pattern: RegExp): Promise<void> =>
      assert.rejects(cudaEmulation().build(module), (error) => isCompileError(error) && pattern.test(error.message));
    await builds({ ...compiled, format: "ptx" }, /BE210[\s\S]*a module of format `ptx`/);
    await builds({ ...compiled, bytes: new TextEncoder().encode("\nint x = y;\n") }, /BE210[\s\S]*module\.cu:2/);
  });
});
