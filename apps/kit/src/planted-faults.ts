import type { KitReport } from "@tilewright/backend-test";
import { runKit } from "@tilewright/backend-test";
import { arithmeticFaults } from "./faults/arithmetic.js";
import { controlFaults } from "./faults/control.js";
import type { Fault, Plugin } from "./faults/fault.js";
import { pluginFaults } from "./faults/plugin.js";

/** All faults, each in a copy of its own. */
export const plantedFaults: readonly Fault[] = [...arithmeticFaults, ...controlFaults, ...pluginFaults];

/** What the kit said to a faulty copy. */
export interface Verdict {
  readonly fault: Fault;
  /** The names of the tests that failed and match the claim; none: the fault was not caught by name. */
  readonly caughtBy: readonly string[];
  readonly report: KitReport;
}

/** Plants a fault in a copy of its plugin and runs the kit on it. */
export async function tryFault(fault: Fault, plugins: Readonly<Record<Fault["copyOf"], Plugin>>): Promise<Verdict> {
  const report = await runKit({ ...fault.plant(plugins[fault.copyOf]), runs: 20 });
  const caughtBy = report.failures.map(({ name }) => name).filter((name) => fault.claim.test(name));
  return { fault, caughtBy, report };
}
