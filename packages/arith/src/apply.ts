import { bitsOf, type Expr, operandsOf } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import {
  type Bindings,
  classOf,
  constantOf,
  type Match,
  matches,
  type Pattern,
  type Rule,
  resembles,
} from "./pattern.js";
import { rulesByHead } from "./rules/index.js";

/** Applies the first rule that fits a node of simplified operands; `undefined` when none does. */
export function applyRules(analyzer: Analyzer, node: Expr): Expr | undefined {
  const rules = rulesByHead.get(headOfNode(node));
  if (rules === undefined || analyzer.interner.isImpure(node)) return undefined;
  for (const rule of rules) {
    const result = applyRule(analyzer, rule, node);
    if (result !== undefined) return result;
  }
  return undefined;
}

/** Applies one rule, if it fits. */
export function applyRule(analyzer: Analyzer, rule: Rule, node: Expr): Expr | undefined {
  if (!rule.classes.includes(classOf(operandType(node))) || !resembles(rule.pattern, node)) return undefined;
  const bindings: Bindings = new Map();
  const { guard } = rule;
  const holds = (): boolean => guard === undefined || guard(matchOf(analyzer, bindings, node));
  if (!matches(rule.pattern, node, bindings, holds)) return undefined;
  return instantiate(analyzer, rule.replacement, bindings, node);
}

function headOfNode(node: Expr): string {
  switch (node.kind) {
    case "Binary":
    case "Unary":
      return node.op;
    case "Select":
    case "IfThenElse":
      return "choice";
    default:
      return node.kind.toLowerCase();
  }
}

/** A rule is for the types of what it combines: of the operands of a comparison, of the arms of a choice. */
function operandType(node: Expr): Expr["dtype"] {
  if (node.kind === "Binary") return node.left.dtype;
  if (node.kind === "Unary" && node.op === "not" && node.operand.kind === "Binary") return node.operand.left.dtype;
  return node.dtype;
}

function matchOf(analyzer: Analyzer, bindings: Bindings, node: Expr): Match {
  const get = (name: string): Expr => bindings.get(name) ?? node;
  return {
    get,
    number: (name) => Number(constantOf(get(name))?.value ?? Number.NaN),
    bounds: (name) => analyzer.bounds(get(name)),
    modulus: (name) => analyzer.modulus(get(name)),
    isTotal: (name) => isTotal(get(name)),
    proves: (left, op, right) =>
      get(left).lanes === 1 && analyzer.difference(get(left), get(right)).max < (op === "lt" ? 0 : 1),
    lanes: node.lanes,
    dtype: operandType(node),
  };
}

/** Small and without loads, calls and divisions by what may be 0. */
function isTotal(expr: Expr): boolean {
  const stack = [expr];
  for (let seen = 0; stack.length > 0; seen++) {
    const node = stack.pop() as Expr;
    if (seen > 32 || node.kind === "Load" || node.kind === "Call" || node.kind === "Read" || node.kind === "Reduce")
      return false;
    if (node.kind === "Binary" && /div|mod/.test(node.op) && Number(constantOf(node.right)?.value ?? 0) === 0)
      return false;
    stack.push(...operandsOf(node));
  }
  return true;
}

/** A constant that was matched in every lane and now stands in a scalar part, or the other way round. */
function withLanes(analyzer: Analyzer, expr: Expr, lanes: number): Expr {
  const value = expr.lanes === lanes ? undefined : constantOf(expr)?.value;
  return value === undefined ? expr : analyzer.const(value, expr.dtype, lanes);
}

/** Builds a replacement with simplifying constructors. A literal takes the type of the operand beside it, a constant the lanes of its part. */
function instantiate(analyzer: Analyzer, pattern: Pattern, bindings: Bindings, root: Expr): Expr {
  const fast = root.kind === "Binary" || root.kind === "Unary" ? root.fast : 0;
  const literal = (value: number | boolean, like: { readonly dtype: Expr["dtype"]; readonly lanes: number }): Expr =>
    analyzer.const(
      typeof value === "number" && bitsOf(like.dtype) === 64 && like.dtype.includes("int") ? BigInt(value) : value,
      like.dtype,
      like.lanes,
    );
  const build = (part: Pattern, like: Expr, lanes: number): Expr => {
    switch (part.is) {
      case "any":
        return bindings.get(part.name) ?? root;
      case "constant":
        return withLanes(analyzer, bindings.get(part.name) ?? root, lanes);
      case "literal":
        return literal(part.value, like);
      case "unary":
        return analyzer.unary(part.op, build(part.operand, like, lanes), fast);
      case "binary": {
        const known = part.left.is === "literal" ? build(part.right, like, lanes) : build(part.left, like, lanes);
        if (part.left.is === "literal") return analyzer.binary(part.op, literal(part.left.value, known), known, fast);
        return analyzer.binary(part.op, known, build(part.right, known, lanes), fast);
      }
      case "choice": {
        const kind = root.kind === "Select" ? "Select" : "IfThenElse";
        return analyzer.choice(
          kind,
          build(part.condition, like, lanes),
          build(part.whenTrue, like, lanes),
          build(part.whenFalse, like, lanes),
        );
      }
      case "ramp":
        return analyzer.ramp(build(part.base, like, 1), build(part.stride, like, 1), root.lanes);
      case "broadcast":
        return analyzer.broadcast(build(part.operand, like, 1), root.lanes);
      default:
        return part satisfies never;
    }
  };
  return build(pattern, root, root.lanes);
}
