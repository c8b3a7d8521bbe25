import { describe, expect, it } from "vitest";
import { pluginsToSpoil } from "./faults/plugins.js";
import { plantedFaults, tryFault } from "./planted-faults.js";

describe("a fault in a copy of a backend is caught by name", async () => {
  const plugins = await pluginsToSpoil();

  it.each(plantedFaults)("$name", async (fault) => {
    const { caughtBy, report } = await tryFault(fault, plugins);
    expect(caughtBy, `failed: ${report.failures.map(({ name }) => name).join(", ")}`).not.toEqual([]);
  });

  it.each(Object.entries(plugins).filter(([name]) => name !== "instruction"))(
    "and without one %s passes",
    async (_, plugin) => {
      const { failures } = await tryFault(
        { name: "none", copyOf: "wasm", claim: /^/, plant: () => plugin },
        plugins,
      ).then(({ report }) => report);
      expect(failures).toEqual([]);
    },
  );
});
