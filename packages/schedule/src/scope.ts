import { CompileError, type Span } from "@tilewright/diagnostics";
import type { Scope } from "@tilewright/ir";
import { badScope, notMovable } from "./errors.js";
import { consumersOf } from "./lookup.js";
import type { Schedule, Stage } from "./schedule.js";

const SCOPES: ReadonlySet<string> = new Set(["global", "shared", "warp", "local"]);

/** A scope is one of the usual ones, or an accelerator's, with a dot. @throws CompileError SCH122 */
export function checkScope(stage: Stage, scope: Scope, span: Span): void {
  if (typeof scope === "string" && (SCOPES.has(scope) || /^\w+\.\w/.test(scope))) return;
  const why = `\`${String(scope)}\` is no memory scope: global, shared, warp, local, or one with a dot`;
  throw new CompileError(badScope(stage.name, why, span));
}

/**
 * The schedule decides where a stage is stored, and how, if no caller and no extern operation does.
 * @throws CompileError SCH110
 */
export function checkOwnsMemory(schedule: Schedule, stage: Stage, primitive: string, span: Span): void {
  const refuse = (why: string): never => {
    throw new CompileError(notMovable(primitive, stage.name, why, span));
  };
  if (stage.operation.kind !== "Compute" || stage.isOutput)
    refuse("its memory is the caller's, an extern operation's or a recurrence's");
  const outside = consumersOf(schedule, stage).find(({ operation }) => operation.kind === "Extern");
  if (outside !== undefined) refuse(`\`${outside.name}\`, an extern operation, declares the memory it reads`);
}
