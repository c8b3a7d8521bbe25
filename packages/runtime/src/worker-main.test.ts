import { describe, expect, it } from "vitest";
import { CONTROL, runChunks } from "./worker-main.js";

/** Chunks in the order in which they are claimed. A chunk that runs lets another thread claim the rest, `depth` threads deep. */
function chunksOf(extent: number, threads: number, depth = 0): readonly (readonly [begin: number, end: number])[] {
  const control = new Int32Array(new SharedArrayBuffer(CONTROL.words * 4));
  control[CONTROL.extent] = extent;
  control[CONTROL.threads] = threads;
  const chunks: (readonly [number, number])[] = [];
  const run = (deeper: number): void =>
    runChunks(
      control,
      CONTROL,
      (begin, end) => {
        chunks.push([begin, end]);
        if (deeper > 0 && chunks.length % 2 === 1) run(deeper - 1);
      },
      0,
    );
  run(depth);
  run(0); // one that comes late
  return chunks;
}

describe("chunks of a parallel loop", () => {
  it.each([1, 2, 3, 7, 64])("hold each iteration once, for %i threads", (threads) => {
    for (const extent of [...Array(150).keys(), 1078, 100_003, 2 ** 31 - 1])
      for (const depth of [0, 1, 5]) {
        let next = 0;
        for (const [begin, end] of chunksOf(extent, threads, depth)) {
          expect(begin).toBe(next);
          expect(end).toBeGreaterThan(begin);
          next = end;
        }
        expect(next).toBe(extent);
      }
  });

  it("are long first, single iterations in the end, and few", () => {
    const sizes = chunksOf(1000, 2).map(([begin, end]) => end - begin);
    expect(sizes).toEqual([250, 250, 125, 125, 63, 63, 31, 31, 16, 16, 8, 8, 4, 4, 2, 2, 1, 1]);
  });

  it("are none after a failure", () => {
    const control = new Int32Array(new SharedArrayBuffer(CONTROL.words * 4));
    control[CONTROL.extent] = 10;
    control[CONTROL.threads] = 3;
    control[CONTROL.next] = 1 << 30;
    const body = () => expect.unreachable();
    runChunks(control, CONTROL, body, 0);
    expect(control[CONTROL.next]).toBe((1 << 30) + 1);
  });
});
