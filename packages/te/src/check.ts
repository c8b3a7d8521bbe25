import { CompileError, isNoSpan, type Span } from "@tilewright/diagnostics";
import { type Compute, type Expr, FIELDS, type IterVar, type Node, type Reduce, type Var } from "@tilewright/ir";
import * as errors from "./errors.js";

/**
 * Checks what a compute says about itself: reductions on top, one set of reduction axes, own axes only, names apart, no read that
 * certainly leaves its tensor.
 * @throws CompileError `TE203` · `TE205` · `TE206` · `TE207` · `TE208` · `TE214`.
 */
export function checkBodies(operation: Compute, shape: readonly Expr[]): void {
  const { bodies, name, span } = operation;
  const reduces = bodies.filter((body): body is Reduce => body.kind === "Reduce");
  const first = reduces[0];
  const together = (one: Reduce): boolean => first !== undefined && sameAxes(one.axes, first.axes);
  if (reduces.length > 0 && (reduces.length !== bodies.length || !reduces.every(together))) {
    throw new CompileError(errors.mixedBodies(name, span));
  }
  const axes = [...operation.axes, ...(first?.axes ?? [])];
  checkNames(name, axes, span);
  const known = new Set(axes.map((each) => each.variable));
  for (const extent of shape) collectSymbols(extent, known);
  for (const each of first?.axes ?? []) for (const bound of [each.min, each.extent]) collectSymbols(bound, known);
  const seen = new Set<Node>();
  for (const body of bodies) {
    if (body.kind === "Reduce") checkInitial(body);
    const parts =
      body.kind === "Reduce"
        ? [...body.sources, ...(body.condition === null ? [] : [body.condition]), ...(body.initial ?? [])]
        : [body];
    for (const part of parts) checkExpr(part, operation, known, seen);
  }
}

const sameAxes = (one: readonly IterVar[], other: readonly IterVar[]): boolean =>
  one.length === other.length && one.every((axis, position) => axis === other[position]);

function checkNames(name: string, axes: readonly IterVar[], span: Span): void {
  const names = new Set<string>();
  for (const axis of axes) {
    if (names.has(axis.name)) throw new CompileError(errors.duplicateAxis(name, axis.name, span));
    names.add(axis.name);
  }
}

function checkInitial(reduce: Reduce): void {
  const folded = new Map(reduce.axes.map((axis) => [axis.variable, axis]));
  for (const value of reduce.initial ?? []) {
    for (const variable of variablesOf(value)) {
      const axis = folded.get(variable);
      if (axis !== undefined) throw new CompileError(errors.varyingInitial(axis, reduce.span));
    }
  }
}

/** Free-standing variables: axes must be known; symbols come from shapes; scalar parameters have data types. */
function checkExpr(root: Expr, operation: Compute, known: Set<Var>, seen: Set<Node>): void {
  const foreign: Var[] = [];
  walk(root, seen, (node) => {
    if (node.kind === "Reduce") throw new CompileError(errors.nestedReduction(operation.name, node.span));
    if (node.kind === "Read") for (const extent of node.tensor.shape) collectSymbols(extent, known);
    if (node.kind === "Var" && node.dtype === "index") foreign.push(node);
  });
  for (const variable of foreign) {
    if (known.has(variable)) continue;
    const { span } = isNoSpan(variable.span) ? operation : variable;
    throw new CompileError(
      errors.foreignVariable(operation.name, variable, isNoSpan(operation.span) ? span : operation.span),
    );
  }
}

function collectSymbols(extent: Expr, into: Set<Var>): void {
  if (extent.kind !== "Const") for (const variable of variablesOf(extent)) into.add(variable);
}

/** Every variable below an expression, once. */
function variablesOf(root: Expr): ReadonlySet<Var> {
  const found = new Set<Var>();
  walk(root, new Set(), (node) => {
    if (node.kind === "Var") found.add(node);
  });
  return found;
}

/** Visits each node once, however often it is shared: users build expressions as graphs. `false` skips what is below. */
export function walk(root: Node, seen: Set<Node>, visitor: (node: Node) => boolean | void): void {
  const stack: Node[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (visitor(node) === false) continue;
    const fields: Readonly<Record<string, string>> = FIELDS[node.kind];
    for (const field of Object.keys(fields)) {
      if (fields[field] !== "use") continue;
      const value = (node as unknown as Readonly<Record<string, Node | readonly Node[] | null>>)[field];
      if (value === null || value === undefined) continue;
      if (Array.isArray(value)) stack.push(...(value as readonly Node[]));
      else stack.push(value as Node);
    }
  }
}
