import { NO_SPAN } from "@tilewright/diagnostics";
import { type Atomic, type Buffer, build as b, buffer, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { functionEntries, INTRINSIC_ATTRIBUTE } from "./index.js";

const array = (name: string): Buffer => buffer(name, { dtype: "float32", shape: [8] });
const functionOf = (name: string, parameters: PrimFunc["parameters"], body: Stmt, more: Partial<PrimFunc> = {}) =>
  ({ kind: "PrimFunc", span: NO_SPAN, name, role: "kernel", parameters, mayAlias: [], body, attributes: {}, ...more }) as const; // biome-ignore format: one line
const entriesOf = (...functions: readonly PrimFunc[]) =>
  functionEntries({ kind: "IRModule", span: NO_SPAN, functions, attributes: {} });
const accessesOf = (...functions: readonly PrimFunc[]) =>
  entriesOf(...functions)[0]?.parameters.map((each) => (each.kind === "buffer" ? each.access : each.kind));

/** `out[0] = x[0]` */
const [x, out] = [array("x"), array("out")];
const copy = functionOf("copy", [x, out], b.store(out, [int(0)], b.load(x, [int(0)])));
const call = (callee: string, ...buffers: readonly Buffer[]): Stmt => ({
  kind: "KernelCall",
  span: NO_SPAN,
  callee,
  args: buffers.map((each) => b.region(each, [int(0)], [int(8)])),
  launch: null,
});

describe("entries of functions", () => {
  it("give parameters in order, shapes that are known, and index as int32", () => {
    const n = variable("n");
    const y = buffer("y", { dtype: "int8", shape: [n, int(3)] });
    expect(entriesOf(functionOf("f", [n, y], b.store(y, [int(0), int(0)], b.const(1, "int8"))))).toEqual([
      {
        name: "f",
        parameters: [
          { kind: "scalar", name: "n", dtype: "int32" },
          { kind: "buffer", name: "y", dtype: "int8", shape: [-1, 3], access: "write" },
        ],
        workspaceBytes: 0,
      },
    ]);
  });

  it("tell what a function does to each buffer", () => {
    const [bins, both, unused] = [array("bins"), array("both"), array("unused")];
    const atomic: Atomic = { kind: "Atomic", span: NO_SPAN, op: "add", buffer: bins, indices: [int(0)], value: b.const(1, "float32") }; // biome-ignore format: one line
    const body = b.seq(atomic, b.store(both, [int(0)], b.load(both, [int(1)])));
    expect(accessesOf(functionOf("f", [bins, both, unused], body))).toEqual(["readwrite", "readwrite", "read"]);
  });

  it("follow calls, wherever the called function stands", () => {
    const [a, c] = [array("a"), array("c")];
    const middle = functionOf("middle", [c, a], call("copy", a, c));
    const outer = functionOf("outer", [x, out], call("middle", out, x));
    expect(accessesOf(outer, middle, copy)).toEqual(["read", "write"]);
    expect(accessesOf(functionOf("stranger", [a], call("no.such", a)))).toEqual(["readwrite"]);
  });

  it("follow bodies of parallel loops, whose first two parameters are the range, and leave them out", () => {
    const [begin, end] = [variable("begin"), variable("end")];
    const store = b.store(out, [begin], b.load(x, [end]));
    const body = functionOf("body", [begin, end, x, out], store, { role: "parallel" });
    const [a, c] = [array("a"), array("c")];
    const { args } = call("body", a, c) as Extract<Stmt, { kind: "KernelCall" }>;
    const loop: Stmt = { kind: "ParallelCall", span: NO_SPAN, callee: "body", extent: int(8), args };
    const entries = entriesOf(functionOf("f", [a, c], loop), body);
    expect(entries.map(({ name }) => name)).toEqual(["f"]);
    expect(accessesOf(functionOf("f", [a, c], loop), body)).toEqual(["read", "write"]);
  });

  it("leave out what an intrinsic means, and end for functions that call each other", () => {
    const meaning = { ...copy, name: "meaning", attributes: { [INTRINSIC_ATTRIBUTE]: "vendor.copy" } };
    expect(entriesOf(meaning, copy).map(({ name }) => name)).toEqual(["copy"]);
    const [a, c] = [array("a"), array("c")];
    expect(accessesOf(functionOf("f", [a], call("g", a)), functionOf("g", [c], call("f", c)))).toEqual(["read"]);
  });
});
