import { CompileError } from "@tilewright/diagnostics";
import type { Expr, Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { flagAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongDType, wrongShape } from "../errors.js";
import { extentsOf } from "../expressions.js";
import { defineOperator, type NodeAttributes } from "../operator.js";
import { broadcastShapes, shapeOf } from "../shapes.js";
import { applyOne, inputOf, nth } from "../single.js";
import { unbroadcast } from "./reduce-sum.js";

/** Which operands are read transposed. */
export interface MatMulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
}

interface Sizes {
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

function flags(attributes: NodeAttributes): Required<MatMulOptions> {
  return { transA: flagAttribute(attributes, "transA", false), transB: flagAttribute(attributes, "transB", false) };
}

function sizes(a: readonly number[], b: readonly number[], { transA, transB }: Required<MatMulOptions>): Sizes {
  const fail = (): never => {
    const expected = `[…, ${transA ? "k, m" : "m, k"}] and […, ${transB ? "n, k" : "k, n"}]`;
    throw new CompileError(wrongShape("MatMul", expected, a, b));
  };
  if (a.length < 2 || b.length < 2) fail();
  const [rows = 0, columns = 0] = a.slice(-2);
  const [top = 0, bottom = 0] = b.slice(-2);
  const [m, k] = transA ? [columns, rows] : [rows, columns];
  const [n, inner] = transB ? [top, bottom] : [bottom, top];
  if (k !== inner) fail();
  return { batch: broadcastShapes("MatMul", a.slice(0, -2), b.slice(0, -2)), m, n, k };
}

/** The leading indices of an operand with `extents`, taken from those of the output. */
function leading(
  extents: readonly number[],
  batch: readonly number[],
  index: readonly Expr[],
): readonly (Expr | number)[] {
  const own = extents.slice(0, -2);
  const skipped = batch.length - own.length;
  return own.map((extent, axis) => (extent === batch[axis + skipped] ? (index[axis + skipped] ?? 0) : 0));
}

/**
 * Products of matrices in the last two axes, with NumPy's broadcasting of the others: `[…, m, k] · […, k, n] → […, m, n]`. The flags
 * `transA` and `transB` read an operand transposed, as ONNX `Gemm` does.
 */
export const MATMUL = defineOperator({
  name: { domain: "tilewright", name: "MatMul", version: 1 },
  arity: [2, 2],
  infer(inputs, attributes) {
    const [a, b] = [nth(inputs, 0), nth(inputs, 1)];
    if (a.dtype !== b.dtype || a.dtype === "bool") {
      throw new CompileError(wrongDType("MatMul", "two tensors of numbers of one type", a.dtype, b.dtype));
    }
    const { batch, m, n } = sizes(a.shape, b.shape, flags(attributes));
    return [{ dtype: a.dtype, shape: [...batch, m, n] }];
  },
  compute(inputs, attributes) {
    const [a, b] = [nth(inputs, 0), nth(inputs, 1)];
    const { transA, transB } = flags(attributes);
    const { batch, m, n, k } = sizes(extentsOf(a), extentsOf(b), { transA, transB });
    const axis = te.reduceAxis(k, "k");
    const body = (...index: Expr[]): Expr => {
      const [i = 0, j = 0] = index.slice(-2);
      const left = te.read(a, ...leading(extentsOf(a), batch, index), ...(transA ? [axis, i] : [i, axis]));
      const right = te.read(b, ...leading(extentsOf(b), batch, index), ...(transB ? [j, axis] : [axis, j]));
      return te.sum(te.mul(left, right), axis);
    };
    return [te.compute([...batch, m, n], body, { name: "matmul" })];
  },
  gradient(b, node, [g]) {
    if (g == null) return [null, null];
    const [left, right] = [inputOf(node, 0), inputOf(node, 1)];
    const { transA, transB } = flags(node.attributes);
    const forLeft = transA
      ? matmul(b, right, g, { transA: transB, transB: true })
      : matmul(b, g, right, { transA: false, transB: !transB });
    const forRight = transB
      ? matmul(b, g, left, { transA: true, transB: transA })
      : matmul(b, left, g, { transA: !transA, transB: false });
    return [unbroadcast(b, forLeft, shapeOf(left)), unbroadcast(b, forRight, shapeOf(right))];
  },
});

/** The product of matrices in the last two axes. */
export function matmul(b: GraphBuilder, left: Value, right: Value, options: MatMulOptions = {}, name?: string): Value {
  return applyOne(b, MATMUL, [left, right], { ...options }, name);
}
