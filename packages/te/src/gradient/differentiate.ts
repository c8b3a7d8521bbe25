import { CompileError, isNoSpan, type Span } from "@tilewright/diagnostics";
import {
  build, type Expr, isFloat, operandsOf, type Read, structuralEqual, structuralHash, type Tensor,
} from "@tilewright/ir"; // biome-ignore format: a list
import { derivatives } from "./derivatives.js";
import { notDifferentiable } from "./errors.js";
import { guarded, type Sensitivity, sumOf } from "./sensitivity.js";

/** An expression, the gradient of its value, and where the value itself may be read. */
export interface Seed {
  readonly root: Expr;
  readonly gradient: Sensitivity;
  readonly stored?: Expr;
}

/** What the element that is read contributes to the gradient, as an expression over the axes of the reader. */
export interface Contribution {
  readonly read: Read;
  readonly gradient: Sensitivity;
}

/**
 * Reverse mode through expressions: the gradient of every element of a varying tensor that is read, once for reads of one place. Each node
 * is visited once, so what is built is linear in the distinct nodes.
 * @throws CompileError `TE305` a float expression that varies and has no derivative.
 */
export function differentiate(
  seeds: readonly Seed[],
  varies: (tensor: Tensor) => boolean,
  span: Span,
): readonly Contribution[] {
  const order = varyingNodes(
    seeds.map(({ root }) => root),
    varies,
  );
  const varying = new Set(order);
  const gradients = new Map<Expr, Sensitivity>();
  const stored = new Map<Expr, Expr>();
  const add = (node: Expr, more: Sensitivity): void => {
    const before = gradients.get(node);
    gradients.set(node, before === undefined ? more : sumOf(before, more));
  };
  for (const seed of seeds) {
    if (varying.has(seed.root)) add(seed.root, seed.gradient);
    if (seed.stored !== undefined) stored.set(seed.root, seed.stored);
  }
  const found: Contribution[] = [];
  for (const node of order.reverse()) {
    const gradient = gradients.get(node);
    if (gradient === undefined) continue;
    if (node.kind === "Read") found.push({ read: node, gradient });
    else if (SMOOTH.has(node.kind)) propagate(node, gradient, stored.get(node) ?? node, varying, add);
    else throw new CompileError(notDifferentiable(node, isNoSpan(node.span) ? span : node.span));
  }
  return byPlace(found);
}

/** Float nodes that depend on a varying tensor, operands first. Indices and conditions are steps: they have no gradient. */
function varyingNodes(roots: readonly Expr[], varies: (tensor: Tensor) => boolean): Expr[] {
  const order: Expr[] = [];
  const done = new Map<Expr, boolean>();
  const stack = [...roots].reverse();
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const waiting = done.has(node) ? [] : smoothOperands(node).filter((each) => !done.has(each));
    if (waiting.length > 0) {
      stack.push(...waiting.reverse());
      continue;
    }
    stack.pop();
    if (done.has(node)) continue;
    const found =
      node.kind === "Read" ? varies(node.tensor) : smoothOperands(node).some((each) => done.get(each) === true);
    done.set(node, found);
    if (found) order.push(node);
  }
  return order;
}

/** The operands of a float expression on which its value may depend smoothly. */
function smoothOperands(node: Expr): readonly Expr[] {
  if (node.kind === "Read" || !isFloat(node.dtype)) return [];
  const operands =
    node.kind === "Select" || node.kind === "IfThenElse" ? [node.whenTrue, node.whenFalse] : operandsOf(node);
  return operands.filter(({ dtype }) => isFloat(dtype));
}

const SMOOTH: ReadonlySet<Expr["kind"]> = new Set(["Unary", "Binary", "Cast", "Select", "IfThenElse"] as const);

/** Hands the gradient of a node to its operands. */
function propagate(
  node: Expr,
  gradient: Sensitivity,
  y: Expr,
  varying: ReadonlySet<Expr>,
  add: (operand: Expr, more: Sensitivity) => void,
): void {
  const { guard, value: g } = gradient;
  const hand = (operand: Expr, more: Sensitivity): void => {
    if (varying.has(operand)) add(operand, more);
  };
  const choice = choiceOf(node, varying);
  if (choice !== undefined) {
    const { condition, yes, no } = choice;
    hand(yes, guarded(gradient, condition));
    hand(no, guarded(gradient, build.unary("not", condition)));
  } else if (node.kind === "Cast") {
    hand(node.operand, { guard, value: build.cast(g, node.operand.dtype) });
  } else if (node.kind === "Unary" || node.kind === "Binary") {
    const operands = operandsOf(node);
    derivatives(node, g, y).forEach((value, position) => {
      hand(operands[position] as Expr, { guard, value });
    });
  }
}

/** What stands for a choice: the one operand where the condition holds, the other where it does not. */
function choiceOf(
  node: Expr,
  varying: ReadonlySet<Expr>,
): { readonly condition: Expr; readonly yes: Expr; readonly no: Expr } | undefined {
  if (node.kind === "Select" || node.kind === "IfThenElse")
    return { condition: node.condition, yes: node.whenTrue, no: node.whenFalse };
  if (node.kind !== "Binary" || (node.op !== "min" && node.op !== "max")) return undefined;
  // Of equal operands the right one is chosen, but a constant before a varying one.
  const { left, right, op } = node;
  const [yes, no] = varying.has(left) ? [left, right] : [right, left];
  return { condition: build.binary(op === "min" ? "lt" : "gt", yes, no), yes, no };
}

/** Reads of one tensor at equal indices are one. */
function byPlace(found: readonly Contribution[]): readonly Contribution[] {
  const places = new Map<Tensor, Map<number, Contribution[]>>();
  for (const each of found) {
    const { tensor, indices } = each.read;
    const ofTensor = places.get(tensor) ?? new Map<number, Contribution[]>();
    places.set(tensor, ofTensor);
    const hash = structuralHash(indices);
    const alike = ofTensor.get(hash) ?? [];
    ofTensor.set(hash, alike);
    const same = alike.findIndex(({ read }) => structuralEqual(read.indices, indices));
    const before = alike[same];
    if (before === undefined) alike.push(each);
    else alike[same] = { read: before.read, gradient: sumOf(before.gradient, each.gradient) };
  }
  return [...places.values()].flatMap((each) => [...each.values()].flat());
}
