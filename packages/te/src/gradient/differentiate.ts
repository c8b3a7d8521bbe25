import { CompileError } from "@tilewright/diagnostics";
import {
  build, type Expr, type IfThenElse, isFloat, operandsOf, type Read, type Select, structuralEqual, structuralHash, type Tensor,
} from "@tilewright/ir"; // biome-ignore format: a list
import { constant } from "../math.js";
import { ofBinary, ofUnary } from "./derivatives.js";
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
export function differentiate(seeds: readonly Seed[], varies: (tensor: Tensor) => boolean): readonly Contribution[] {
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
    else propagate(node, gradient, stored.get(node) ?? node, varying, add);
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

/** Hands the gradient of a node to its operands. */
function propagate(
  node: Expr,
  { guards, value: g }: Sensitivity,
  y: Expr,
  varying: ReadonlySet<Expr>,
  add: (operand: Expr, more: Sensitivity) => void,
): void {
  const hand = (operand: Expr, value: Expr | undefined): void => {
    if (value !== undefined && varying.has(operand)) add(operand, { guards, value });
  };
  switch (node.kind) {
    case "Unary":
      hand(node.operand, ofUnary(node, g, y));
      break;
    case "Binary": {
      const [left, right] = ofBinary(node, g, y, [varying.has(node.left), varying.has(node.right)]);
      hand(node.left, left);
      hand(node.right, right);
      break;
    }
    case "Cast":
      hand(node.operand, build.cast(g, node.operand.dtype));
      break;
    case "Select":
    case "IfThenElse":
      choose(node, { guards, value: g }, varying, add);
      break;
    default:
      throw new CompileError(notDifferentiable(node));
  }
}

/** A condition over axes becomes a guard, which the solver sees; one that reads data stays a choice. */
function choose(
  node: Select | IfThenElse,
  gradient: Sensitivity,
  varying: ReadonlySet<Expr>,
  add: (operand: Expr, more: Sensitivity) => void,
): void {
  const { condition, whenTrue, whenFalse, kind } = node;
  const isStatic = !readsTensor(condition);
  const zero = constant(0, node.dtype);
  const choice = (a: Expr, b: Expr): Sensitivity => ({
    guards: gradient.guards,
    value: kind === "Select" ? build.select(condition, a, b) : build.ifThenElse(condition, a, b),
  });
  const { value } = gradient;
  if (varying.has(whenTrue)) add(whenTrue, isStatic ? guarded(gradient, condition) : choice(value, zero));
  if (varying.has(whenFalse))
    add(whenFalse, isStatic ? guarded(gradient, build.unary("not", condition)) : choice(zero, value));
}

/** Whether an expression depends on data. */
export function readsTensor(root: Expr): boolean {
  const seen = new Set<Expr>();
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "Read" || node.kind === "Load" || node.kind === "Call") return true;
    stack.push(...operandsOf(node));
  }
  return false;
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
