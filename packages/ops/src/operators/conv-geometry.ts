import { CompileError } from "@tilewright/diagnostics";
import { integersAttribute, numberAttribute } from "../attributes.js";
import { wrongAttribute, wrongShape } from "../errors.js";
import type { NodeAttributes } from "../operator.js";

type Pair = readonly [rows: number, columns: number];

/** Where a window of a two-dimensional convolution stands, in elements. */
export interface ConvGeometry {
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Zeros before the first row and column, after the last ones: ONNX's order. */
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  readonly group: number;
  readonly input: Pair;
  readonly kernel: Pair;
  readonly output: Pair;
}

/** Attributes of ONNX `Conv`, in numbers. */
export interface ConvOptions {
  readonly strides?: Pair;
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: Pair;
  readonly group?: number;
}

function integers(
  attributes: NodeAttributes,
  name: string,
  otherwise: readonly number[],
  least: number,
): readonly number[] {
  const list = integersAttribute(attributes, name, otherwise);
  if (list.length !== otherwise.length || list.some((item) => item < least)) {
    const expected = `${otherwise.length} whole numbers ≥ ${least}`;
    throw new CompileError(wrongAttribute(name, expected, `[${list.join(", ")}]`));
  }
  return list;
}

/**
 * @param input rows and columns of the activations
 * @param kernel rows and columns of the weights
 * @throws CompileError `OP106` for attributes out of range, `OP104` for a window larger than the padded input.
 */
export function convGeometry(attributes: NodeAttributes, input: Pair, kernel: Pair): ConvGeometry {
  const [sy = 1, sx = 1] = integers(attributes, "strides", [1, 1], 1);
  const [dy = 1, dx = 1] = integers(attributes, "dilations", [1, 1], 1);
  const [top = 0, left = 0, bottom = 0, right = 0] = integers(attributes, "pads", [0, 0, 0, 0], 0);
  const group = numberAttribute(attributes, "group", 1);
  if (!Number.isInteger(group) || group < 1)
    throw new CompileError(wrongAttribute("group", "a whole number ≥ 1", `${group}`));
  const rows = Math.floor((input[0] + top + bottom - (kernel[0] - 1) * dy - 1) / sy) + 1;
  const columns = Math.floor((input[1] + left + right - (kernel[1] - 1) * dx - 1) / sx) + 1;
  if (rows < 1 || columns < 1) {
    throw new CompileError(wrongShape("Conv", "a window that fits into the padded input", input, kernel));
  }
  return {
    strides: [sy, sx],
    dilations: [dy, dx],
    pads: [top, left, bottom, right],
    group,
    input,
    kernel,
    output: [rows, columns],
  };
}
