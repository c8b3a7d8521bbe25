import { CompileError, callSite, type Span } from "@tilewright/diagnostics";
import {
  build, CONTRACT, type Combiner, constant, type DType, type Expr, type FastMath, type IterVar, isFloat, limitsOf, REASSOCIATE, type Reduce,
  rewrite, type Var, variable, visit,
} from "@tilewright/ir"; // biome-ignore format: a list
import * as errors from "./errors.js";
import { coerce, isBare, type Operand, toExpr } from "./operand.js";
import { axis, type Extent, toExtent } from "./tensor.js";

/**
 * An axis to fold over.
 * @param domain its extent, or `[min, extent]`
 * @throws CompileError `TE204` an extent that is no length.
 */
export function reduceAxis(domain: Extent | readonly [min: Extent, extent: Extent], name = "k"): IterVar {
  const span = callSite(reduceAxis);
  const what = `reduction axis \`${name}\``;
  const [min, extent] = Array.isArray(domain) ? (domain as readonly [Extent, Extent]) : [0, domain as Extent];
  return axis(name, toMin(min, what, span), toExtent(extent, what, span), "reduce", span);
}

function toMin(min: Extent, what: string, span: Span): Expr {
  if (typeof min === "number" && Number.isSafeInteger(min)) return build.int(min);
  return toExtent(min, what, span);
}

export interface ReduceOptions {
  /** Elements where it is false are left out. */
  readonly where?: Operand;
  /** Folded in once; the identity unless told. */
  readonly initial?: Operand;
  /** Floats: fold in the order of the axes, one rounding for each operation. Else the order is not promised. */
  readonly strict?: boolean;
}
/** One value folded over one or several axes. */
export type Reduction = (value: Operand, axes: IterVar | readonly IterVar[], options?: ReduceOptions) => Reduce;

/** How a tuple of values is folded: both functions give one expression for each value. */
export interface Reducer {
  readonly name?: string;
  /** What changes nothing, for the given types. */
  readonly identities: (...dtypes: readonly DType[]) => readonly Operand[];
  /** Must be commutative and associative as a whole. */
  readonly combine: (lhs: readonly Var[], rhs: readonly Var[]) => readonly Operand[];
}
export interface TupleReduceOptions extends Omit<ReduceOptions, "initial"> {
  readonly initial?: readonly Operand[];
}
/** Several values folded together. */
export type TupleReduction = (
  values: readonly Operand[],
  axes: IterVar | readonly IterVar[],
  options?: TupleReduceOptions,
) => readonly Reduce[];

function tupleOf(
  what: string,
  name: string,
  operands: readonly Operand[],
  dtypes: readonly DType[],
  own: ReadonlySet<Var> | null,
  span: Span,
): readonly Expr[] {
  const expected = `${dtypes.length} of ${dtypes.join(", ")}`;
  if (!Array.isArray(operands) || operands.length !== dtypes.length) {
    throw new CompileError(errors.badReducer(name, what, expected, `${operands?.length ?? "none"}`, span));
  }
  return operands.map((operand, position) => {
    const expr = coerce(operand, dtypes[position] ?? "index", span);
    if (expr.dtype !== dtypes[position])
      throw new CompileError(errors.badReducer(name, what, expected, expr.dtype, span));
    const foreign = own === null ? undefined : foreignTo(expr, own);
    if (foreign !== undefined)
      throw new CompileError(errors.badReducer(name, what, "expressions of the two sides alone", foreign, span));
    return expr;
  });
}

/** What an expression uses beside its own variables: a combiner is closed, so that it means the same wherever it folds. */
function foreignTo(expr: Expr, own: ReadonlySet<Var>): string | undefined {
  let found: string | undefined;
  visit(expr, {
    enter: (node) => {
      if (node.kind === "Read") found ??= `a read of \`${node.tensor.name}\``;
      if (node.kind === "Reduce" || node.kind === "Load" || node.kind === "Call") found ??= `a ${node.kind}`;
      if (node.kind === "Var" && !own.has(node)) found ??= `the variable \`${node.name}\``;
      return found === undefined;
    },
  });
  return found;
}

function combinerOf(reducer: Reducer, dtypes: readonly DType[], span: Span): Combiner {
  const { name = "custom", identities, combine } = reducer ?? {};
  if (typeof combine !== "function" || typeof identities !== "function")
    throw new CompileError(
      errors.badReducer(
        name,
        "functions",
        "functions `combine` and `identities`",
        typeof (combine ?? identities),
        span,
      ),
    );
  const side = (prefix: string): readonly Var[] =>
    dtypes.map((dtype, position) => variable(`${prefix}${position}`, dtype, 1, span));
  const lhs = side("lhs");
  const rhs = side("rhs");
  const results = tupleOf("results", name, combine(lhs, rhs), dtypes, new Set([...lhs, ...rhs]), span);
  return {
    kind: "Combiner",
    span,
    name,
    lhs,
    rhs,
    results,
    identities: tupleOf("identities", name, identities(...dtypes), dtypes, new Set(), span),
  };
}

function checkAxes(axes: IterVar | readonly IterVar[], span: Span): readonly IterVar[] {
  const list: readonly IterVar[] = Array.isArray(axes) ? axes : [axes as IterVar];
  const distinct = new Set(list).size === list.length;
  for (const each of list) {
    if (each?.kind !== "IterVar" || each.iterKind !== "reduce")
      throw new CompileError(errors.badReduceAxes(each, span));
  }
  if (list.length === 0 || !distinct) throw new CompileError(errors.badReduceAxes(axes, span));
  return list;
}

/** Lets a multiplication and the addition it feeds share one rounding; not in what is compared, as a choice must be the same everywhere. */
function contracted(source: Expr): Expr {
  return rewrite(source, {
    Binary: (node) => {
      if (!isFloat(node.left.dtype)) return undefined;
      if (!isFloat(node.dtype)) return uncontracted(node);
      return node.op === "mul" || node.op === "add" || node.op === "sub"
        ? { ...node, fast: node.fast | CONTRACT }
        : undefined;
    },
  });
}

/** @internal Takes back what `contracted` allows. */
export function uncontracted(source: Expr): Expr {
  return rewrite(source, {
    Binary: (node) => ((node.fast & CONTRACT) === 0 ? undefined : { ...node, fast: node.fast & ~CONTRACT }),
  });
}

function fold(
  reducer: Reducer,
  values: readonly Operand[],
  axes: IterVar | readonly IterVar[],
  options: TupleReduceOptions,
  span: Span,
): readonly Reduce[] {
  const name = reducer.name ?? "custom";
  const strict = options.strict ?? false;
  const plain = values.map((value) => {
    if (isBare(value)) throw new CompileError(errors.untypedNumbers(name, span));
    const source = toExpr(value, span);
    if (source.dtype === "index") throw new CompileError(errors.unheldType(`reduction \`${name}\``, span));
    return source;
  });
  const contracts = !strict && (name === "sum" || name === "prod");
  const sources = contracts ? plain.map(contracted) : plain;
  const dtypes = sources.map((source) => source.dtype);
  const combiner = combinerOf(reducer, dtypes, span);
  const condition = options.where === undefined ? null : coerce(options.where, "bool", span);
  if (condition !== null && condition.dtype !== "bool")
    throw new CompileError(errors.notACondition(name, condition, span));
  const initial =
    options.initial === undefined ? null : tupleOf("initial values", name, options.initial, dtypes, null, span);
  const folded = checkAxes(axes, span);
  const exact = !dtypes.some(isFloat);
  const fast: FastMath = exact ? REASSOCIATE : strict ? 0 : REASSOCIATE | (contracts ? CONTRACT : 0);
  return sources.map((source, valueIndex) => ({
    kind: "Reduce", span, dtype: source.dtype, lanes: 1, combiner, sources, axes: folded, condition, initial, valueIndex, fast,
  })); // biome-ignore format: one node
}

/**
 * A fold over tuples, as argmax, of a commutative and associative combination.
 * @returns a function that folds values over axes, giving one expression for each value
 * @throws CompileError `TE209` axes · `TE210` the tuple does not fit; each when the returned function is called.
 */
export function commReducer(reducer: Reducer): TupleReduction {
  const reduction: TupleReduction = (values, axes, options = {}) => {
    const span = callSite(reduction);
    if (!Array.isArray(values) || values.length === 0) throw new CompileError(errors.notAnOperand(values, span));
    return fold(reducer, values, axes, options, span);
  };
  return reduction;
}

/** A fold of one value with a built-in combination. */
function reduction(name: string, combine: (a: Var, b: Var) => Expr, identity: (dtype: DType) => Expr): Reduction {
  const reducer: Reducer = {
    name,
    identities: (dtype = "float32") => [identity(dtype)],
    combine: ([a], [b]) => (a === undefined || b === undefined ? [] : [combine(a, b)]),
  };
  const builder: Reduction = (value, axes, options = {}) => {
    const span = callSite(builder);
    const { initial, ...rest } = options;
    const [folded] = fold(reducer, [value], axes, initial === undefined ? rest : { ...rest, initial: [initial] }, span);
    if (folded === undefined) throw new CompileError(errors.notAnOperand(value, span));
    if (folded.dtype === "bool") throw new CompileError(errors.unacceptedType(name, "a number type", folded, span));
    return folded;
  };
  return builder;
}

/** Σ over axes. Floats: the order of the additions is not promised unless `strict`. */
export const sum = reduction(
  "sum",
  (a, b) => build.add(a, b),
  (dtype) => constant(0, dtype),
);
/** Π over axes. Floats: the order of the multiplications is not promised unless `strict`. */
export const prod = reduction(
  "prod",
  (a, b) => build.mul(a, b),
  (dtype) => constant(1, dtype),
);
/** The smallest value over axes; `minimum` is the smaller of two. */
export const min = reduction(
  "min",
  (a, b) => build.binary("min", a, b),
  (dtype) => limitsOf(dtype).max,
);
/** The largest value over axes; `maximum` is the larger of two. */
export const max = reduction(
  "max",
  (a, b) => build.binary("max", a, b),
  (dtype) => limitsOf(dtype).min,
);
