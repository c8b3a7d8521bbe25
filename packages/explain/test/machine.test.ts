import { c } from "@tilewright/codegen-c";
import { wasm } from "@tilewright/codegen-wasm";
import { createSchedule } from "@tilewright/schedule";
import { describe, expect, it } from "vitest";
import { explain, type Machine, machineOf, WASM_ON_V8, ZEN3_NATIVE } from "../src/index.js";
import { product } from "./kernels.js";

const RATES = {
  name: "mine",
  peakFlopsPerSecond: 1e11,
  cacheBytesPerSecond: [2e11, 9e10, 7e10],
  memoryBytesPerSecond: 2e10,
};

describe("machineOf", () => {
  it("takes registers, caches and threads from the capabilities of a backend", () => {
    const machine = machineOf(c({ cpu: "x86-64-v3", threads: 2 }).capabilities, RATES);
    expect(machine).toMatchObject({ name: "mine", cores: 2, vectorBytes: 32, registers: 16 });
    expect(
      machine.caches.map(({ name, bytes, perCore, bytesPerSecond }) => [name, bytes, perCore, bytesPerSecond]),
    ).toEqual([
      ["L1", 32768, true, 2e11],
      ["L2", 524288, true, 9e10],
      ["L3", 16777216, false, 7e10],
    ]);
  });

  it("makes a machine without vectors one of scalars", () => {
    const machine = machineOf(wasm({ simd: false }).capabilities, {
      ...RATES,
      cores: 3,
      cacheBytesPerSecond: [1e11, 5e10],
    });
    expect(machine).toMatchObject({ cores: 3, vectorBytes: 8 });
    expect(explain(createSchedule(product(8).C), machine).stages).toHaveLength(1);
  });

  it.each([
    [{ ...RATES, cacheBytesPerSecond: [1e11] }, "3 numbers"],
    [{ ...RATES, memoryBytesPerSecond: 0 }, "a positive number"],
    [{ ...RATES, cores: 1.5 }, "a positive integer"],
  ])("refuses %j with EXP101", (rates, expected) => {
    expect(() => machineOf(c().capabilities, rates)).toThrow(
      expect.objectContaining({ code: "EXP101", message: expect.stringContaining(expected) }),
    );
  });
});

describe("explain", () => {
  const schedule = createSchedule(product(8).C);

  it.each([
    [null],
    [{}],
    [{ ...ZEN3_NATIVE, cores: 0 }],
    [{ ...ZEN3_NATIVE, registers: Number.NaN }],
    [{ ...ZEN3_NATIVE, peakFlopsPerSecond: Number.POSITIVE_INFINITY }],
    [{ ...ZEN3_NATIVE, caches: [...ZEN3_NATIVE.caches].reverse() }],
    [{ ...ZEN3_NATIVE, caches: [null] }],
    [{ ...ZEN3_NATIVE, caches: [{ ...ZEN3_NATIVE.caches[0], lineBytes: 0 }] }],
  ])("refuses the machine %j with EXP101", (machine) => {
    expect(() => explain(schedule, machine as unknown as Machine)).toThrow(expect.objectContaining({ code: "EXP101" }));
  });

  it.each([
    [undefined, {}],
    [{ stages: [] }, {}],
    [schedule, { threads: 0 }],
    [schedule, { threads: "two" }],
  ])("refuses %# with EXP102", (given, options) => {
    expect(() => explain(given as never, ZEN3_NATIVE, options as never)).toThrow(
      expect.objectContaining({ code: "EXP102" }),
    );
  });

  it("needs no caches", () => {
    const { traffic } = explain(schedule, { ...WASM_ON_V8, caches: [] }).total;
    expect(traffic.map(({ level }) => level)).toEqual(["memory"]);
  });

  it("gives plain data", () => {
    const explanation = explain(schedule, ZEN3_NATIVE);
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
  });
});
