import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The user ended the process, which cleans up behind it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly by: NodeJS.Signals;

  constructor(by: NodeJS.Signals) {
    super(`ended by ${by}`);
    this.by = by;
  }

  /** What shells say of a process that a signal ended: 130 after Ctrl-C. */
  get exitCode(): number {
    return 128 + constants.signals[this.by];
  }
}

/**
 * Runs what leaves something behind when the process is ended: a signal aborts it, and it may take its time to clean up; a second one ends
 * the process at once. Only while it runs: elsewhere the system's way is better, which also ends a process that is computing.
 * @throws Interrupted after a signal, whatever came of the work
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (by: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(new Interrupted(by).exitCode);
    controller.abort(new Interrupted(by));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    const result = await work(controller.signal);
    controller.signal.throwIfAborted();
    return result;
  } catch (error) {
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}
