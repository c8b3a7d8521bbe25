import { isConst, type Stmt, type Var, visit } from "@tilewright/ir";
import { createSchedule, toPrimFunc } from "@tilewright/schedule";
import { add, compute, placeholder, read } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { explain, type Machine, ZEN3_NATIVE } from "../src/index.js";
import { KERNELS } from "./kernels.js";
import { distinctElements } from "./simulate.js";

/** Lines of one element, so that working sets are elements. */
const MACHINE: Machine = {
  ...ZEN3_NATIVE,
  cores: 1,
  registers: 1,
  vectorBytes: 1,
  caches: [{ name: "L1", bytes: 1e9, lineBytes: 4, perCore: true, bytesPerSecond: 1e9 }],
};

describe("working sets", () => {
  it.each(Object.keys(KERNELS))("of %s are the most elements that one iteration of each loop touches", (name) => {
    const schedule = (KERNELS[name] as (typeof KERNELS)[string])();
    const func = toPrimFunc(schedule);
    const most = distinctElements(func);
    const loops: { readonly variable: Var; readonly name: string; readonly extent: number }[] = [];
    visit(func.body as Stmt, {
      For: ({ loopVar, extent }) => {
        loops.push({ variable: loopVar, name: loopVar.name, extent: isConst(extent) ? Number(extent.value) : -1 });
      },
    });
    const lines = explain(schedule, MACHINE).stages.flatMap(({ nest }) => nest);
    for (const { variable, name: loop, extent } of loops) {
      const sizes = lines
        .filter((line) => line.loop?.name === loop && line.loop.extent === extent)
        .map((line) => (line.workingSet?.bytes ?? 0) / 4);
      const measured = most.get(variable) as number;
      const nearest = sizes.reduce((a, b) => (Math.abs(b - measured) < Math.abs(a - measured) ? b : a));
      expect(nearest / measured).toBeGreaterThanOrEqual(1);
      expect(nearest / measured).toBeLessThan(1.25);
    }
  });

  it("of a stage without loops is what it touches", () => {
    const x = placeholder([], { name: "x" });
    const schedule = createSchedule(compute([], () => add(read(x), 1)));
    const sets = explain(schedule, ZEN3_NATIVE).stages[0]?.workingSets;
    expect(sets?.map(({ loop, bytes }) => [loop, bytes])).toEqual(Array(3).fill(["whole nest", 128]));
  });
});
