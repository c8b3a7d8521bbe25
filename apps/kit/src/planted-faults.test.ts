import { conformanceTests } from "@tilewright/backend-test";
import { describe, expect, it } from "vitest";
import { pluginsToSpoil } from "./faults/plugins.js";
import { plantedFaults, tryFault } from "./planted-faults.js";

describe("a fault in a copy of a backend is caught by name", async () => {
  const plugins = await pluginsToSpoil();

  it.each(plantedFaults)("$name", async (fault) => {
    expect((await tryFault(fault, plugins)).caughtBy).not.toEqual([]);
  });

  it.each(plantedFaults.filter(({ copyOf }) => copyOf !== "instruction"))(
    "and $name is not found where there is none",
    async ({ claim, copyOf }) => {
      const tests = conformanceTests({ ...plugins[copyOf], runs: 20 }).filter(({ name }) => claim.test(name));
      for (const { run } of tests) await run();
    },
  );
});
