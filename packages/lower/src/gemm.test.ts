import { type For, type IRModule, type Stmt, visit } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { SCALAR, SIMD128, scheduledGemm } from "../test/gemm.js";
import { expectSameMeaning } from "../test/same-meaning.js";
import { lower } from "./lower.js";

const shapes = [
  { m: 8, n: 16, k: 5 },
  { m: 7, n: 13, k: 6 },
  { m: 3, n: 5, k: 2 },
  { m: 9, n: 8, k: 1 },
  { m: 4, n: 2, k: 4 },
];

describe("a tiled matrix product", () => {
  it.each(shapes)("keeps its meaning through every pass: %o", (shape) => {
    expectSameMeaning(scheduledGemm(shape), { capabilities: SIMD128 });
  });

  it.each(shapes)("keeps its meaning on a scalar target: %o", (shape) => {
    expectSameMeaning(scheduledGemm(shape), { capabilities: SCALAR });
  });

  it("has nothing but panel loads, broadcasts and multiply-adds on registers in its inner loop", () => {
    const { module, diagnostics } = lower(scheduledGemm({ m: 50, n: 60, k: 70 }), { capabilities: SIMD128 });
    // 60 columns in tiles of 8: the edge has no lanes, and is told.
    expect(diagnostics.map(({ code }) => code)).toEqual(["LOW105"]);
    const kernel = innermostWithMostWork(module);
    // 4 scalars of A, 2 vectors of B; 8 accumulators; 2 addresses
    expect(countIn(kernel.body)).toEqual({
      loads: 6,
      stores: 0,
      multiplications: 8,
      additions: 8,
      assignments: 10,
      branches: 0,
      addressArithmetic: 4 + 2,
    });
  });
});

function innermostWithMostWork(module: IRModule): For {
  let best: For | undefined;
  let most = -1;
  visit(module, {
    For: (loop) => {
      const { multiplications } = countIn(loop.body);
      let innermost = true;
      visit(loop.body, {
        For: () => {
          innermost = false;
        },
      });
      if (innermost && multiplications > most) [best, most] = [loop, multiplications];
    },
  });
  if (best === undefined) throw new Error("no loop");
  return best;
}

function countIn(stmt: Stmt) {
  const counts = {
    loads: 0,
    stores: 0,
    multiplications: 0,
    additions: 0,
    assignments: 0,
    branches: 0,
    addressArithmetic: 0,
  };
  visit(stmt, {
    Load: () => {
      counts.loads++;
    },
    Store: () => {
      counts.stores++;
    },
    Assign: () => {
      counts.assignments++;
    },
    If: () => {
      counts.branches++;
    },
    Binary: ({ op, dtype }) => {
      if (dtype === "index") counts.addressArithmetic++;
      else if (op === "mul") counts.multiplications++;
      else if (op === "add") counts.additions++;
    },
  });
  return counts;
}
