// A statement for one value of a loop variable becomes the statement for several consecutive values at once, one in each lane.
import {
  at, type Buffer, build, type Expr, int, type Load, type Node, type Replacement, type Rules, rewrite, type Stmt, type Store, sequence, substitute, type Var,
  variable, visit,
} from "@tilewright/ir"; // biome-ignore format: a list
import { constantOf, plus, times } from "./index-arithmetic.js";

export interface LaneReport {
  /** Lanes of `buffer` are read or written one by one. */
  gathered(buffer: Buffer): void;
  /** The loop cannot become lanes. */
  serial(reason: string): void;
  /** Every lane writes the same element. */
  carried(buffer: Buffer): void;
}

class Unvectorizable {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

/** `body` for `loopVar` = `base`, `base + 1`, … in `lanes` lanes; undefined, after a report, where that cannot be. */
export function toLanes(body: Stmt, loopVar: Var, base: Expr, lanes: number, report: LaneReport): Stmt | undefined {
  try {
    return rewrite(body, laneRules(loopVar, base, lanes, report));
  } catch (reason) {
    if (!(reason instanceof Unvectorizable)) throw reason;
    if (reason.reason !== "") report.serial(reason.reason);
    return undefined;
  }
}

interface Lanes {
  readonly loopVar: Var;
  readonly base: Expr;
  readonly lanes: number;
  readonly report: LaneReport;
  readonly rules: Rules;
  /** Scalar variables of the body and the vectors that hold them now. */
  readonly vectors: Map<Var, Var>;
  /** Buffers allocated in the body, which have one copy for each lane. */
  readonly privates: Map<Buffer, Buffer>;
}

function laneRules(loopVar: Var, base: Expr, lanes: number, report: LaneReport): Rules {
  const state: Lanes = { loopVar, base, lanes, report, rules: {}, vectors: new Map(), privates: new Map() };
  const rules: Rules = { ...expressionRules(state), ...statementRules(state) };
  Object.assign(state.rules, rules);
  return rules;
}

const fail = (reason: string): never => {
  throw new Unvectorizable(reason);
};

function widen(expr: Expr, lanes: number): Expr {
  return expr.lanes === lanes ? expr : at(expr.span).broadcast(expr, lanes);
}

function expressionRules(state: Lanes): Rules {
  const { lanes, loopVar, base } = state;
  const ramp = build.ramp(base, int(1), lanes);
  const wide = (...exprs: readonly Expr[]): boolean => exprs.some((expr) => expr.lanes > 1);
  return {
    Var: (node) => (node === loopVar ? ramp : state.vectors.get(node)),
    Unary: (node) => (wide(node.operand) ? { ...node, lanes } : undefined),
    Cast: (node) => (wide(node.operand) ? { ...node, lanes } : undefined),
    Reinterpret: (node) => (wide(node.operand) ? { ...node, lanes } : undefined),
    Binary: (node) => {
      if (!wide(node.left, node.right)) return undefined;
      const address = node.dtype === "index" ? addressOf(node.op, node.left, node.right, lanes) : undefined;
      return address ?? { ...node, lanes, left: widen(node.left, lanes), right: widen(node.right, lanes) };
    },
    Select: (node) => {
      if (!wide(node.condition, node.whenTrue, node.whenFalse)) return undefined;
      return { ...node, lanes, whenTrue: widen(node.whenTrue, lanes), whenFalse: widen(node.whenFalse, lanes) };
    },
    IfThenElse: { enter: (node) => conditional(node, state) },
    Load: { enter: (node) => loadLanes(node, state) },
    Ramp: () => fail("its body holds vectors already"),
    Broadcast: () => fail("its body holds vectors already"),
    Shuffle: () => fail("its body holds vectors already"),
    Call: (node) => (wide(...node.args) ? fail(`\`${node.intrinsic}\` takes scalars`) : undefined),
  };
}

/** Sums and products of ramps stay ramps; a quotient or remainder whose lanes are known constants becomes a ramp or a broadcast. */
function addressOf(op: string, left: Expr, right: Expr, lanes: number): Expr | undefined {
  const a = asRamp(left);
  const b = asRamp(right);
  if (a === undefined || b === undefined) return undefined;
  const made = (base: Expr, stride: Expr): Expr =>
    constantOf(stride) === 0 ? build.broadcast(base, lanes) : build.ramp(base, stride, lanes);
  if (op === "add") return made(plus(a.base, b.base), plus(a.stride, b.stride));
  if (op === "sub" && constantOf(b.stride) === 0) return made(plus(a.base, times(b.base, int(-1))), a.stride);
  if (op === "mul" && constantOf(b.stride) === 0) return made(times(a.base, b.base), times(a.stride, b.base));
  if (op === "mul" && constantOf(a.stride) === 0) return made(times(a.base, b.base), times(b.stride, a.base));
  const [start, step, by] = [constantOf(a.base), constantOf(a.stride), constantOf(b.base)];
  if (start === undefined || step === undefined || by === undefined || by <= 0 || constantOf(b.stride) !== 0)
    return undefined;
  if (op !== "floordiv" && op !== "floormod") return undefined;
  const values = Array.from({ length: lanes }, (_, lane) => {
    const quotient = Math.floor((start + lane * step) / by);
    return op === "floordiv" ? quotient : start + lane * step - quotient * by;
  });
  const stride = (values[1] ?? 0) - (values[0] ?? 0);
  const even = values.every((value, lane) => value === (values[0] ?? 0) + lane * stride);
  return even ? made(int(values[0] ?? 0), int(stride)) : undefined;
}

function asRamp(expr: Expr): { readonly base: Expr; readonly stride: Expr } | undefined {
  if (expr.lanes === 1) return { base: expr, stride: int(0) };
  if (expr.kind === "Ramp") return expr;
  if (expr.kind === "Broadcast") return { base: expr.operand, stride: int(0) };
  return undefined;
}

const inLanes = <N extends Node>(node: N, state: Lanes): N => rewrite(node, state.rules);

/** `original` (scalar) computed lane by lane. */
function laneByLane(original: Expr, state: Lanes): Expr {
  const scalars = Array.from({ length: state.lanes }, (_, lane) => oneLane(original, lane, state));
  return at(original.span).shuffle(
    scalars,
    Array.from({ length: state.lanes }, (_, lane) => lane),
  );
}

function oneLane<N extends Expr | Stmt>(original: N, lane: number, state: Lanes): N {
  let usesPrivate = false;
  visit(original, {
    Load: (node) => {
      if (state.privates.has(node.buffer)) usesPrivate = true;
    },
    Store: (node) => {
      if (state.privates.has(node.buffer)) usesPrivate = true;
    },
  });
  if (usesPrivate) fail("lanes of a buffer allocated inside it are accessed one by one");
  const values = new Map<Var, Expr>([[state.loopVar, plus(state.base, int(lane))]]);
  for (const [scalar, vector] of state.vectors) values.set(scalar, build.shuffle([vector], [lane]));
  return substitute(original, values);
}

function conditional(node: Extract<Expr, { kind: "IfThenElse" }>, state: Lanes): Expr {
  const condition = inLanes<Expr>(node.condition, state);
  if (condition.lanes > 1 && (touchesMemory(node.whenTrue) || touchesMemory(node.whenFalse))) {
    visit(node, { Load: (load) => void state.report.gathered(load.buffer) });
    return laneByLane(node, state);
  }
  const whenTrue = inLanes<Expr>(node.whenTrue, state);
  const whenFalse = inLanes<Expr>(node.whenFalse, state);
  const lanes = Math.max(condition.lanes, whenTrue.lanes, whenFalse.lanes);
  const kind = condition.lanes > 1 ? "Select" : "IfThenElse";
  return { ...node, kind, lanes, condition, whenTrue: widen(whenTrue, lanes), whenFalse: widen(whenFalse, lanes) };
}

function touchesMemory(expr: Expr): boolean {
  let found = false;
  visit(expr, {
    Load: () => {
      found = true;
    },
    Call: () => {
      found = true;
    },
  });
  return found;
}

type AccessKind = { readonly kind: "same" | "lanes" | "apart"; readonly indices: readonly Expr[] };

/** How lanes spread over an access: all on one element, on neighbours, or anywhere. */
function classify(indices: readonly Expr[], state: Lanes): AccessKind {
  const moved = indices.map((index) => {
    const lanes = inLanes(index, state);
    return lanes.kind === "Broadcast" ? lanes.operand : lanes;
  });
  if (moved.every((index) => index.lanes === 1)) return { kind: "same", indices: moved };
  const last = moved[moved.length - 1];
  const contiguous = last?.kind === "Ramp" && constantOf(last.stride) === 1;
  const others = moved.slice(0, -1).every((index) => index.lanes === 1);
  return { kind: contiguous && others ? "lanes" : "apart", indices: moved };
}

function privateIndices(indices: readonly Expr[], state: Lanes): readonly Expr[] {
  const { kind, indices: moved } = classify(indices, state);
  if (kind !== "same") fail("a buffer allocated inside it is indexed by it");
  return [...moved, build.ramp(int(0), int(1), state.lanes)];
}

function loadLanes(node: Load, state: Lanes): Expr {
  if (node.predicate !== null) return fail("its body holds predicates");
  const own = state.privates.get(node.buffer);
  if (own !== undefined) return at(node.span).load(own, privateIndices(node.indices, state));
  const { kind, indices } = classify(node.indices, state);
  if (kind === "same") return { ...node, indices };
  if (kind === "lanes") return { ...node, lanes: state.lanes, indices };
  state.report.gathered(node.buffer);
  return laneByLane(node, state);
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
    let readsItself = false;
    visit(node.value, {
      Load: (load) => {
        readsItself = readsItself || load.buffer === node.buffer;
      },
    });
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

function statementRules(state: Lanes): Rules {
  const { lanes } = state;
  const scalarOnly = (expr: Expr, what: string): undefined =>
    expr.lanes > 1 ? fail(`${what} differs between its iterations`) : undefined;
  const never = (what: string) => ({ enter: () => fail(`its body holds ${what}`) });
  const vectorOf = (scalar: Var): Var => {
    const vector = variable(scalar.name, scalar.dtype, lanes, scalar.span);
    state.vectors.set(scalar, vector);
    return vector;
  };
  return {
    Store: { enter: (node) => storeLanes(node, state) },
    If: (node) => scalarOnly(node.condition, "a condition"),
    Assert: (node) => scalarOnly(node.condition, "an assertion"),
    For: (node) => scalarOnly(node.min, "an inner loop's start") ?? scalarOnly(node.extent, "an inner loop's extent"),
    Let: {
      enter(node): Replacement<"Let"> | undefined {
        const value = inLanes(node.value, state);
        if (value.lanes === 1) return { ...node, value, body: inLanes(node.body, state) };
        return { ...node, variable: vectorOf(node.variable), value, body: inLanes(node.body, state) };
      },
    },
    Register: {
      enter(node) {
        const initial = widen(inLanes(node.initial, state), lanes);
        return { ...node, initial, variable: vectorOf(node.variable), body: inLanes(node.body, state) };
      },
    },
    Assign: (node) => {
      const target = state.vectors.get(node.variable);
      if (target !== undefined) return { ...node, variable: target, value: widen(node.value, lanes) };
      return fail(`it assigns \`${node.variable.name}\`, which is outside of it`);
    },
    Allocate: {
      enter(node) {
        const { buffer } = node;
        if (buffer.strides !== null) return fail("its body allocates a strided buffer");
        const own: Buffer = { ...buffer, shape: [...buffer.shape, int(lanes)] };
        state.privates.set(buffer, own);
        return { ...node, buffer: own, body: inLanes(node.body, state) };
      },
    },
    Evaluate: never("a call"),
    While: never("a while loop"),
    Atomic: never("an atomic operation"),
    Barrier: never("a barrier"),
    Async: never("an asynchronous copy"),
    PushToken: never("a token"),
    PopToken: never("a token"),
    Synchronize: never("a synchronization"),
    KernelCall: never("a call of a kernel"),
    ParallelCall: never("a parallel call"),
  };
}
