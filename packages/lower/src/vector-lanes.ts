// A statement for one value of a loop variable becomes the statement for several consecutive values at once, one in each lane.
import {
  type Allocate,
  at,
  type Buffer,
  type Expr,
  int,
  type Let,
  type Register,
  type Stmt,
  type Store,
  sequence,
  type Var,
  variable,
} from "@tilewright/ir";
import { fromSteps, type Step, stepsOf } from "./block.js";
import { someExpr } from "./operands.js";
import {
  classify,
  fail,
  inLanes,
  type LaneReport,
  type Lanes,
  oneLane,
  privateIndices,
  Unvectorizable,
  widen,
} from "./vector-expr.js";

/** `body` for `loopVar` = `base`, `base + 1`, … in `lanes` lanes; undefined, after a report, where that cannot be. */
export function toLanes(body: Stmt, loopVar: Var, base: Expr, lanes: number, report: LaneReport): Stmt | undefined {
  try {
    return block(body, { loopVar, base, lanes, report, done: new Map(), vectors: new Map(), privates: new Map() });
  } catch (reason) {
    if (!(reason instanceof Unvectorizable)) throw reason;
    if (reason.reason !== "") report.serial(reason.reason);
    return undefined;
  }
}

function block(stmt: Stmt, state: Lanes): Stmt {
  return fromSteps(stepsOf(stmt).map((step) => stepInLanes(step, state)));
}

function stepInLanes(step: Step, state: Lanes): Step {
  const uniform = (expr: Expr, what: string): Expr => {
    const moved = inLanes(expr, state);
    return moved.lanes > 1 ? fail(`${what} differs between its iterations`) : moved;
  };
  switch (step.kind) {
    case "Store":
      return storeLanes(step, state);
    case "For":
      return {
        ...step,
        min: uniform(step.min, "an inner loop's start"),
        extent: uniform(step.extent, "an inner loop's extent"),
        body: block(step.body, state),
      };
    case "If": {
      const condition = uniform(step.condition, "a condition");
      return {
        ...step,
        condition,
        then: block(step.then, state),
        otherwise: step.otherwise && block(step.otherwise, state),
      };
    }
    case "Assert":
      return { ...step, condition: uniform(step.condition, "an assertion") };
    case "Let":
    case "Register":
      return binderLanes(step, state);
    case "Assign": {
      const target = state.vectors.get(step.variable);
      if (target === undefined) return fail(`it assigns \`${step.variable.name}\`, which is outside of it`);
      return { ...step, variable: target, value: widen(inLanes(step.value, state), state.lanes) };
    }
    case "Allocate":
      return allocateLanes(step, state);
    default:
      return fail(`its body holds a statement of kind ${step.kind}`);
  }
}

function binderLanes(step: Let | Register, state: Lanes): Step {
  const value = inLanes(step.kind === "Let" ? step.value : step.initial, state);
  if (step.kind === "Let" && value.lanes === 1) return { ...step, value, body: sequence([]) };
  const { name, dtype, span } = step.variable;
  const vector = variable(name, dtype, state.lanes, span);
  state.vectors.set(step.variable, vector);
  const bound = { variable: vector, body: sequence([]) };
  return step.kind === "Let" ? { ...step, ...bound, value } : { ...step, ...bound, initial: widen(value, state.lanes) };
}

/** One copy for each lane, next to each other. */
function allocateLanes(step: Allocate, state: Lanes): Step {
  const { buffer } = step;
  if (buffer.strides !== null) return fail("its body allocates a strided buffer");
  const own: Buffer = { ...buffer, shape: [...buffer.shape, int(state.lanes)] };
  state.privates.set(buffer, own);
  return { ...step, buffer: own, body: block(step.body, state) };
}

function storeLanes(node: Store, state: Lanes): Stmt {
  if (node.predicate !== null) return fail("its body holds predicates");
  const own = state.privates.get(node.buffer);
  const value = inLanes(node.value, state);
  const b = at(node.span);
  if (own !== undefined) return b.store(own, privateIndices(node.indices, state), widen(value, state.lanes));
  const { kind, indices } = classify(node.indices, state);
  if (kind === "lanes") return { ...node, indices, value: widen(value, state.lanes) };
  if (kind === "same") {
    const readsItself = someExpr(node.value, (each) => each.kind === "Load" && each.buffer === node.buffer);
    if (value.lanes === 1 && !readsItself) return { ...node, indices, value };
    state.report.carried(node.buffer);
    return fail("");
  }
  state.report.gathered(node.buffer);
  return sequence(
    Array.from({ length: state.lanes }, (_, lane) => oneLane<Stmt>(node, lane, state)),
    node.span,
  );
}
