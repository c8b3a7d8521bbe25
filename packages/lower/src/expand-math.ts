// Rule: a math function that the target does not compute itself becomes arithmetic, with the error its file under `math/` states. Values in
// between are `Let`s before the statement; an argument inside an arm of an `IfThenElse` is computed there only when the arm is chosen.
// Half precision is computed in float32.

import type { PassContext } from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import {
  type Binary, build, constant, type DType, type Expr, type Node, type PrimFunc, type Rules, rewrite, type Stmt, sequence, type Unary, type UnaryOp, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import { fromSteps, type Step, stepsOf } from "./block.js";
import { contains } from "./count-nodes.js";
import { unexpandedMath } from "./errors.js";
import { interleaved, type Unit } from "./interleave.js";
import { createEmitter, type MathFunction } from "./math/emitter.js";
import { erf } from "./math/erf.js";
import { exp } from "./math/exp.js";
import { log } from "./math/log.js";
import { pow } from "./math/pow.js";
import { sigmoid } from "./math/sigmoid.js";
import { cos, sin } from "./math/sin-cos.js";
import { tanh } from "./math/tanh.js";
import { bodyPass } from "./pass.js";

/** The functions that can be expanded; all others are arithmetic that every target has. */
export const MATH_FUNCTIONS: { readonly [Op in UnaryOp]?: MathFunction } = { cos, erf, exp, log, sigmoid, sin, tanh };

export const expandMath = bodyPass({
  name: "expand-math",
  requires: "flat",
  establishes: "flat",
  run: (body, context, { mayAlias }) => block(body, { context, mayAlias, lets: [], guards: [] }),
});

interface State {
  readonly context: PassContext;
  readonly mayAlias: PrimFunc["mayAlias"];
  /** Values to bind before the current statement; null where nothing can be bound. */
  readonly lets: Step[] | null;
  /** Conditions under which the current expression is evaluated. */
  readonly guards: readonly Expr[];
}

function isExpanded(node: Unary | Binary, { capabilities }: PassContext): boolean {
  if (node.kind === "Binary") return node.op === "pow" && !capabilities.math.includes("pow");
  return MATH_FUNCTIONS[node.op] !== undefined && !capabilities.math.includes(node.op);
}

function block(stmt: Stmt, state: State): Stmt {
  const units = stepsOf(stmt).map((each): Unit => {
    const lets: Step[] = [];
    return { step: walk(each, { ...state, lets }), lets };
  });
  return fromSteps(interleaved(units, state.mayAlias));
}

function walk(step: Step, state: State): Step {
  switch (step.kind) {
    case "For":
      return {
        ...step,
        min: expand(step.min, state),
        extent: expand(step.extent, state),
        body: block(step.body, state),
      };
    case "While":
      return { ...step, condition: expand(step.condition, { ...state, lets: null }), body: block(step.body, state) };
    case "If": {
      const condition = expand(step.condition, state);
      return {
        ...step,
        condition,
        then: block(step.then, state),
        otherwise: step.otherwise && block(step.otherwise, state),
      };
    }
    case "Allocate":
    case "Async":
      return { ...step, body: block(step.body, state) };
    case "Let":
      return { ...step, value: expand(step.value, state), body: sequence([]) };
    case "Register":
      return { ...step, initial: expand(step.initial, state), body: sequence([]) };
    default:
      return expand<Stmt>(step, state);
  }
}

function expand<N extends Expr | Stmt>(node: N, state: State): N {
  return rewrite<Node>(node, rulesFor(state)) as N;
}

function rulesFor(state: State): Rules {
  return {
    Unary: (node) => (isExpanded(node, state.context) ? expandUnary(node, state) : undefined),
    Binary: (node) => (isExpanded(node, state.context) ? expandPower(node, state) : undefined),
    IfThenElse: {
      enter: (node) => {
        if (!contains(node, ["Unary", "Binary"])) return undefined;
        const condition = expand(node.condition, state);
        const under = (guard: Expr): State => ({ ...state, guards: [...state.guards, guard] });
        const whenTrue = expand(node.whenTrue, under(condition));
        const whenFalse = expand(node.whenFalse, under(build.unary("not", condition)));
        return { ...node, condition, whenTrue, whenFalse };
      },
    },
  };
}

function expandUnary(node: Unary, state: State): Expr {
  const expansion = MATH_FUNCTIONS[node.op];
  if (expansion === undefined) return node;
  return inFloat(node, [node.operand], state, (emitter, [x]) => expansion(emitter, x as Expr));
}

function expandPower(node: Binary, state: State): Expr {
  return inFloat(node, [node.left, node.right], state, (emitter, [x, y]) => pow(emitter, x as Expr, y as Expr));
}

type Emitter = Parameters<MathFunction>[0];

/** Binds the arguments, in a type that has an expansion, and gives the result in the type of `node`. */
function inFloat(
  node: Unary | Binary,
  operands: readonly Expr[],
  state: State,
  make: (emitter: Emitter, operands: readonly Expr[]) => Expr,
): Expr {
  const type: DType = node.dtype === "float16" || node.dtype === "bfloat16" ? "float32" : node.dtype;
  if (type !== "float32" && type !== "float64") throw new CompileError(unexpandedMath(node.op, node.dtype, node.span));
  const letIn = (name: string, value: Expr): Expr => {
    if (state.lets === null || value.kind === "Var" || value.kind === "Const") return value;
    const held = variable(name, value.dtype, value.lanes, node.span);
    state.lets.push(build.let(held, value, sequence([])));
    return held;
  };
  const held = operands.map((operand) => letIn("x", build.cast(guarded(operand, state), type)));
  const like = { ...node, dtype: type };
  return build.cast(letIn("result", make(createEmitter(like, node.span, letIn), held)), node.dtype);
}

/** The argument where its guards hold, 1 elsewhere: a read under a guard may not be possible without it. */
function guarded(operand: Expr, { guards, lets }: State): Expr {
  if (lets === null || guards.length === 0 || !contains(operand, ["Load", "Call"])) return operand;
  const one = build.broadcast(constant(1, operand.dtype), operand.lanes);
  return guards.reduceRight((value, guard) => build.ifThenElse(guard, value, one), operand);
}
