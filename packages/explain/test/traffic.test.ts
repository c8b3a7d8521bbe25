import { type Schedule, toPrimFunc } from "@tilewright/schedule";
import { describe, expect, it } from "vitest";
import { explain, type Machine, ZEN3_NATIVE } from "../src/index.js";
import { KERNELS, tiled, tiledTranspose } from "./kernels.js";
import { simulate } from "./simulate.js";

const CACHES = [1024, 4096, 16384].map((bytes, level) => ({
  name: `L${level + 1}`,
  bytes,
  lineBytes: 64,
  perCore: true,
  bytesPerSecond: 1e9,
}));

/** One core whose registers hold nothing, so that every access reaches the first cache. */
const MACHINE: Machine = { ...ZEN3_NATIVE, cores: 1, registers: 1, vectorBytes: 1, caches: CACHES };

const compared = new Map<string, ReturnType<typeof simulateAndExplain>>();

function compare(name: string): ReturnType<typeof simulateAndExplain> {
  const known = compared.get(name) ?? simulateAndExplain(name);
  compared.set(name, known);
  return known;
}

/** Traffic of both kinds beyond each cache: predicted, and in a simulation of caches that forget what was used longest ago. */
function simulateAndExplain(name: string) {
  const schedule = (KERNELS[name] as (typeof KERNELS)[string])();
  const predicted = explain(schedule, MACHINE).total.traffic.slice(1);
  const simulated = simulate(toPrimFunc(schedule), CACHES);
  return simulated.map((moved, level) => ({ moved, found: predicted[level] as (typeof predicted)[number] }));
}

describe("traffic of rows that lie a power of two apart", () => {
  const cache = { name: "L1", bytes: 4096, lineBytes: 64, ways: 4, perCore: true, bytesPerSecond: 1e9 };

  /** Lines read through a cache of four ways of 1 KiB: predicted, and simulated. */
  function lines(schedule: Schedule): readonly [predicted: number, simulated: number] {
    const [, beyond] = explain(schedule, { ...MACHINE, caches: [cache] }).total.traffic;
    const [simulated] = simulate(toPrimFunc(schedule), [cache]);
    return [(beyond?.read ?? 0) / 64, (simulated?.read ?? 0) / 64];
  }

  it("of a transpose is a line an element, though a column of tiles would fit", () => {
    const [predicted, simulated] = lines(tiledTranspose(256, 16));
    expect(simulated).toBe(256 * 256);
    expect(predicted).toBe(simulated);
  });

  it("of other lengths is a line for each sixteen elements", () => {
    const [predicted, simulated] = lines(tiledTranspose(240, 16));
    expect(simulated).toBe((240 * 240) / 16);
    expect(predicted).toBe(simulated);
  });

  it.each([48, 64])("of products in tiles, %i wide, is within a factor of 2 of the simulation", (n) => {
    const [predicted, simulated] = lines(tiled(n, 16));
    expect(predicted / simulated).toBeGreaterThan(0.5);
    expect(predicted / simulated).toBeLessThan(2);
  });
});

describe("traffic", () => {
  it.each(Object.keys(KERNELS))("of %s is within a factor of 2 of a simulated cache, at every level", (name) => {
    for (const { moved, found } of compare(name)) {
      for (const kind of ["read", "written"] as const) {
        expect(found[kind] / moved[kind]).toBeGreaterThan(0.5);
        expect(found[kind] / moved[kind]).toBeLessThan(2);
      }
    }
  });

  it.each([
    "product, naive",
    "product, rows of B",
    "transpose, tiles of 4",
    "stencil",
    "blurs at the root",
    "padded sum",
    "softmax by rows",
  ])("of %s is that of the simulation within a hundredth", (name) => {
    for (const { moved, found } of compare(name)) {
      expect(found.read / moved.read).toBeCloseTo(1, 2);
      expect(found.written / moved.written).toBeCloseTo(1, 2);
    }
  });

  it.each([
    ["product, naive", "product, rows of B", "product, tiles of 16", "product, packed"],
    ["transpose", "transpose, tiles of 4"],
    ["blurs by rows", "blurs by points", "blurs by strips", "blurs at the root"],
    ["softmax", "softmax by rows"],
  ])("orders %s and the others as the simulation does, where those differ by a factor of 2", (...names) => {
    for (const level of CACHES.keys()) {
      const results = names.map((name) => compare(name)[level] as ReturnType<typeof compare>[number]);
      for (const a of results)
        for (const b of results)
          if (a.moved.read > 2 * b.moved.read) expect(a.found.read).toBeGreaterThan(b.found.read);
    }
  });
});
