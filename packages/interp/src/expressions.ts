import { CompileError, type Span } from "@tilewright/diagnostics";
import {
  type Broadcast,
  type Expr,
  FIELDS,
  type IfThenElse,
  type Ramp,
  type Select,
  type Shuffle,
  typeName,
} from "@tilewright/ir";
import { castFunction, reinterpretFunction } from "./convert.js";
import { illTyped } from "./errors.js";
import type { Frame } from "./frame.js";
import { callEvaluator } from "./intrinsics.js";
import { loadEvaluator } from "./loads.js";
import { binaryFunction, unaryFunction } from "./operators.js";
import { readEvaluator, reduceEvaluator } from "./reductions.js";
import { type Scope, slotOf } from "./scope.js";
import type { Scalar, Value } from "./values.js";

/** Computes an expression in a frame. */
export type Evaluator = (frame: Frame) => Value;
export type Parts = (child: Expr) => Evaluator;

/**
 * Compiles an expression to closures: one for each distinct node, in one pass without recursion. A node that is used several times is
 * evaluated once per evaluation of the root, so that shared graphs do not explode.
 */
export function compileExpr(scope: Scope, root: Expr): Evaluator {
  const { order, uses } = distinctNodes(root);
  const caching = !order.some((node) => node.kind === "Call" || isLaneChoice(node));
  const compiled = new Map<Expr, Evaluator>();
  const part: Parts = (child) => compiled.get(child) as Evaluator;
  let shared = false;
  for (const node of order) {
    const evaluate = compileNode(scope, node, part);
    const isShared = caching && (uses.get(node) ?? 0) > 1 && node.kind !== "Const" && node.kind !== "Var";
    compiled.set(node, isShared ? cached(scope, evaluate) : evaluate);
    shared ||= isShared;
  }
  const evaluate = part(root);
  if (!shared) return evaluate;
  return (frame) => {
    frame.epoch++;
    return evaluate(frame);
  };
}

/** Its arms are evaluated for some lanes only, so that their values cannot be kept. */
function isLaneChoice(node: Expr): boolean {
  return node.kind === "IfThenElse" && node.condition.lanes > 1;
}

/** Children before parents, and how many parents use each. */
function distinctNodes(root: Expr): { readonly order: readonly Expr[]; readonly uses: ReadonlyMap<Expr, number> } {
  const order: Expr[] = [];
  const uses = new Map<Expr, number>();
  const stack: { readonly node: Expr; readonly done: boolean }[] = [{ node: root, done: false }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top.done) {
      order.push(top.node);
      continue;
    }
    const count = (uses.get(top.node) ?? 0) + 1;
    uses.set(top.node, count);
    if (count > 1) continue;
    stack.push({ node: top.node, done: true });
    for (const child of childrenOf(top.node)) stack.push({ node: child, done: false });
  }
  return { order, uses };
}

function childrenOf(node: Expr): Expr[] {
  if (node.kind === "Reduce") return []; // its parts are roots of their own, evaluated once per iteration
  const roles = FIELDS[node.kind] as Readonly<Record<string, string>>;
  const fields = Object.keys(roles).filter((field) => roles[field] === "use");
  return fields.flatMap((field) => (node as unknown as Record<string, Expr | readonly Expr[] | null>)[field] ?? []);
}

function cached(scope: Scope, evaluate: Evaluator): Evaluator {
  const slot = scope.counters.cache++;
  return (frame) => {
    const { epoch } = frame;
    if (frame.stamps[slot] === epoch) return frame.cache[slot] as Value;
    const value = evaluate(frame);
    frame.cache[slot] = value;
    frame.stamps[slot] = epoch;
    return value;
  };
}

function compileNode(scope: Scope, node: Expr, part: Parts): Evaluator {
  const { precision } = scope.program;
  switch (node.kind) {
    case "Const": {
      const { value } = node;
      return () => value;
    }
    case "Var": {
      const slot = slotOf(scope, node, node.span);
      return (frame) => frame.values[slot] as Value;
    }
    case "Unary":
      return mapLanes(part(node.operand), node.lanes, unaryFunction(node.op, node.operand.dtype, precision, node.span));
    case "Cast":
      return mapLanes(
        part(node.operand),
        node.lanes,
        castFunction(node.operand.dtype, node.dtype, precision, node.span),
      );
    case "Reinterpret":
      return mapLanes(part(node.operand), node.lanes, reinterpretFunction(node.operand.dtype, node.dtype, node.span));
    case "Binary": {
      sameType(node.op, node.left, node.right, node.span);
      const f = binaryFunction(node.op, node.left.dtype, precision, node.span);
      const left = part(node.left);
      const right = part(node.right);
      if (node.lanes === 1) return (frame) => f(left(frame) as Scalar, right(frame) as Scalar);
      return (frame) => {
        const rights = right(frame) as readonly Scalar[];
        return (left(frame) as readonly Scalar[]).map((each, lane) => f(each, rights[lane] as Scalar));
      };
    }
    case "Select":
    case "IfThenElse":
      sameType(node.kind, node.whenTrue, node.whenFalse, node.span);
      return choose(node, part(node.condition), part(node.whenTrue), part(node.whenFalse));
    case "Ramp":
    case "Broadcast":
    case "Shuffle":
      return compileLanes(scope, node, part);
    case "Load":
      return loadEvaluator(scope, node, part);
    case "Call":
      return callEvaluator(scope, node, part);
    case "Read":
      return readEvaluator(scope, node, part);
    case "Reduce":
      return reduceEvaluator(scope, node, compileExpr);
  }
}

/** Expressions that make vectors from scalars, or pick their lanes. */
function compileLanes(scope: Scope, node: Ramp | Broadcast | Shuffle, part: Parts): Evaluator {
  if (node.kind === "Broadcast") {
    const operand = part(node.operand);
    return (frame) => new Array<Scalar>(node.lanes).fill(operand(frame) as Scalar);
  }
  if (node.kind === "Shuffle") {
    const vectors = node.vectors.map(part);
    return (frame) => {
      const all = vectors.flatMap((vector) => vector(frame) as Scalar | readonly Scalar[]);
      const picked = node.picks.map((pick) => all[pick] as Scalar);
      return picked.length === 1 ? (picked[0] as Scalar) : picked;
    };
  }
  const base = part(node.base);
  const stride = part(node.stride);
  const add = binaryFunction("add", node.dtype, scope.program.precision, node.span);
  return (frame) => {
    const step = stride(frame) as Scalar;
    const lanes: Scalar[] = [base(frame) as Scalar];
    while (lanes.length < node.lanes) lanes.push(add(lanes.at(-1) as Scalar, step));
    return lanes;
  };
}

/** Select evaluates both arms. IfThenElse evaluates the chosen one; where lanes differ, each arm for the lanes that chose it. */
function choose(node: Select | IfThenElse, condition: Evaluator, whenTrue: Evaluator, whenFalse: Evaluator): Evaluator {
  if (node.condition.lanes === 1) {
    if (node.kind === "IfThenElse") return (frame) => (condition(frame) === true ? whenTrue(frame) : whenFalse(frame));
    return (frame) => {
      const truth = condition(frame) === true;
      const values = [whenTrue(frame), whenFalse(frame)] as const;
      return truth ? values[0] : values[1];
    };
  }
  const masked = node.kind === "IfThenElse" ? underMask : (arm: Evaluator, frame: Frame) => arm(frame);
  return (frame) => {
    const chosen = condition(frame) as readonly Scalar[];
    const truths = masked(whenTrue, frame, chosen) as readonly Scalar[];
    const others = masked(
      whenFalse,
      frame,
      chosen.map((each) => each !== true),
    ) as readonly Scalar[];
    return chosen.map((each, lane) => (each === true ? truths[lane] : others[lane]) as Scalar);
  };
}

/** Evaluates an arm for some lanes: loads of the others are not done. */
function underMask(arm: Evaluator, frame: Frame, lanes: readonly Scalar[]): Value {
  const outer = frame.mask;
  frame.mask = outer === null ? lanes : lanes.map((lane, k) => lane === true && outer[k] === true);
  const value = frame.mask.includes(true) ? arm(frame) : new Array<Scalar>(lanes.length).fill(false);
  frame.mask = outer;
  return value;
}

function mapLanes(operand: Evaluator, lanes: number, f: (value: Scalar) => Scalar): Evaluator {
  if (lanes === 1) return (frame) => f(operand(frame) as Scalar);
  return (frame) => (operand(frame) as readonly Scalar[]).map(f);
}

/** @throws CompileError IP202 when two operands have different types. */
export function sameType(what: string, left: Expr, right: Expr, span: Span): void {
  if (left.dtype === right.dtype && left.lanes === right.lanes) return;
  const actual = `${typeName(left)} and ${typeName(right)}`;
  throw new CompileError(
    illTyped(`operands of \`${what}\` have different types`, "two operands of one type", actual, span),
  );
}

/** Compiles an expression that must give one `index` (or an integer used as one). */
export function compileIndex(scope: Scope, expr: Expr): (frame: Frame) => number {
  const evaluate = compileExpr(scope, expr);
  return expr.dtype === "int64" || expr.dtype === "uint64"
    ? (frame) => Number(evaluate(frame))
    : (evaluate as (frame: Frame) => number);
}
