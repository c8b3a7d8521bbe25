// Faults of code generators in arithmetic: each node kind that is easily written down as what it nearly means.
import { CONTRACT, constant, type Expr, isFloat, isInteger, isSigned, REASSOCIATE } from "@tilewright/ir";
import { type Fault, misreading } from "./fault.js";

const isScalar = ({ lanes }: Expr): boolean => lanes === 1;

export const arithmeticFaults: readonly Fault[] = [
  {
    name: "division rounds towards zero",
    copyOf: "wasm",
    claim: /operator.* int32/,
    plant: misreading({
      Binary: (node, at) =>
        node.op === "floordiv" && node.dtype !== "index" ? at.binary("truncdiv", node.left, node.right) : undefined,
    }),
  },
  {
    name: "remainders have the sign of the dividend",
    copyOf: "wasm",
    claim: /operator.* int32/,
    plant: misreading({
      Binary: (node, at) =>
        node.op === "floormod" && node.dtype !== "index" ? at.binary("truncmod", node.left, node.right) : undefined,
    }),
  },
  {
    name: "sums are reassociated without licence",
    copyOf: "wasm",
    claim: /reassociat/i,
    plant: misreading({
      Binary: (node, at) => {
        const { left, right } = node;
        if (node.op !== "add" || !isFloat(node.dtype) || (node.fast & REASSOCIATE) !== 0) return undefined;
        if (left.kind !== "Binary" || left.op !== "add") return undefined;
        return at.binary("add", left.left, at.binary("add", left.right, right));
      },
    }),
  },
  {
    name: "a product and a sum are contracted without licence",
    copyOf: "wasm",
    claim: /contract/i,
    plant: misreading({
      Binary: (node, at) => {
        const { left, right } = node;
        if (node.op !== "add" || node.dtype !== "float32" || !isScalar(node) || (node.fast & CONTRACT) !== 0)
          return undefined;
        if (left.kind !== "Binary" || left.op !== "mul") return undefined;
        const wide = (expr: Expr): Expr => at.cast(expr, "float64");
        const product = at.binary("mul", wide(left.left), wide(left.right));
        return at.cast(at.binary("add", product, wide(right)), "float32");
      },
    }),
  },
  {
    name: "min and max forget NaN",
    copyOf: "wasm",
    claim: /operator.* float32/,
    plant: misreading({
      Binary: (node, at) => {
        if ((node.op !== "min" && node.op !== "max") || !isFloat(node.dtype) || !isScalar(node)) return undefined;
        const chosen = at.binary(node.op === "min" ? "lt" : "gt", node.left, node.right);
        return at.select(chosen, node.left, node.right);
      },
    }),
  },
  {
    name: "small integers saturate",
    copyOf: "wasm",
    claim: /operator.* int8/,
    plant: misreading({
      Binary: (node, at) => {
        if (node.op !== "add" || node.dtype !== "int8" || !isScalar(node)) return undefined;
        const wide = (expr: Expr): Expr => at.cast(expr, "int32");
        const sum = at.binary("add", wide(node.left), wide(node.right));
        const bound = (value: number): Expr => constant(value, "int32");
        return at.cast(at.binary("max", bound(-128), at.binary("min", bound(127), sum)), "int8");
      },
    }),
  },
  {
    name: "unsigned integers are compared as signed ones",
    copyOf: "wasm",
    claim: /operator.* uint32/,
    plant: misreading({
      Binary: (node, at) => {
        const { left, right } = node;
        if (node.op !== "lt" || left.dtype !== "uint32" || !isScalar(left)) return undefined;
        return at.binary("lt", at.cast(left, "int32"), at.cast(right, "int32"));
      },
    }),
  },
  {
    name: "shifts beyond the width give zero",
    copyOf: "wasm",
    claim: /operator.* int32/,
    plant: misreading({
      Binary: (node, at) => {
        if (node.op !== "shl" || node.dtype !== "int32" || !isScalar(node)) return undefined;
        const beyond = at.binary("gt", node.right, constant(31, "int32"));
        return at.select(beyond, constant(0, "int32"), node);
      },
    }),
  },
  {
    name: "halves are rounded up",
    copyOf: "wasm",
    claim: /operator.* float32/,
    plant: misreading({
      Unary: (node, at) =>
        node.op === "round" && node.dtype === "float32" && isScalar(node)
          ? at.unary("floor", at.binary("add", node.operand, constant(0.5, "float32")))
          : undefined,
    }),
  },
  {
    name: "floats become small integers by wrapping",
    copyOf: "wasm",
    claim: /convert.* float32/,
    plant: misreading({
      Cast: (node, at) =>
        node.dtype === "int8" && node.operand.dtype === "float32" && isScalar(node)
          ? at.cast(at.cast(node.operand, "int32"), "int8")
          : undefined,
    }),
  },
  {
    name: "integers are widened without their sign",
    copyOf: "wasm",
    claim: /convert.* int8/,
    plant: misreading({
      Cast: (node, at) => {
        const { operand } = node;
        if (!isScalar(node) || !isInteger(node.dtype) || operand.dtype !== "int8" || !isSigned(operand.dtype))
          return undefined;
        return node.dtype === "int32" ? at.cast(at.cast(operand, "uint8"), "int32") : undefined;
      },
    }),
  },
  {
    name: "the arm of a choice that is not taken is evaluated",
    copyOf: "wasm",
    claim: /arm|choice|guard/i,
    plant: misreading({
      IfThenElse: (node, at) => at.select(node.condition, node.whenTrue, node.whenFalse),
    }),
  },
];
