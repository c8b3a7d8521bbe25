// Rule: no vector is wider than the target's register, and lanes are powers of two. A store, let, register or assignment of more lanes
// becomes several, each of a part of the lanes: as many as fit of the widest element in it, then smaller powers of two. Accesses that are
// not contiguous, and predicates on targets without them, are taken apart into single lanes, but for blocks that can be transposed.
import type { Capabilities } from "@tilewright/backend";
import {
  at, bitsOf, build, type Expr, int, type Load, type Node, rewrite, type Stmt, type Store, sequence, type Var, variable, visit, zero,
} from "@tilewright/ir"; // biome-ignore format: a list
import { spanOf } from "./access-sites.js";
import { fromSteps, type Step, stepsOf } from "./block.js";
import { constantOf, plus, times } from "./index-arithmetic.js";
import { bodyPass } from "./pass.js";
import { transposeBlocks } from "./transpose-blocks.js";

export const legalizeVectors = bodyPass({
  name: "legalize-vectors",
  requires: "flat",
  establishes: "flat",
  run(body, { capabilities }, { mayAlias }) {
    const { illegal, gathers } = surveyOf(body, capabilities);
    const transposed = gathers ? transposeBlocks(body, capabilities, mayAlias) : body;
    return illegal ? block(transposed, { capabilities, parts: new Map() }) : transposed;
  },
});

interface Part {
  readonly first: number;
  readonly lanes: number;
  readonly variable: Var;
}

interface State {
  readonly capabilities: Capabilities;
  /** Wide variables and the ones that hold their parts. */
  readonly parts: Map<Var, readonly Part[]>;
}

const isPowerOfTwo = (lanes: number): boolean => (lanes & (lanes - 1)) === 0;
const bytesOfLane = (node: { readonly dtype: Expr["dtype"] }): number =>
  node.dtype === "index" ? 4 : bitsOf(node.dtype) / 8;

/** Whether anything is illegal, and whether vectors are gathered from single loads. */
function surveyOf(body: Stmt, capabilities: Capabilities): { readonly illegal: boolean; readonly gathers: boolean } {
  const bytes = capabilities.vector?.bytes ?? 0;
  const predicated = capabilities.vector?.predicated ?? false;
  let [illegal, gathers] = [false, false];
  visitValues(body, (node) => {
    if ("lanes" in node && node.lanes > 1 && (!isPowerOfTwo(node.lanes) || node.lanes * bytesOfLane(node) > bytes)) {
      illegal = true;
    }
    if (node.kind === "Load" || node.kind === "Store") {
      if (node.predicate !== null && !predicated) illegal = true;
      if (spanOf(node.indices) === undefined) illegal = true;
    }
    if (node.kind === "Shuffle") gathers ||= node.vectors.length > 1 && node.vectors[0]?.kind === "Load";
    return true;
  });
  return { illegal, gathers };
}

/** Visits everything but the indices of contiguous accesses, which become one address. `false` skips what a node uses. */
function visitValues(root: Node, enter: (node: Node) => boolean): void {
  const addresses = new Set<Node>();
  visit(root, {
    enter: (node) => {
      if (addresses.has(node)) return false;
      if ((node.kind === "Load" || node.kind === "Store") && spanOf(node.indices) !== undefined) {
        for (const index of node.indices) addresses.add(index);
      }
      return enter(node);
    },
  });
}

/** Lanes that each part of a statement may have. */
function legalLanes(node: Node, { vector }: Capabilities): number {
  let bytes = 1;
  visitValues(node, (child) => {
    if (child.kind === "Load") bytes = Math.max(bytes, bytesOfLane(child));
    else if ("dtype" in child && "lanes" in child && child.lanes > 1)
      bytes = Math.max(bytes, bytesOfLane(child as Expr));
    return true;
  });
  return vector === null ? 1 : Math.max(1, 2 ** Math.floor(Math.log2(vector.bytes / bytes)));
}

/** Consecutive parts of `lanes` lanes, none wider than `most`. */
function partition(lanes: number, most: number): readonly { readonly first: number; readonly lanes: number }[] {
  const parts: { first: number; lanes: number }[] = [];
  let first = 0;
  while (first < lanes) {
    const width = Math.min(most, 2 ** Math.floor(Math.log2(lanes - first)));
    parts.push({ first, lanes: width });
    first += width;
  }
  return parts;
}

function block(stmt: Stmt, state: State): Stmt {
  return fromSteps(stepsOf(stmt).flatMap((step) => walk(step, state)));
}

function walk(step: Step, state: State): readonly Step[] {
  switch (step.kind) {
    case "For":
      return [
        { ...step, min: scalar(step.min, state), extent: scalar(step.extent, state), body: block(step.body, state) },
      ];
    case "If":
      return [
        {
          ...step,
          condition: scalar(step.condition, state),
          then: block(step.then, state),
          otherwise: step.otherwise && block(step.otherwise, state),
        },
      ];
    case "While":
      return [{ ...step, condition: scalar(step.condition, state), body: block(step.body, state) }];
    case "Allocate":
    case "Async":
      return [{ ...step, body: block(step.body, state) }];
    case "Store":
      return splitStore(step, state);
    case "Let":
    case "Register":
      return splitBinder(step, state);
    case "Assign": {
      const parts = state.parts.get(step.variable);
      if (parts === undefined) return [{ ...step, value: slice(step.value, 0, step.value.lanes, state) }];
      return simultaneous(parts.map((part) => ({ part, value: slice(step.value, part.first, part.lanes, state) })));
    }
    default:
      return [
        rewrite<Stmt>(step, {
          Load: (load) => (load.lanes === 1 ? scalarLoad(load, state) : undefined),
          Shuffle: (node) => slice(node, 0, node.lanes, state),
        }),
      ];
  }
}

/** Parts of one variable, assigned as if at once. */
function simultaneous(values: readonly { readonly part: Part; readonly value: Expr }[]): readonly Step[] {
  if (values.length === 1) return values.map(({ part, value }) => build.assign(part.variable, value));
  const held = values.map(({ value }) => variable("part", value.dtype, value.lanes));
  return [
    ...values.map(({ value }, at) => build.let(held[at] as Var, value, sequence([]))),
    ...values.map(({ part }, at) => build.assign(part.variable, held[at] as Var)),
  ];
}

function splitStore(store: Store, state: State): readonly Step[] {
  const { value, predicate } = store;
  const [index] = store.indices;
  const b = at(store.span);
  if (index === undefined || value.lanes === 1) {
    const made = b.store(
      store.buffer,
      store.indices.map((each) => scalar(each, state)),
      scalar(value, state),
    );
    return [predicate === null ? made : b.when(scalar(predicate, state), made)];
  }
  const contiguous =
    spanOf(store.indices) !== undefined && (predicate === null || (state.capabilities.vector?.predicated ?? false));
  const most = contiguous ? legalLanes(store, state.capabilities) : 1;
  const parts = partition(value.lanes, most);
  // All lanes are computed before any is stored.
  const values = parts.map((part) => slice(value, part.first, part.lanes, state));
  const held = parts.map(({ lanes }) => variable("part", value.dtype, lanes));
  const readsBack = parts.length > 1 && reads(value, store);
  const lets = readsBack ? values.map((part, n) => build.let(held[n] as Var, part, sequence([]))) : [];
  const stores = parts.map((part, n): Stmt => {
    const [place, what] = [
      slice(index, part.first, part.lanes, state),
      readsBack ? (held[n] as Var) : (values[n] as Expr),
    ];
    const mask = predicate && slice(predicate, part.first, part.lanes, state);
    return mask !== null && part.lanes === 1
      ? b.when(mask, b.store(store.buffer, [place], what))
      : b.store(store.buffer, [place], what, mask);
  });
  return [...lets, ...stores];
}

function reads(value: Expr, store: Store): boolean {
  let found = false;
  visit(value, {
    Load: (load) => {
      if (load.buffer === store.buffer) found = true;
    },
  });
  return found;
}

function splitBinder(step: Extract<Step, { kind: "Let" | "Register" }>, state: State): readonly Step[] {
  const value = step.kind === "Let" ? step.value : step.initial;
  const parts = partition(value.lanes, legalLanes(value, state.capabilities));
  const bound = parts.map(
    (part): Part => ({
      ...part,
      variable:
        parts.length === 1 ? step.variable : variable(step.variable.name, value.dtype, part.lanes, step.variable.span),
    }),
  );
  if (parts.length > 1) state.parts.set(step.variable, bound);
  return bound.map((part): Step => {
    const piece = slice(value, part.first, part.lanes, state);
    return step.kind === "Let"
      ? { ...step, variable: part.variable, value: piece }
      : { ...step, variable: part.variable, initial: piece };
  });
}

const scalar = (expr: Expr, state: State): Expr => slice(expr, 0, expr.lanes, state);

/** Lanes `first .. first + lanes` of an expression; the expression itself, with its loads made legal, when that is all of them. */
function slice(expr: Expr, first: number, lanes: number, state: State): Expr {
  if (expr.lanes === 1 && expr.kind !== "Load" && expr.kind !== "Shuffle")
    return rewriteOperands(expr, (operand) => slice(operand, 0, operand.lanes, state));
  const cut = (operand: Expr): Expr =>
    operand.lanes === 1 ? slice(operand, 0, 1, state) : slice(operand, first, lanes, state);
  switch (expr.kind) {
    case "Var":
      return sliceVar(expr, first, lanes, state);
    case "Ramp": {
      const base = plus(slice(expr.base, 0, 1, state), times(expr.stride, int(first)));
      if (expr.dtype !== "index") return lanes === expr.lanes ? expr : pickLanes(expr, first, lanes);
      return lanes === 1 ? base : build.ramp(base, expr.stride, lanes);
    }
    case "Broadcast":
      return build.broadcast(slice(expr.operand, 0, 1, state), lanes);
    case "Shuffle":
      return sliceShuffle(expr, first, lanes, state);
    case "Load":
      return sliceLoad(expr, first, lanes, state);
    case "Call":
      return lanes === expr.lanes ? expr : pickLanes(expr, first, lanes);
    default:
      return { ...rewriteOperands(expr, cut), lanes } as Expr;
  }
}

function rewriteOperands(expr: Expr, cut: (operand: Expr) => Expr): Expr {
  switch (expr.kind) {
    case "Unary":
    case "Cast":
    case "Reinterpret":
      return { ...expr, operand: cut(expr.operand) };
    case "Binary":
      return { ...expr, left: cut(expr.left), right: cut(expr.right) };
    case "Select":
    case "IfThenElse":
      return { ...expr, condition: cut(expr.condition), whenTrue: cut(expr.whenTrue), whenFalse: cut(expr.whenFalse) };
    case "Call":
      return { ...expr, args: expr.args.map(cut) };
    default:
      return expr;
  }
}

const range = (first: number, lanes: number): readonly number[] =>
  Array.from({ length: lanes }, (_, lane) => first + lane);
export const pickLanes = (of: Expr, first: number, lanes: number): Expr => build.shuffle([of], range(first, lanes));

function sliceVar(expr: Var, first: number, lanes: number, state: State): Expr {
  const parts = state.parts.get(expr);
  if (parts === undefined) return lanes === expr.lanes ? expr : pickLanes(expr, first, lanes);
  const same = parts.find((part) => part.first === first && part.lanes === lanes);
  if (same !== undefined) return same.variable;
  const inside = parts.find((part) => part.first <= first && first + lanes <= part.first + part.lanes);
  if (inside !== undefined) return pickLanes(inside.variable, first - inside.first, lanes);
  const single = range(first, lanes).map((lane) => sliceVar(expr, lane, 1, state));
  return build.shuffle(single, range(0, lanes));
}

function sliceShuffle(expr: Extract<Expr, { kind: "Shuffle" }>, first: number, lanes: number, state: State): Expr {
  const sources = expr.vectors.flatMap((vector) => range(0, vector.lanes).map((lane) => ({ vector, lane })));
  const picked = expr.picks.slice(first, first + lanes).map((pick) => sources[pick]);
  const made = picked.map((source) =>
    source === undefined ? zero(expr.dtype) : slice(source.vector, source.lane, 1, state),
  );
  return lanes === 1 ? (made[0] ?? zero(expr.dtype)) : build.shuffle(made, range(0, lanes));
}

function sliceLoad(expr: Load, first: number, lanes: number, state: State): Expr {
  const [index] = expr.indices;
  if (index === undefined || expr.lanes === 1) return scalarLoad(expr, state);
  const predicated = expr.predicate === null || (state.capabilities.vector?.predicated ?? false);
  const place = slice(index, first, lanes, state);
  const contiguous = place.lanes === 1 || (place.kind === "Ramp" && constantOf(place.stride) === 1);
  if (lanes > 1 && !(contiguous && predicated)) {
    return build.shuffle(
      range(first, lanes).map((lane) => sliceLoad(expr, lane, 1, state)),
      range(0, lanes),
    );
  }
  const b = at(expr.span);
  const mask = expr.predicate && slice(expr.predicate, first, lanes, state);
  if (mask !== null && lanes === 1) return b.ifThenElse(mask, b.load(expr.buffer, [place]), zero(expr.dtype));
  return b.load(expr.buffer, [place], mask);
}

function scalarLoad(expr: Load, state: State): Expr {
  const b = at(expr.span);
  const made = b.load(
    expr.buffer,
    expr.indices.map((index) => slice(index, 0, index.lanes, state)),
  );
  return expr.predicate === null ? made : b.ifThenElse(slice(expr.predicate, 0, 1, state), made, zero(expr.dtype));
}
