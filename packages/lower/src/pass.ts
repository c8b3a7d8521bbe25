import type { Level, Pass, PassContext } from "@tilewright/backend";
import type { PrimFunc, Stmt } from "@tilewright/ir";

/** The attribute of a function whose schedule a rule made; its value is the rule's name. */
export const RULE_ATTRIBUTE = "tilewright.rule";

/** A pass that works on one function at a time; functions that it leaves alone keep their identity. */
export function functionPass(options: {
  readonly name: string;
  readonly requires: Level;
  readonly establishes: Level;
  readonly run: (func: PrimFunc, context: PassContext) => PrimFunc;
}): Pass {
  const { name, requires, establishes, run } = options;
  return {
    name,
    requires,
    establishes,
    run(module, context) {
      const functions = module.functions.map((func) => run(func, contextOf(func, context)));
      return functions.every((func, position) => func === module.functions[position])
        ? module
        : { ...module, functions };
    },
  };
}

/** Warnings are about speed, and for whoever wrote the schedule. What a rule made nobody wrote: only its errors are told. */
function contextOf({ attributes }: PrimFunc, context: PassContext): PassContext {
  if (typeof attributes[RULE_ATTRIBUTE] !== "string") return context;
  return {
    ...context,
    report(diagnostic) {
      if (diagnostic.severity === "error") context.report(diagnostic);
    },
  };
}

/** A pass that rewrites the body of each function. */
export function bodyPass(options: {
  readonly name: string;
  readonly requires: Level;
  readonly establishes: Level;
  readonly run: (body: Stmt, context: PassContext, func: PrimFunc) => Stmt;
}): Pass {
  return functionPass({
    ...options,
    run(func, context) {
      const body = options.run(func.body, context, func);
      return body === func.body ? func : { ...func, body };
    },
  });
}
