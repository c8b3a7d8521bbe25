import { conformanceTests } from "@tilewright/backend-test";
import { arithmeticFaults } from "./faults/arithmetic.js";
import { controlFaults } from "./faults/control.js";
import type { Fault, Plugin } from "./faults/fault.js";
import { pluginFaults } from "./faults/plugin.js";

/** All faults, each in a copy of its own. */
export const plantedFaults: readonly Fault[] = [...arithmeticFaults, ...controlFaults, ...pluginFaults];

/** What the kit said to a faulty copy. */
export interface Verdict {
  readonly fault: Fault;
  /** The names of the tests that failed of those that the fault is to be caught by; none: it was missed. */
  readonly caughtBy: readonly string[];
}

/** Plants a fault in a copy of its plugin and runs the tests on it that must name it. @throws Error when no test has such a name */
export async function tryFault(fault: Fault, plugins: Readonly<Record<Fault["copyOf"], Plugin>>): Promise<Verdict> {
  const subject = { ...fault.plant(plugins[fault.copyOf]), runs: 20 };
  const tests = conformanceTests(subject).filter(({ name }) => fault.claim.test(name));
  if (tests.length === 0)
    throw new Error(`no test of the kit matches ${fault.claim}, which is to catch: ${fault.name}`);
  const caughtBy: string[] = [];
  for (const { name, run } of tests)
    await run().then(
      () => {},
      () => caughtBy.push(name),
    );
  return { fault, caughtBy };
}
