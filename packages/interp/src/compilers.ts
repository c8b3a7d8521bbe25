import type { Stmt } from "@tilewright/ir";
import type { Frame } from "./frame.js";
import type { Scope } from "./scope.js";
import type { Steps } from "./threads.js";

/** Runs a statement to its end. */
export type Action = (frame: Frame) => void;
/** Runs a statement in steps that pause at barriers, or after each statement. */
export type SteppedAction = (frame: Frame) => Steps;

/** The two ways to compile a statement, for the modules that compile its parts. */
export interface Compilers {
  action(scope: Scope, stmt: Stmt): Action;
  /** With `leaves`, pauses after each statement too. */
  steps(scope: Scope, stmt: Stmt, leaves: boolean): SteppedAction;
}
