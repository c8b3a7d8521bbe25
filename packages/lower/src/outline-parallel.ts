// Rule: a `parallel` loop becomes a function of role `parallel` over (begin, end, what the loop uses) and a `ParallelCall` in its place.
// A parallel loop inside another, one of at most one iteration, one over buffers of symbolic size, and every one on a target with a single
// thread become serial loops.
import type { PassContext } from "@tilewright/backend";
import { definePass } from "@tilewright/backend";
import {
  type Buffer, type BufferRegion, buffer, type For, type IRModule, int, type PrimFunc, rewrite, type Stmt, type Var, variable, visit,
} from "@tilewright/ir"; // biome-ignore format: a list
import { eachStatement } from "./each-statement.js";
import { elementsOf } from "./flatten.js";
import { constantOf, minus, plus } from "./index-arithmetic.js";
import { bindersOf, copyOfVariable, freshCopy, renameIn } from "./refresh-binders.js";

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
        const free = freeIn(serial);
        const sized = free.buffers.every((used) => elementsOf(used) !== undefined);
        if (!sized || free.variables.some((used) => assigned.has(used))) return serial;
        const body = parallelFunction(serial, func, free, unusedName(`${func.name}_parallel`, names));
        made.push(body);
        return call(loop, body.name, free);
      },
    },
  });
  return body === func.body ? [func] : [{ ...func, body }, ...made];
}

function unusedName(base: string, names: Set<string>): string {
  let name = base;
  for (let count = 1; names.has(name); count++) name = `${base}${count}`;
  names.add(name);
  return name;
}

function withoutParallel(loop: For): For {
  const body = rewrite(loop.body, {
    For: (inner) => (inner.loopKind === "parallel" ? { ...inner, loopKind: "serial" } : undefined),
  });
  return { ...loop, loopKind: "serial", body };
}

interface Free {
  readonly buffers: readonly Buffer[];
  readonly variables: readonly Var[];
}

/** What the loop uses and does not bind, in order of first use. Its own bounds are among it. */
function freeIn(loop: For): Free {
  const bound = bindersOf(loop);
  const own = new Set<Buffer | Var>([...bound.variables, ...bound.buffers]);
  const buffers = new Set<Buffer>();
  const variables = new Set<Var>();
  const see = (node: { readonly buffer: Buffer }): void => {
    if (!own.has(node.buffer)) buffers.add(node.buffer);
  };
  visit(loop.min, { Var: (node) => void variables.add(node) });
  visit(loop.body, {
    Var: (node) => void (own.has(node) || variables.add(node)),
    Load: see,
    Store: see,
    Atomic: see,
    BufferRegion: see,
  });
  return { buffers: [...buffers], variables: [...variables] };
}

function parallelFunction(loop: For, func: PrimFunc, free: Free, name: string): PrimFunc {
  const begin = variable("begin");
  const end = variable("end");
  const buffers = new Map(free.buffers.map((used) => [used, flatCopy(used)]));
  const variables = new Map(free.variables.map((used) => [used, copyOfVariable(used)]));
  const renamed = renameIn(loop, variables, buffers);
  if (renamed.kind !== "For") return func;
  const part = freshCopy({ ...renamed, min: plus(renamed.min, begin), extent: minus(end, begin) });
  const mayAlias = func.mayAlias.flatMap(([a, b]): [Buffer, Buffer][] => {
    const [left, right] = [buffers.get(a), buffers.get(b)];
    return left === undefined || right === undefined ? [] : [[left, right]];
  });
  const parameters = [begin, end, ...buffers.values(), ...variables.values()];
  return {
    kind: "PrimFunc",
    span: loop.span,
    name,
    role: "parallel",
    parameters,
    mayAlias,
    body: part,
    attributes: {},
  };
}

/** A parameter that holds all elements of `of`, whose size is a constant. */
function flatCopy(of: Buffer): Buffer {
  const { name, dtype, scope, alignment, span } = of;
  return buffer(name, { dtype, shape: [elementsOf(of) ?? 0], scope, alignment }, span);
}

function call(loop: For, callee: string, { buffers, variables }: Free): Stmt {
  const whole = (buffer: Buffer): BufferRegion => {
    const count = int(elementsOf(buffer) ?? 0);
    return { kind: "BufferRegion", span: loop.span, buffer, mins: [int(0)], extents: [count] };
  };
  return {
    kind: "ParallelCall",
    span: loop.span,
    callee,
    extent: loop.extent,
    args: [...buffers.map(whole), ...variables],
  };
}
