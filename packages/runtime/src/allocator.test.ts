import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Allocator } from "./allocator.js";

describe("Allocator", () => {
  it("never hands out overlapping memory, aligns to 64, and gets everything back", () => {
    const command = fc.oneof(fc.record({ bytes: fc.nat(5000) }), fc.record({ free: fc.nat(30) }));
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
        const begin = 65536;
        let end = begin + 4096;
        const allocator = new Allocator(begin, end);
        const live: { address: number; bytes: number }[] = [];
        for (const entry of commands) {
          if ("free" in entry) {
            const [gone] = live.splice(entry.free % (live.length || 1), 1);
            if (gone !== undefined) allocator.free(gone.address);
            continue;
          }
          let result = allocator.allocate(entry.bytes);
          if ("missing" in result) {
            allocator.grow(result.missing);
            end += result.missing;
            result = allocator.allocate(entry.bytes);
          }
          if (!("address" in result)) throw new Error("growing by what was missing must do");
          const { address } = result;
          expect(address % 64).toBe(0);
          expect(address >= begin && address + entry.bytes <= end).toBe(true);
          for (const other of live)
            expect(address >= other.address + other.bytes || address + entry.bytes <= other.address).toBe(true);
          live.push({ address, bytes: entry.bytes });
        }
        for (const { address } of live) allocator.free(address);
        expect(allocator.allocate(end - begin)).toEqual({ address: begin });
      }),
    );
  });
});
