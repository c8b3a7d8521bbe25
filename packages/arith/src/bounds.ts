import {
  type BinaryOp,
  bitsOf,
  type DType,
  type Expr,
  isInteger,
  isSigned,
  operandsOf,
  type Var,
} from "@tilewright/ir";
import {
  addIntervals, converted, floorDivideIntervals, floorModuloIntervals, hull, type Interval, intersect, maxIntervals, minIntervals, multiplyIntervals,
  point, scaleInterval, subtractIntervals, truncateDivideIntervals, truncateModuloIntervals, UNBOUNDED, within,
} from "./interval.js"; // biome-ignore format: a list

/** Values that a variable takes, both ends included. */
export type Ranges = ReadonlyMap<Var, Interval>;

/** Every value of a type; truth values count as 0 and 1. */
export function rangeOf(dtype: DType): Interval {
  if (dtype === "bool") return { min: 0, max: 1 };
  if (!isInteger(dtype)) return UNBOUNDED;
  const bits = bitsOf(dtype);
  if (bits === 64) return isSigned(dtype) ? UNBOUNDED : { min: 0, max: Number.POSITIVE_INFINITY };
  return isSigned(dtype) ? { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 } : { min: 0, max: 2 ** bits - 1 };
}

const OPERATIONS: { readonly [Op in BinaryOp]?: (x: Interval, y: Interval) => Interval } = {
  add: addIntervals,
  sub: subtractIntervals,
  mul: multiplyIntervals,
  floordiv: floorDivideIntervals,
  floormod: floorModuloIntervals,
  truncdiv: truncateDivideIntervals,
  truncmod: truncateModuloIntervals,
  min: minIntervals,
  max: maxIntervals,
};

/** Bounds of a node, given those of its children. Sound for wrapping types: what may wrap has the range of its type. */
export function nodeBounds(node: Expr, boundsOfChild: (child: Expr) => Interval, ranges: Ranges): Interval {
  const type = rangeOf(node.dtype);
  switch (node.kind) {
    case "Const":
      return typeof node.value === "number" && !Number.isInteger(node.value)
        ? UNBOUNDED
        : converted(Number(node.value));
    case "Var": {
      const known = ranges.get(node);
      return known === undefined ? type : intersect(known, type);
    }
    case "Unary": {
      const operand = boundsOfChild(node.operand);
      if (node.op === "neg") return fitting(scaleInterval(operand, -1), type, node.dtype);
      if (node.op === "abs") return fitting(maxIntervals(operand, scaleInterval(operand, -1)), type, node.dtype);
      return type;
    }
    case "Binary": {
      const operation = OPERATIONS[node.op];
      if (operation === undefined || (node.dtype !== "index" && !isInteger(node.dtype))) return type;
      return fitting(operation(boundsOfChild(node.left), boundsOfChild(node.right)), type, node.dtype);
    }
    case "Select":
    case "IfThenElse":
      return hull(boundsOfChild(node.whenTrue), boundsOfChild(node.whenFalse));
    case "Cast":
      return integral(node.operand.dtype) && integral(node.dtype)
        ? fitting(boundsOfChild(node.operand), type, node.dtype)
        : type;
    case "Broadcast":
      return boundsOfChild(node.operand);
    case "Ramp": {
      const last = scaleInterval(boundsOfChild(node.stride), node.lanes - 1);
      return fitting(addIntervals(boundsOfChild(node.base), hull(point(0), last)), type, node.dtype);
    }
    case "Shuffle":
      return node.vectors
        .map(boundsOfChild)
        .reduce(hull, { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY });
    default:
      return type;
  }
}

const integral = (dtype: DType): boolean => dtype === "index" || isInteger(dtype);

/** `index` does not overflow; another type keeps a result only when it cannot wrap. */
function fitting(x: Interval, type: Interval, dtype: DType): Interval {
  if (dtype === "index") return x;
  if (bitsOf(dtype) === 64 && !(Number.isFinite(x.min) && Number.isFinite(x.max))) return type;
  return within(x, type.min, type.max) ? x : type;
}

/**
 * Constant bounds of an integer expression (of all lanes), both ends included; ±Infinity where nothing is known. Linear time,
 * independent of nesting. Each occurrence of a variable counts on its own: `simplify` first where they should cancel.
 * @param ranges of variables; others may take every value of their type
 */
export function boundsOf(expr: Expr, ranges: Ranges = new Map()): Interval {
  const done = new Map<Expr, Interval>();
  const get = (child: Expr): Interval => done.get(child) ?? UNBOUNDED;
  const stack: Expr[] = [expr];
  while (stack.length > 0) {
    const node = stack[stack.length - 1] as Expr;
    if (done.has(node)) {
      stack.pop();
      continue;
    }
    const missing = operandsOf(node).filter((child) => !done.has(child));
    if (missing.length > 0) {
      stack.push(...missing);
      continue;
    }
    stack.pop();
    done.set(node, nodeBounds(node, get, ranges));
  }
  return get(expr);
}
