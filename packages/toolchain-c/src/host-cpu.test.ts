import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hostCpu, levelOf } from "./host-cpu.js";

const flags = (text: string) => new Set(text.split(" "));
const V3 = "sse4_2 avx avx2 fma bmi1 bmi2 f16c";

describe("the family of a processor", () => {
  it("is the highest level that has all its features", () => {
    expect(levelOf(flags("sse2 ssse3"))).toBe("x86-64");
    expect(levelOf(flags(V3))).toBe("x86-64-v3");
    expect(levelOf(flags(`${V3} avx512f avx512cd`))).toBe("x86-64-v3");
    expect(levelOf(flags(`${V3} avx512f avx512bw avx512cd avx512dq avx512vl`))).toBe("x86-64-v4");
  });

  it.runIf(process.platform === "linux" && process.arch === "x64")("is what Linux tells of this machine", () => {
    const has512 = /\bavx512vl\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
    expect(hostCpu() === "x86-64-v4").toBe(has512);
  });
});
