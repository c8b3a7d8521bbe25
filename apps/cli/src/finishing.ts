import { type CompileError, render } from "@tilewright/diagnostics";
import { EXIT } from "./io.js";
import { paint, takesColors } from "./paint.js";

/** Of code of others, where it has only little to do: to be loaded, to look for what is installed. */
export const PATIENCE_SECONDS = 30;

/** Work that has not finished, the innermost last: it says why. */
const unfinished: object[] = [];

/** Ends the process, whatever has not finished, without a word of that. */
export function endOnPurpose(code: number): never {
  unfinished.length = 0;
  process.exit(code);
}

/**
 * Does what calls into code of others, which may never finish: wait for what never comes, or end the process. Of the latter nobody else can
 * say anything any more: the exit does, and such a process does not end well.
 * @param problem  of a reason
 * @param seconds  that the work may take; without end unless told, as long as the process has anything to do
 * @throws CompileError the problem; what the work throws
 */
export async function finishing<T>(
  problem: (why: string) => CompileError,
  work: () => T | Promise<T>,
  seconds = Number.POSITIVE_INFINITY,
): Promise<T> {
  const self = {};
  const isInnermost = (): boolean => unfinished.at(-1) === self;
  const onExit = (code: number): void => {
    if (!isInnermost() || code > 128) return; // above: a signal
    const why = "it never finished: it waits for what never comes, or it ended the process";
    const rendered = problem(why).diagnostics.map(render).join("\n");
    process.stderr.write(`${paint(takesColors(process.stderr)).diagnostic(rendered)}\n`);
    process.exitCode = EXIT.diagnostics;
  };
  const { promise: late, reject } = rejection();
  const giveUp = (why: string): void => reject(problem(why));
  const onIdle = (): void => void (isInnermost() && giveUp("it never finished: it waits for what never comes"));
  // It alone does not keep the process busy.
  const timer = Number.isFinite(seconds)
    ? setTimeout(() => giveUp(`it has not finished within ${seconds} seconds`), 1000 * seconds).unref()
    : undefined;
  unfinished.push(self);
  process.on("exit", onExit).on("beforeExit", onIdle);
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
    process.off("exit", onExit).off("beforeExit", onIdle);
    unfinished.splice(unfinished.indexOf(self), 1);
  }
}

function rejection(): { readonly promise: Promise<never>; readonly reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_, rejected) => {
    reject = rejected;
  });
  return { promise, reject };
}
