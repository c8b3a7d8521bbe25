import { NO_SPAN } from "@tilewright/diagnostics";
import {
  type BinaryOp,
  build,
  type Combiner,
  type DType,
  type Expr,
  type IterKind,
  type IterVar,
  int,
  isFloat,
  limitsOf,
  type Operation,
  type Read,
  type Reduce,
  type Tensor,
  variable,
} from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import type fc from "fast-check";
import { arbitraryFromTape, type Tape } from "./tape.js";

/** Tensor expressions from placeholders to outputs. `inputs` are the placeholders in use; `tensors` all, in topological order. */
export interface TensorProgram {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly tensors: readonly Tensor[];
}

export interface TensorProgramOptions {
  /** Element type of all tensors; float32 unless told. */
  readonly dtype?: DType;
  /** Computes; 5 unless told. */
  readonly maxComputes?: number;
  /** Extents; 13 unless told. */
  readonly maxExtent?: number;
}

const EXTENTS = [1, 2, 3, 4, 5, 7, 8, 11, 12, 13];
/** Values stay integers of at most this magnitude, so that a sum in any order is exact. */
const LIMIT = 2 ** 20;
const INPUT_BOUND = 9;

interface Made {
  readonly tensor: Tensor;
  readonly extents: readonly number[];
  readonly bound: number;
}

/**
 * Random programs of one to five computes: elementwise, broadcasts, stencils with guarded reads, transposes, reductions by sum, max and
 * min; several consumers of one tensor. With inputs that are integers of magnitude ≤ 9 every result is exact, in any order of summation.
 */
export function arbitraryTensorProgram(options: TensorProgramOptions = {}): fc.Arbitrary<TensorProgram> {
  const { dtype = "float32", maxComputes = 5, maxExtent = 13 } = options;
  const extents = EXTENTS.filter((extent) => extent <= maxExtent);
  return arbitraryFromTape(
    (tape) => randomProgram(tape, dtype, maxComputes, extents),
    (program) => print(program.outputs),
    80,
  );
}

function randomProgram(tape: Tape, dtype: DType, maxComputes: number, choices: readonly number[]): TensorProgram {
  const shape = (rank: number): number[] => Array.from({ length: rank }, () => tape.pick(choices));
  const made: Made[] = Array.from({ length: 1 + tape.below(2) }, (_, k) =>
    placeholder(`p${k}`, dtype, shape(1 + tape.below(3))),
  );
  const count = 1 + tape.below(maxComputes);
  for (let k = 0; k < count; k++) made.push(randomCompute(tape, made, `t${k}`));
  const read = new Set(made.flatMap(({ tensor }) => readBy(tensor.operation)));
  const outputs = made
    .map(({ tensor }) => tensor)
    .filter((tensor) => tensor.operation.kind === "Compute" && !read.has(tensor));
  const tensors = made.map(({ tensor }) => tensor);
  return {
    inputs: tensors.filter((tensor) => tensor.operation.kind === "Placeholder" && read.has(tensor)),
    outputs,
    tensors,
  };
}

/** The tensors that an operation reads. */
function readBy(operation: Operation): Tensor[] {
  const found: Tensor[] = [];
  const look = (expr: Expr | null): void => {
    if (expr === null) return;
    if (expr.kind === "Read") found.push(expr.tensor);
    if (expr.kind === "Reduce") expr.sources.forEach(look);
    if (expr.kind === "Binary") [expr.left, expr.right].forEach(look);
    if (expr.kind === "IfThenElse" || expr.kind === "Select") [expr.whenTrue, expr.whenFalse].forEach(look);
    if (expr.kind === "Unary") look(expr.operand);
  };
  if (operation.kind === "Compute") operation.bodies.forEach(look);
  return found;
}

const node = { span: NO_SPAN } as const;

function tensorOf(name: string, dtype: DType, extents: readonly number[], operation: Operation): Tensor {
  return {
    kind: "Tensor",
    ...node,
    name,
    dtype,
    shape: extents.map((extent) => int(extent)),
    operation,
    outputIndex: 0,
  };
}

function placeholder(name: string, dtype: DType, extents: readonly number[]): Made {
  return {
    tensor: tensorOf(name, dtype, extents, { kind: "Placeholder", ...node, name }),
    extents,
    bound: INPUT_BOUND,
  };
}

function axis(name: string, extent: number, iterKind: IterKind): IterVar {
  return { kind: "IterVar", ...node, name, variable: variable(name), min: int(0), extent: int(extent), iterKind };
}

function read({ tensor }: Made, indices: readonly Expr[]): Read {
  return { kind: "Read", ...node, dtype: tensor.dtype, lanes: 1, tensor, indices };
}

function compute(name: string, axes: readonly IterVar[], extents: readonly number[], body: Expr, bound: number): Made {
  const operation: Operation = { kind: "Compute", ...node, name, axes, bodies: [body], attributes: {} };
  return { tensor: tensorOf(name, body.dtype, extents, operation), extents, bound };
}

function randomCompute(tape: Tape, made: readonly Made[], name: string): Made {
  const source = tape.pick([...made].reverse());
  if (source.extents.length === 0) return elementwise(tape, source, name);
  switch (tape.below(7)) {
    case 1:
      return combine(tape, made, source, name);
    case 2:
      return stencil(tape, source, name);
    case 3:
    case 4:
      return reduce(tape, source, name);
    case 5:
      return transpose(source, name);
    case 6:
      return contract(tape, made, source, name) ?? combine(tape, made, source, name);
    default:
      return elementwise(tape, source, name);
  }
}

const dataAxes = (extents: readonly number[]): IterVar[] => extents.map((extent, d) => axis(`i${d}`, extent, "data"));
const variablesOf = (axes: readonly IterVar[]): Expr[] => axes.map((each) => each.variable);

function elementwise(tape: Tape, source: Made, name: string): Made {
  const axes = dataAxes(source.extents);
  const value = read(source, variablesOf(axes));
  const { dtype } = source.tensor;
  const constant = build.const(1 + tape.below(3), dtype);
  switch (tape.below(4)) {
    case 1:
      return compute(name, axes, source.extents, build.binary("max", value, build.const(0, dtype)), source.bound);
    case 2:
      return source.bound * 3 > LIMIT
        ? compute(name, axes, source.extents, build.unary("neg", value), source.bound)
        : compute(name, axes, source.extents, build.mul(value, constant), source.bound * 3);
    case 3:
      return compute(name, axes, source.extents, build.unary("abs", value), source.bound);
    default:
      return compute(name, axes, source.extents, build.add(value, constant), source.bound + 3);
  }
}

/** Two tensors; the second is broadcast: read at 0 where its extent differs, along trailing dimensions. */
function combine(tape: Tape, made: readonly Made[], a: Made, name: string): Made {
  const b = tape.pick(made);
  const axes = dataAxes(a.extents);
  const offset = a.extents.length - b.extents.length;
  const indices = b.extents.map((extent, d): Expr => {
    const own = axes[d + offset];
    return own !== undefined && a.extents[d + offset] === extent ? own.variable : int(0);
  });
  const ops: readonly BinaryOp[] = [
    "add",
    "sub",
    "max",
    "min",
    ...(a.bound * b.bound <= LIMIT ? (["mul"] as const) : []),
  ];
  const op = tape.pick(ops);
  const bound = op === "mul" ? a.bound * b.bound : a.bound + b.bound;
  return compute(name, axes, a.extents, build.binary(op, read(a, variablesOf(axes)), read(b, indices)), bound);
}

/** A neighbour on each side of the last axis, 0 outside, by guarded reads. */
function stencil(tape: Tape, source: Made, name: string): Made {
  const axes = dataAxes(source.extents);
  const position = tape.below(axes.length);
  const extent = source.extents[position] ?? 1;
  const center = variablesOf(axes);
  const at = (shift: number): Expr => {
    const index = build.add(center[position] as Expr, int(shift));
    const inside = build.binary("and", build.binary("ge", index, int(0)), build.binary("lt", index, int(extent)));
    const moved = read(source, center.with(position, index));
    return build.ifThenElse(inside, moved, build.const(0, source.tensor.dtype));
  };
  const body = build.add(build.add(at(-1), read(source, center)), at(1 + tape.below(2)));
  return compute(name, axes, source.extents, body, source.bound * 3);
}

function transpose(source: Made, name: string): Made {
  const extents = [...source.extents].reverse();
  const axes = dataAxes(extents);
  return compute(name, axes, extents, read(source, variablesOf(axes).reverse()), source.bound);
}

/** A built-in fold. */
function combiner(name: "sum" | "max" | "min", dtype: DType): Combiner {
  const [x, y] = [variable("x", dtype), variable("y", dtype)];
  const identity = name === "sum" ? build.const(0, dtype) : name === "max" ? limitsOf(dtype).min : limitsOf(dtype).max;
  const result = build.binary(name === "sum" ? "add" : name, x, y);
  return { kind: "Combiner", ...node, name, lhs: [x], rhs: [y], results: [result], identities: [identity] };
}

function fold(name: "sum" | "max" | "min", source: Expr, axes: readonly IterVar[]): Reduce {
  const how = { combiner: combiner(name, source.dtype), condition: null, initial: null, valueIndex: 0, fast: 0 };
  return { kind: "Reduce", ...node, dtype: source.dtype, lanes: 1, sources: [source], axes, ...how };
}

/** Some axes folded; at least one of two stays or the result has rank 0. */
function reduce(tape: Tape, source: Made, name: string): Made {
  const folded = source.extents.map((_, d) => (d === source.extents.length - 1 ? !tape.once(4) : tape.once(3)));
  if (!folded.includes(true)) folded[0] = true;
  const all = source.extents.map((extent, d) =>
    folded[d] ? axis(`r${d}`, extent, "reduce") : axis(`i${d}`, extent, "data"),
  );
  const kept = all.filter((_, d) => !folded[d]);
  const extents = source.extents.filter((_, d) => !folded[d]);
  const count = source.extents.filter((_, d) => folded[d]).reduce((product, extent) => product * extent, 1);
  const isSum = source.bound * count <= LIMIT && !tape.once(3);
  const kind = isSum ? "sum" : tape.pick(["max", "min"] as const);
  const body = fold(
    kind,
    read(source, variablesOf(all)),
    all.filter((_, d) => folded[d]),
  );
  return compute(name, kept, extents, body, isSum ? source.bound * count : source.bound);
}

/** A matrix product over the last axis of one tensor and an axis of another with the same extent. */
function contract(tape: Tape, made: readonly Made[], a: Made, name: string): Made | null {
  const depth = a.extents.at(-1) ?? 1;
  const partners = made.filter((each) => each.extents.length <= 2 && each.extents.includes(depth));
  if (partners.length === 0) return null;
  const b = tape.pick(partners);
  const bound = a.bound * b.bound * depth;
  if (bound > LIMIT) return null;
  const k = axis("k", depth, "reduce");
  const along = b.extents.indexOf(depth);
  const rest = b.extents.filter((_, d) => d !== along);
  const extents = [...a.extents.slice(0, -1), ...rest];
  const axes = dataAxes(extents);
  const left = variablesOf(axes.slice(0, a.extents.length - 1));
  const right = variablesOf(axes.slice(a.extents.length - 1));
  right.splice(along, 0, k.variable);
  const product = build.mul(read(a, [...left, k.variable]), read(b, right));
  return compute(name, axes, extents, fold("sum", product, [k]), bound);
}

/** True for types whose sums the bounds above keep exact. */
export const isExactType = (dtype: DType): boolean => !isFloat(dtype) || dtype === "float32" || dtype === "float64";
