// A scalar expression for one value of a loop variable becomes the expression for several consecutive values, one in each lane.
import {
  at,
  type Buffer,
  build,
  type Expr,
  int,
  type Load,
  operandsOf,
  type Stmt,
  substitute,
  type Var,
  visit,
  withOperands,
} from "@tilewright/ir";
import { constantOf, plus, times } from "./index-arithmetic.js";
import { postorder, someExpr } from "./operands.js";

export interface LaneReport {
  /** Lanes of `buffer` are read or written one by one. */
  gathered(buffer: Buffer): void;
  /** The loop cannot become lanes. */
  serial(reason: string): void;
  /** Every lane writes the same element. */
  carried(buffer: Buffer): void;
}

/** Thrown by what has no lanes; caught at the loop. */
export class Unvectorizable {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export const fail = (reason: string): never => {
  throw new Unvectorizable(reason);
};

/** What is known while one loop's body becomes lanes. */
export interface Lanes {
  readonly loopVar: Var;
  readonly base: Expr;
  readonly lanes: number;
  readonly report: LaneReport;
  /** Expressions that are done. */
  readonly done: Map<Expr, Expr>;
  /** Scalar variables of the body and the vectors that hold them now. */
  readonly vectors: Map<Var, Var>;
  /** Buffers allocated in the body, which have one copy for each lane. */
  readonly privates: Map<Buffer, Buffer>;
}

export function widen(expr: Expr, lanes: number): Expr {
  return expr.lanes === lanes ? expr : at(expr.span).broadcast(expr, lanes);
}

/** The lanes of `expr`; scalar when they are all equal. */
export function inLanes(expr: Expr, state: Lanes): Expr {
  return postorder(expr, state.done, (node) => lanesOfNode(node, state));
}

/** One node whose operands are done. */
function lanesOfNode(node: Expr, state: Lanes): Expr {
  if (node.kind === "Const") return node;
  if (node.kind === "Var")
    return node === state.loopVar ? build.ramp(state.base, int(1), state.lanes) : (state.vectors.get(node) ?? node);
  if (node.lanes > 1) return fail("its body holds vectors already");
  const operands = operandsOf(node).map((operand) => state.done.get(operand) as Expr);
  if (node.kind === "Load") return loadLanes(node, state);
  if (operands.every((operand) => operand.lanes === 1)) return withOperands(node, operands);
  const { lanes } = state;
  const wide = operands.map((operand) => widen(operand, lanes));
  switch (node.kind) {
    case "Binary": {
      const [left, right] = operands as [Expr, Expr];
      const address = node.dtype === "index" ? addressOf(node.op, left, right, lanes) : undefined;
      return address ?? { ...node, lanes, left: wide[0] as Expr, right: wide[1] as Expr };
    }
    case "Select":
      return { ...node, lanes, condition: operands[0] as Expr, whenTrue: wide[1] as Expr, whenFalse: wide[2] as Expr };
    case "IfThenElse":
      return chosenLanes(node, operands as [Expr, Expr, Expr], state);
    case "Unary":
    case "Cast":
    case "Reinterpret":
      return { ...node, lanes, operand: operands[0] as Expr };
    default:
      return fail("it holds a call, or picks of lanes");
  }
}

/** A choice by lanes evaluates both arms, so arms that touch memory are taken lane by lane. */
function chosenLanes(
  node: Extract<Expr, { kind: "IfThenElse" }>,
  [condition, whenTrue, whenFalse]: [Expr, Expr, Expr],
  state: Lanes,
): Expr {
  const { lanes } = state;
  const touches = (arm: Expr): boolean => someExpr(arm, ({ kind }) => kind === "Load" || kind === "Call");
  if (condition.lanes > 1 && (touches(node.whenTrue) || touches(node.whenFalse))) {
    visit(node, { Load: (load) => state.report.gathered(load.buffer) });
    return laneByLane(node, state);
  }
  const kind = condition.lanes > 1 ? "Select" : "IfThenElse";
  return { ...node, kind, lanes, condition, whenTrue: widen(whenTrue, lanes), whenFalse: widen(whenFalse, lanes) };
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

/** `original` (scalar) computed lane by lane. */
function laneByLane(original: Expr, state: Lanes): Expr {
  const scalars = Array.from({ length: state.lanes }, (_, lane) => oneLane(original, lane, state));
  return at(original.span).shuffle(
    scalars,
    Array.from({ length: state.lanes }, (_, lane) => lane),
  );
}

export function oneLane<N extends Expr | Stmt>(original: N, lane: number, state: Lanes): N {
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

type AccessKind = { readonly kind: "same" | "lanes" | "apart"; readonly indices: readonly Expr[] };

/** How lanes spread over an access: all on one element, on neighbours, or anywhere. */
export function classify(indices: readonly Expr[], state: Lanes): AccessKind {
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

export function privateIndices(indices: readonly Expr[], state: Lanes): readonly Expr[] {
  const { kind, indices: moved } = classify(indices, state);
  if (kind !== "same") fail("a buffer allocated inside it is indexed by it");
  return [...moved, build.ramp(int(0), int(1), state.lanes)];
}

function loadLanes(node: Load, state: Lanes): Expr {
  if (node.predicate !== null) return fail("its body holds predicates");
  const own = state.privates.get(node.buffer);
  if (own !== undefined) return at(node.span).load(own, privateIndices(node.indices, state));
  const { kind, indices } = classify(node.indices, state);
  if (kind === "same") return withOperands(node, indices);
  if (kind === "lanes") return { ...node, lanes: state.lanes, indices };
  state.report.gathered(node.buffer);
  return laneByLane(node, state);
}
