import type { LaunchOptions } from "@tilewright/artifact";
import { aborted, stopped } from "./errors.js";
import type { ModelMemory } from "./model-memory.js";
import type { LoadedFunctions } from "./modules.js";
import type { Plan } from "./plan-copies.js";

/** How far a run has come. */
export interface Progress {
  /** Calls that began. */
  calls: number;
}

/**
 * Makes the calls of a plan, each after its copies, and waits for all devices. Looks for the signal, and `ready`, before each call.
 * @throws CompileError `RT109` aborted · what `ready` and devices throw; `progress` then tells which call was the last
 */
export async function runPlan(
  name: string,
  { steps }: Plan,
  memory: ModelMemory,
  modules: LoadedFunctions,
  options: LaunchOptions = {},
  progress: Progress = { calls: 0 },
  ready: () => void = () => {},
): Promise<void> {
  const { signal } = options;
  for (const { call, copies } of steps) {
    ready();
    if (signal?.aborted) {
      const { calls } = progress;
      throw calls === 0 ? aborted(name, signal.reason) : stopped(name, calls, steps.length, signal.reason);
    }
    for (const copy of copies) await memory.copy(copy);
    progress.calls++;
    memory.launched(call.device);
    await modules.find(call.function).launch(memory.argumentsOf(call), options);
  }
  await memory.settle();
}
