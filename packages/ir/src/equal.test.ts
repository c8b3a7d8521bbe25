import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deepChain, deepNest, doubled } from "../test/big.js";
import { functions } from "../test/random.js";
import { everyOperation } from "../test/sample-tensors.js";
import { addOne, everyGraphNode, everyStatement } from "../test/samples.js";
import { build as b, buffer, constant, int, variable } from "./build.js";
import { firstDifference, structuralEqual } from "./equal.js";
import type { Node } from "./fields.js";
import { freeBuffers, freeVariables } from "./free.js";
import { structuralHash } from "./hash.js";
import { refreshBinders, refreshWithMaps } from "./refresh.js";
import { rewrite, substitute } from "./rewrite.js";
import { visit } from "./visit.js";

describe("structuralEqual", () => {
  it("holds between two makings of one program, of every level", () => {
    for (const make of [addOne, everyStatement, everyOperation, everyGraphNode] as readonly (() =>
      | Node
      | readonly Node[])[]) {
      expect(firstDifference(make(), make())).toBeNull();
      expect(structuralHash(make())).toBe(structuralHash(make()));
    }
  });

  it("ignores the names of what is bound, and tells free variables apart by identity", () => {
    const loop = (name: string, used = variable(name)) => b.loop(used, int(0), int(4), b.assign(used, used));
    expect(structuralEqual(loop("i"), loop("j"))).toBe(true);
    const [free, other] = [variable("n"), variable("n")];
    expect(structuralEqual(free, free)).toBe(true);
    expect(structuralEqual(free, other)).toBe(false);
    expect(structuralEqual(b.add(free, int(1)), b.add(free, int(1)))).toBe(true);
  });

  it("asks for a one-to-one correspondence", () => {
    const nest = (crossed: boolean) => {
      const [i, j, A] = [variable("i"), variable("j"), buffer("A", { dtype: "float32", shape: [4, 4] })];
      const store = b.store(A, crossed ? [j, i] : [i, j], constant(0, "float32"));
      return b.allocate(A, b.loop(i, int(0), int(4), b.loop(j, int(0), int(4), store)));
    };
    expect(structuralEqual(nest(true), nest(true))).toBe(true);
    expect(firstDifference(nest(true), nest(false))?.path).toBe("body.body.body.indices[0]");
  });

  it("names the first difference by its path", () => {
    const changed = rewrite(addOne(), {
      Const: (node) => (node.dtype === "float32" ? b.const(2, "float32") : undefined),
    });
    expect(firstDifference(addOne(), changed)).toEqual({
      path: "body.body.body.then.value.right.value",
      left: "1",
      right: "2",
    });
  });

  it("tells -0 from 0 and takes NaN for NaN", () => {
    const [zero, negative, nan] = [0, -0, Number.NaN].map((value) => constant(value, "float32")) as [Node, Node, Node];
    expect(structuralEqual(zero, negative)).toBe(false);
    expect(structuralHash(zero)).not.toBe(structuralHash(negative));
    expect(structuralEqual(nan, { ...nan } as Node)).toBe(true);
  });

  it("is linear in distinct nodes and does not overflow", () => {
    const nests = [deepNest(20_000), deepNest(20_000)] as const;
    expect(structuralEqual(...nests)).toBe(true);
    expect(structuralHash(nests[0])).toBe(structuralHash(nests[1]));
    const [shared, chain] = [doubled(64), deepChain(20_000)];
    expect(structuralEqual(shared, shared)).toBe(true);
    expect(structuralEqual(chain, chain)).toBe(true);
    expect(structuralHash(shared)).not.toBe(structuralHash(chain));
  });

  it("sees every change of a single constant, operator or loop kind (property)", () => {
    fc.assert(
      fc.property(functions, (program) => {
        const flipped = rewrite(program, { Binary: (node) => ({ ...node, fast: node.fast ^ 1 }) });
        const doubledLoops = rewrite(program, { For: (node) => ({ ...node, loopKind: "thread" }) });
        for (const other of [flipped, doubledLoops]) expect(structuralEqual(program, other)).toBe(other === program);
      }),
    );
  });
});

describe("refreshBinders", () => {
  it("gives each bound variable and buffer a new identity and leaves free ones (property)", () => {
    fc.assert(
      fc.property(functions, (program) => {
        const [before, after] = [program.body, refreshBinders(program.body)];
        expect(firstDifference({ ...program, body: before }, { ...program, body: after })).toBeNull();
        const old = bindersOf(before);
        expect(bindersOf(after).some((binder) => old.includes(binder))).toBe(false);
        expect(new Set(freeVariables(after))).toEqual(new Set(freeVariables(before)));
        expect(new Set(freeBuffers(after))).toEqual(new Set(freeBuffers(before)));
      }),
    );
  });

  it("also reaches assignments, regions, launches and the sizes of allocations", () => {
    const [outer] = everyStatement().functions;
    if (outer === undefined) throw new Error("no function");
    const { stmt, variables, buffers } = refreshWithMaps(outer.body);
    const mentioned = new Set<unknown>();
    visit(stmt, {
      Assign: (node) => void mentioned.add(node.variable),
      BufferRegion: (node) => void mentioned.add(node.buffer),
      Store: (node) => void mentioned.add(node.buffer),
    });
    for (const old of [...variables.keys(), ...buffers.keys()]) expect(mentioned.has(old)).toBe(false);
    const [n, A] = [variable("n"), buffer("A", { dtype: "int8", shape: [4] })];
    const sized = buffer("T", { dtype: "int8", shape: [n] });
    const call = {
      kind: "KernelCall",
      span: b.span,
      callee: "f",
      args: [],
      launch: { grid: [n], block: [n] },
    } as const;
    const fresh = refreshBinders(
      b.let(n, int(4), b.allocate(sized, b.seq(call, b.store(A, [n], constant(1, "int8"))))),
    );
    expect(freeVariables(fresh)).toEqual([]);
    expect(freeBuffers(fresh)).toEqual([A]);
  });

  it("returns a statement that binds nothing as it is", () => {
    const store = b.store(buffer("A", { dtype: "int8", shape: [] }), [], constant(1, "int8"));
    expect(refreshBinders(store)).toBe(store);
  });
});

describe("freeVariables", () => {
  it("lists what is used and not bound, once", () => {
    const [i, n, m] = [variable("i"), variable("n"), variable("m")];
    const loop = b.loop(i, n, b.add(n, m), b.when(b.binary("lt", i, m), b.seq()));
    expect(freeVariables(loop)).toEqual([n, m]);
    expect(freeVariables(substitute(loop, new Map([[m, int(3)]])))).toEqual([n]);
    expect(freeVariables(everyOperation())).toEqual([]);
  });
});

function bindersOf(node: Node): Node[] {
  const found: Node[] = [];
  visit(node, {
    For: (each) => void found.push(each.loopVar),
    Let: (each) => void found.push(each.variable),
    Register: (each) => void found.push(each.variable),
    Allocate: (each) => void found.push(each.buffer),
  });
  return found;
}
