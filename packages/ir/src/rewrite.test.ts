import { describe, expect, it } from "vitest";
import { deepChain, deepNest, doubled, unrolledConvolution } from "../test/big.js";
import { addOne } from "../test/samples.js";
import { build as b, buffer, int, isConst, variable } from "./build.js";
import { childrenOf } from "./children.js";
import type { Expr } from "./expr.js";
import { FIELDS, type Node } from "./fields.js";
import { rewrite, substitute } from "./rewrite.js";
import { visit } from "./visit.js";

describe("rewrite", () => {
  it("keeps the identity of a big program through ten passes that change nothing", () => {
    const program = unrolledConvolution();
    for (let pass = 0; pass < 10; pass++) {
      expect(rewrite(program, { Binary: () => undefined, Load: () => undefined, Store: () => undefined })).toBe(
        program,
      );
    }
  });

  it("rebuilds only the way to what changed", () => {
    const [A, i] = [buffer("A", { dtype: "float32", shape: [4] }), variable("i")];
    const kept = b.store(A, [i], b.load(A, [int(1)]));
    const changed = b.store(A, [int(2)], b.load(A, [int(3)]));
    const before = b.seq(kept, changed);
    const after = rewrite(before, { Const: (node) => (isConst(node, 3) ? b.int(4) : undefined) });
    expect(after).toEqual(b.seq(kept, b.store(A, [int(2)], b.load(A, [int(4)]))));
    expect((after as typeof before & { stmts: readonly Node[] }).stmts[0]).toBe(kept);
  });

  it("gives `leave` the rebuilt node and never visits what a rule returned", () => {
    const i = variable("i");
    const seen: number[] = [];
    const result = rewrite(b.add(i, int(1)), {
      Const: () => b.add(i, int(7)),
      Binary: (node) => {
        seen.push(node.right.kind === "Binary" ? 7 : 1);
        return undefined;
      },
    });
    expect(seen).toEqual([7]);
    expect(result).toEqual(b.add(i, b.add(i, int(7))));
  });

  it("replaces at `enter` without visiting the children or calling `leave`", () => {
    const calls: string[] = [];
    const result = rewrite(b.add(b.mul(int(1), int(2)), int(3)), {
      Binary: {
        enter: (node) => (node.op === "mul" ? b.int(9) : undefined),
        leave: (node) => {
          calls.push(node.op);
          return undefined;
        },
      },
      Const: (node) => {
        calls.push(String(node.value));
        return undefined;
      },
    });
    expect(result).toEqual(b.add(int(9), int(3)));
    expect(calls).toEqual(["3", "add"]);
  });

  it("hands rules the builder of the place they replace", () => {
    const span = { file: "a.ts", line: 2, column: 5 };
    const node = { ...int(1), span };
    expect(rewrite(b.add(node, int(2)), { Const: (_, at) => at.int(5) })).toMatchObject({ left: { span } });
  });

  it("survives expressions and statements nested 20,000 deep", () => {
    // Compared with === alone: a matcher would print what it compares, and overflow.
    const [chain, nest] = [deepChain(20_000), deepNest(20_000)];
    expect(rewrite(chain, {}) === chain).toBe(true);
    expect(rewrite(nest, { For: () => undefined }) === nest).toBe(true);
    const shifted = rewrite(chain, { Const: (node) => b.int(Number(node.value) + 1) });
    expect(shifted !== chain && shifted.kind === "Binary" && isConst(shifted.left, 20_000)).toBe(true);
  });

  it("is linear in the distinct nodes of a shared expression", () => {
    const root = doubled(64);
    let calls = 0;
    const result = rewrite(root, {
      Binary: () => {
        calls++;
        return undefined;
      },
    });
    expect(result).toBe(root);
    expect(calls).toBeLessThan(64 * 32);
    const [from] = variablesOf(root);
    const to = variable("to");
    expect(variablesOf(substitute(root, new Map([[from as never, to]])))).toEqual(new Set([to]));
  });

  it("sees a node that is shared under two binders in each of them, with scopes that balance", () => {
    const [i, j, A] = [variable("i"), variable("j"), buffer("A", { dtype: "float32", shape: [4] })];
    const shared = Array.from({ length: 40 }).reduce<Expr>((left) => b.add(left, int(1)), int(0));
    const store = b.store(A, [shared], b.load(A, [shared]));
    const open: string[] = [];
    const found = rewrite(b.seq(b.loop(i, int(0), int(2), store), b.loop(j, int(0), int(3), store)), {
      For: {
        enter: (loop) => {
          open.push(loop.loopVar.name);
          return undefined;
        },
        leave: () => {
          open.pop();
          return undefined;
        },
      },
      Const: (node) => (isConst(node, 0) && node === leftmost(shared) ? variable(open.join()) : undefined),
    });
    expect([...variablesOf(found)].map((each) => (each as { name: string }).name)).toEqual(["i", "i", "j", "j"]);
    expect(open).toEqual([]);
  });

  it("uses no result across the scope that an expression opens", () => {
    const shared = Array.from({ length: 40 }).reduce<Expr>((left) => b.add(left, int(1)), int(0));
    const choice = b.ifThenElse(b.binary("lt", shared, int(9)), shared, int(1));
    let inside = 0;
    const result = rewrite(b.add(b.mul(shared, int(2)), b.add(choice, shared)), {
      IfThenElse: {
        enter: () => {
          inside++;
          return undefined;
        },
        leave: () => {
          inside--;
          return undefined;
        },
      },
      Const: (node) => (isConst(node, 0) ? b.int(100 + inside) : undefined),
    });
    const zeros: unknown[] = [];
    visit(result, { Const: (node) => void (Number(node.value) >= 100 && zeros.push(node.value)) });
    expect(new Set(zeros)).toEqual(new Set([100, 101]));
    expect(inside).toBe(0);
  });
});

describe("visit", () => {
  it("goes parents first, in evaluation order, and skips where told", () => {
    const kinds: string[] = [];
    visit(addOne(), {
      enter: (node) => void kinds.push(node.kind),
      Load: () => false,
    });
    const until = kinds.indexOf("Store");
    expect(kinds.slice(0, 4)).toEqual(["PrimFunc", "For", "Const", "Const"]);
    expect(kinds.slice(until)).toEqual(["Store", "Binary", "Binary", "Var", "Const", "Var", "Binary", "Load", "Const"]);
  });

  it("survives deep and shared programs", () => {
    let count = 0;
    const counter = { enter: () => void count++ };
    visit(deepNest(20_000), counter);
    visit(deepChain(20_000), counter);
    visit(doubled(64), counter);
    expect(count).toBeLessThan(200_000);
    expect(count).toBeGreaterThan(100_000);
  });

  it("reaches every `use` field of every kind, in the table's order", () => {
    for (const [kind, roles] of Object.entries(FIELDS)) {
      const fields = Object.entries(roles).flatMap(([field, role]) => (role === "use" ? [field] : []));
      const node = Object.fromEntries([
        ["kind", kind],
        ...fields.map((field) => [field, { kind: "Var", name: field }]),
      ]);
      expect(childrenOf(node as unknown as Node).map((child) => (child as { name?: string }).name)).toEqual(fields);
    }
  });
});

function variablesOf(node: Node): Set<Node> {
  const found = new Set<Node>();
  visit(node, { Var: (each) => void found.add(each) });
  return found;
}

function leftmost(expr: Expr): Expr {
  let node = expr;
  while (node.kind === "Binary") node = node.left;
  return node;
}
