import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isCompileError } from "@tilewright/diagnostics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MemoryRequest, planMemory } from "./index.js";

const request = fc
  .record({
    bytes: fc.integer({ min: 0, max: 5000 }),
    from: fc.integer({ min: 0, max: 40 }),
    life: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ bytes, from, life }): MemoryRequest => ({ bytes, from, to: from + life }));

/** Requests with random permission to take over the memory of others. */
const requests = fc.array(request, { maxLength: 60 }).chain((list) =>
  fc
    .array(fc.array(fc.nat({ max: Math.max(0, list.length - 1) }), { maxLength: 3 }), {
      minLength: list.length,
      maxLength: list.length,
    })
    .map((allowed) =>
      list.map((each, position) => ({
        ...each,
        mayReuse: (allowed[position] ?? []).filter((other) => other !== position),
      })),
    ),
);

/** Pairs that live together and overlap, but for a tensor and the one that took its memory over. */
function overlaps(
  list: readonly MemoryRequest[],
  offsets: readonly number[],
  reused: readonly (number | null)[],
): string[] {
  const found: string[] = [];
  list.forEach((a, i) => {
    list.forEach((b, j) => {
      if (j <= i || reused[i] === j || reused[j] === i) return;
      const together = a.from < b.to && b.from < a.to;
      const [p = 0, q = 0] = [offsets[i], offsets[j]];
      if (together && p < q + b.bytes && q < p + a.bytes) found.push(`${i} and ${j}`);
    });
  });
  return found;
}

describe("planMemory", () => {
  it("never lets two live tensors overlap, and keeps offsets aligned and inside the arena", () => {
    fc.assert(
      fc.property(requests, (list) => {
        const { offsets, arenaBytes, lowerBoundBytes, reused } = planMemory(list);
        expect(overlaps(list, offsets, reused)).toEqual([]);
        expect(arenaBytes).toBeGreaterThanOrEqual(lowerBoundBytes);
        list.forEach(({ bytes }, position) => {
          expect((offsets[position] ?? -1) % 64).toBe(0);
          expect((offsets[position] ?? -1) + bytes).toBeLessThanOrEqual(arenaBytes);
        });
      }),
      { numRuns: 300 },
    );
  });

  it("takes over memory only from a tensor that dies as the new one is made, and only once", () => {
    fc.assert(
      fc.property(requests, (list) => {
        const { reused, offsets } = planMemory(list);
        const donors = reused.filter((donor) => donor !== null);
        expect(new Set(donors).size).toBe(donors.length);
        reused.forEach((donor, position) => {
          if (donor === null) return;
          expect(list[position]?.mayReuse).toContain(donor);
          expect(list[donor]?.to).toBe((list[position]?.from ?? 0) + 1);
          expect(offsets[position]).toBe(offsets[donor]);
        });
      }),
    );
  });

  it("reaches the lower bound for a chain, with two buffers, or one in place", () => {
    const chain = (mayReuse: boolean): MemoryRequest[] =>
      Array.from({ length: 50 }, (_, k) => ({
        bytes: 1024,
        from: k,
        to: k + 2,
        mayReuse: mayReuse && k > 0 ? [k - 1] : [],
      }));
    expect(planMemory(chain(false)).arenaBytes).toBe(2048);
    expect(planMemory(chain(true)).arenaBytes).toBe(1024);
  });

  it("plans nothing for nothing", () => {
    expect(planMemory([])).toEqual({ offsets: [], arenaBytes: 0, lowerBoundBytes: 0, peakStep: 0, reused: [] });
  });

  it("gives the same plan for the same requests", () => {
    fc.assert(
      fc.property(requests, (list) => {
        expect(planMemory(list)).toEqual(planMemory(list));
      }),
      { numRuns: 30 },
    );
  });

  it("does work that grows with the number of tensors, not with its square, when lifetimes are short", () => {
    const list = Array.from(
      { length: 10_000 },
      (_, k): MemoryRequest => ({ bytes: 64 * ((k * 7919) % 61), from: k, to: k + 3 }),
    );
    const { arenaBytes, lowerBoundBytes } = planMemory(list, { budget: 0 });
    expect(arenaBytes / lowerBoundBytes).toBeLessThan(1.5);
  });

  it.each([
    ["MEM101", [{ bytes: -1, from: 0, to: 1 }], 64],
    ["MEM101", [{ bytes: 1, from: 1, to: 1 }], 64],
    ["MEM101", [{ bytes: 1, from: 0, to: 1, mayReuse: [4] }], 64],
    ["MEM102", [], 48],
  ])("refuses what makes no sense with %s", (code, list, alignment) => {
    let caught: unknown;
    try {
      planMemory(list, { alignment });
    } catch (error) {
      caught = error;
    }
    expect(isCompileError(caught) && caught.code).toBe(code);
  });
});

/** Instances made to be hard for greedy planners: columns id, lower, upper, size. */
const folder = join(dirname(fileURLToPath(import.meta.url)), "../test/minimalloc");
describe("planMemory on MiniMalloc's instances", () => {
  it.each(readdirSync(folder).filter((name) => name.endsWith(".csv")))("%s: within 1.4 of the lower bound", (name) => {
    const lines = readFileSync(join(folder, name), "utf8").trim().split("\n").slice(1);
    const list = lines.map((line): MemoryRequest => {
      const [, from = 0, to = 0, bytes = 0] = line.split(",").map(Number);
      return { bytes, from, to };
    });
    const { offsets, arenaBytes, lowerBoundBytes, reused } = planMemory(list);
    expect(overlaps(list, offsets, reused)).toEqual([]);
    expect(arenaBytes / lowerBoundBytes).toBeLessThan(1.4);
  });
});
