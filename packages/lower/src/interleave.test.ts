import { NO_SPAN } from "@tilewright/diagnostics";
import { interpret } from "@tilewright/interp";
import {
  build as b,
  buffer,
  type Expr,
  int,
  type Let,
  type PrimFunc,
  type Stmt,
  sequence,
  variable,
} from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromSteps, type Step } from "./block.js";
import { interleaved, type Unit } from "./interleave.js";

const SIZE = 2;
const [A, B, C] = ["A", "B", "C"].map((name) => buffer(name, { dtype: "float32", shape: [SIZE] })) as [
  Memory,
  Memory,
  Memory,
];
type Memory = ReturnType<typeof buffer>;

interface Chain {
  /** What the first value adds one to. */
  readonly from: readonly [memory: Memory, at: number];
  readonly to: readonly [memory: Memory, at: number];
  readonly length: number;
}

/** `name1 = from + 1; name2 = name1 + 1; …; to = the last`. */
function unit(name: string, { from, to, length }: Chain): Unit {
  let last: Expr = b.load(from[0], [int(from[1])]);
  const lets = Array.from({ length }, (_, k): Step => {
    const value = variable(`${name}${k + 1}`, "float32");
    const bound: Let = {
      kind: "Let",
      span: NO_SPAN,
      variable: value,
      value: b.add(last, b.const(1, "float32")),
      body: sequence([]),
    };
    last = value;
    return bound;
  });
  return { lets, step: b.store(to[0], [int(to[1])], last) };
}

/** The names of lets, and the buffers of stores, in order. */
const orderOf = (steps: readonly Step[]): string =>
  steps
    .map((step) => (step.kind === "Let" ? step.variable.name : step.kind === "Store" ? step.buffer.name : step.kind))
    .join(" ");

const chain = (from: Memory, to: Memory, length = 3): Chain => ({ from: [from, 0], to: [to, 1], length });

describe("chains of lets before stores", () => {
  it("take turns, and the stores follow in order", () => {
    const units = [unit("a", chain(A, B)), unit("b", chain(A, C))];
    expect(orderOf(interleaved(units, []))).toBe("a1 b1 a2 b2 a3 b3 B C");
  });

  it("take turns four at a time", () => {
    const units = ["a", "b", "c", "d", "e"].map((name) => unit(name, chain(A, B, 2)));
    expect(orderOf(interleaved(units, []))).toBe("a1 b1 c1 d1 a2 b2 c2 d2 B B B B e1 e2 B");
  });

  it("stay apart when the second reads what the first store writes", () => {
    const units = [unit("a", chain(A, B)), unit("b", chain(B, C))];
    expect(orderOf(interleaved(units, []))).toBe("a1 a2 a3 B b1 b2 b3 C");
  });

  it("stay apart when the second reads what may be the same memory", () => {
    const units = [unit("a", chain(A, B)), unit("b", chain(C, C))];
    expect(orderOf(interleaved(units, [[B, C]]))).toBe("a1 a2 a3 B b1 b2 b3 C");
    expect(orderOf(interleaved(units, []))).toBe("a1 b1 a2 b2 a3 b3 B C");
  });

  it("stay apart when one is longer, or nothing waits in them", () => {
    expect(orderOf(interleaved([unit("a", chain(A, B)), unit("b", chain(A, C, 2))], []))).toBe("a1 a2 a3 B b1 b2 C");
    expect(orderOf(interleaved([unit("a", chain(A, B, 1)), unit("b", chain(A, C, 1))], []))).toBe("a1 B b1 C");
  });

  it("compute what they did, in memory that may be the same", () => {
    const place = fc.tuple(fc.constantFrom(A, B, C), fc.nat(1));
    const chains = fc.array(fc.record<Chain>({ from: place, to: place, length: fc.integer({ min: 0, max: 3 }) }), {
      maxLength: 7,
    });
    fc.assert(
      fc.property(chains, fc.boolean(), (chosen, isSame) => {
        const mayAlias: PrimFunc["mayAlias"] = isSame ? [[B, A]] : [];
        const units = chosen.map((each, k) => unit(`v${k}_`, each));
        const results = [units.flatMap(({ lets, step }) => [...lets, step]), interleaved(units, mayAlias)].map(
          (steps) => run(fromSteps(steps), mayAlias),
        );
        expect(results[1]).toEqual(results[0]);
      }),
    );
  });
});

/** The memory after the statement; buffers of a pair are one. */
function run(body: Stmt, mayAlias: PrimFunc["mayAlias"]): Readonly<Record<string, Float32Array>> {
  const numbers = (salt: number): Float32Array => Float32Array.from({ length: SIZE }, (_, k) => 10 * salt + k);
  const a = numbers(1);
  const memory = { A: a, B: mayAlias.length > 0 ? a : numbers(2), C: numbers(3) };
  const func: PrimFunc = {
    kind: "PrimFunc", span: NO_SPAN, name: "f", role: "kernel", parameters: [A, B, C], mayAlias, body, attributes: {},
  }; // biome-ignore format: a function
  interpret(func, memory);
  return memory;
}
