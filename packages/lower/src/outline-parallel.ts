// Rule: a `parallel` loop becomes a function of role `parallel` over (begin, end, what the loop uses) and a `ParallelCall` in its place.
// A parallel loop inside another, one of at most one iteration, one over buffers of symbolic size, and every one on a target with a single
// thread become serial loops.
import type { PassContext } from "@tilewright/backend";
import { definePass } from "@tilewright/backend";
import { type IRModule, type PrimFunc, rewrite, type Stmt, type Var, variable } from "@tilewright/ir";
import { eachStatement } from "./each-statement.js";
import { elementsOf } from "./flatten.js";
import { constantOf, minus, plus } from "./index-arithmetic.js";
import { argumentsFor, capturedBy, outlined, unusedName } from "./outlined.js";

export const outlineParallel = definePass({
  name: "outline-parallel",
  requires: "flat",
  establishes: "flat",
  run(module, context) {
    const names = new Set(module.functions.map((func) => func.name));
    const functions = module.functions.flatMap((func) => outline(func, context, names));
    return functions.every((func, position) => func === module.functions[position])
      ? module
      : ({ ...module, functions } satisfies IRModule);
  },
});

/** The function without parallel loops, then the functions made of them. */
function outline(func: PrimFunc, { capabilities }: PassContext, names: Set<string>): readonly PrimFunc[] {
  const made: PrimFunc[] = [];
  const threads = capabilities.loopKinds.parallel !== undefined && func.role !== "parallel" ? capabilities.threads : 1;
  const assigned = new Set<Var>();
  eachStatement(func.body, { Assign: (node) => void assigned.add(node.variable) });
  const body = rewrite(func.body, {
    For: {
      enter(loop) {
        if (loop.loopKind !== "parallel") return undefined;
        const serial = withoutParallel(loop);
        if (threads <= 1 || (constantOf(loop.extent) ?? 2) <= 1) return serial;
        const [begin, end] = [variable("begin"), variable("end")];
        const part: Stmt = { ...serial, min: plus(serial.min, begin), extent: minus(end, begin) };
        const captured = capturedBy(part, func, [begin, end]);
        const sized = captured.buffers.every((used) => elementsOf(used) !== undefined);
        if (!sized || captured.variables.some((used) => assigned.has(used))) return serial;
        const name = unusedName(`${func.name}_parallel`, names);
        made.push(outlined(part, func, captured, { name, role: "parallel", leading: [begin, end] }));
        return {
          kind: "ParallelCall",
          span: loop.span,
          callee: name,
          extent: loop.extent,
          args: argumentsFor(captured),
        };
      },
    },
  });
  return body === func.body ? [func] : [{ ...func, body }, ...made];
}

/** Parallel loops become serial ones. */
export function withoutParallel<S extends Stmt>(stmt: S): S {
  return rewrite<Stmt>(stmt, {
    For: (loop) => (loop.loopKind === "parallel" ? { ...loop, loopKind: "serial" } : undefined),
  }) as S;
}
