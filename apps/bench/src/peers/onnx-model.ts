import protobuf from "protobufjs";
import { outputPadding } from "../problems/convolution.js";
import type { Facts, Given } from "../problems/facts.js";
import { WIDTHS } from "../problems/network.js";
import type { Problem } from "../problems/problem.js";
import { EPSILON, type RowOperation } from "../problems/row-operation.js";

/** The part of ONNX's schema that the models here need. */
const SCHEMA = `
syntax = "proto3";
message AttributeProto { string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated int64 ints = 8; int32 type = 20; }
message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message Dimension { int64 dim_value = 1; }
message Shape { repeated Dimension dim = 1; }
message TensorType { int32 elem_type = 1; Shape shape = 2; }
message TypeProto { TensorType tensor_type = 1; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message ModelProto { int64 ir_version = 1; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
`;

const FLOAT = 1;
const [FLOAT_ATTRIBUTE, INT_ATTRIBUTE, INTS_ATTRIBUTE] = [1, 2, 7];

interface Node {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: readonly object[];
}

/** An ONNX file of a problem, its output `out`; null for one that is no inference. Constants are initializers. */
export function onnxModel(problem: Problem, { inputs, shape }: Facts): Uint8Array | null {
  const nodes = nodesOf(problem);
  if (nodes === null) return null;
  const weights = [...inputs.filter(({ constant }) => constant), ...scaleOf(problem)];
  const graph = {
    name: "problem",
    node: nodes.map(({ type, inputs: input, output, attributes = [] }) => ({
      input, output: [output], name: output, opType: type, attribute: attributes,
    })), // biome-ignore format: one node
    initializer: weights.map(({ name, shape: dims, values }) => ({
      name, dims, dataType: FLOAT, rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    })), // biome-ignore format: one tensor
    input: inputs.filter(({ constant }) => !constant).map(({ name, shape: extents }) => valueInfo(name, extents)),
    output: [valueInfo("out", shape)],
  };
  const type = protobuf.parse(SCHEMA).root.lookupType("ModelProto");
  return type.encode(type.fromObject({ irVersion: 8, graph, opsetImport: [{ domain: "", version: 17 }] })).finish();
}

/** Layer normalization multiplies each row by a vector: ones. */
function scaleOf(problem: Problem): readonly Given[] {
  if (problem.kind !== "row-operation" || problem.operation !== "layer-normalization") return [];
  return [{ name: "scale", shape: [problem.columns], values: new Float32Array(problem.columns).fill(1) }];
}

function valueInfo(name: string, shape: readonly number[]): object {
  return {
    name,
    type: { tensorType: { elemType: FLOAT, shape: { dim: shape.map((extent) => ({ dimValue: extent })) } } },
  };
}

function nodesOf(problem: Problem): readonly Node[] | null {
  switch (problem.kind) {
    case "gemm": {
      const { transA, transB } = problem;
      if (!transA && !transB) return [{ type: "MatMul", inputs: ["A", "B"], output: "out" }];
      const attributes = [int("transA", transA ? 1 : 0), int("transB", transB ? 1 : 0)];
      return [{ type: "Gemm", inputs: ["A", "B"], output: "out", attributes }];
    }
    case "convolution": {
      const { kernel, stride, pad, group, transposed } = problem;
      const more = outputPadding(problem);
      const attributes = [
        ints("kernel_shape", [kernel, kernel]),
        ints("strides", [stride, stride]),
        ints("pads", [pad, pad, pad, pad]),
        int("group", group),
        ...(transposed ? [ints("output_padding", [more, more])] : []),
      ];
      return [{ type: transposed ? "ConvTranspose" : "Conv", inputs: ["X", "W", "bias"], output: "out", attributes }];
    }
    case "row-operation":
      return rowNodes(problem);
    case "inference":
      return WIDTHS.slice(1).flatMap((_, k) => denseNodes(k, k === WIDTHS.length - 2));
    case "training-step":
      return null;
  }
}

/** A layer of a network, and relu unless it is the last. */
function denseNodes(k: number, isLast: boolean): readonly Node[] {
  const sums = isLast ? "out" : `sums${k}`;
  const inputs = [k === 0 ? "pixels" : `rows${k}`, `weights${k}`, `bias${k}`];
  const sum: Node = { type: "Gemm", inputs, output: sums };
  return isLast ? [sum] : [sum, { type: "Relu", inputs: [sums], output: `rows${k + 1}` }];
}

function rowNodes({ operation }: RowOperation): readonly Node[] {
  switch (operation) {
    case "add":
      return [{ type: "Add", inputs: ["X", "Y"], output: "out" }];
    case "chain":
      return [
        { type: "Mul", inputs: ["X", "Y"], output: "product" },
        { type: "Add", inputs: ["product", "Y"], output: "sum" },
        { type: "Relu", inputs: ["sum"], output: "positive" },
        { type: "Mul", inputs: ["positive", "X"], output: "scaled" },
        { type: "Sub", inputs: ["scaled", "Y"], output: "out" },
      ];
    case "softmax":
      return [{ type: "Softmax", inputs: ["X"], output: "out", attributes: [int("axis", -1)] }];
    case "layer-normalization":
      return [
        { type: "LayerNormalization", inputs: ["X", "scale"], output: "out", attributes: [float("epsilon", EPSILON)] },
      ];
    case "mean":
      return [
        { type: "ReduceMean", inputs: ["X"], output: "out", attributes: [ints("axes", [1]), int("keepdims", 0)] },
      ];
    case "transpose":
      return [{ type: "Transpose", inputs: ["X"], output: "out", attributes: [ints("perm", [1, 0])] }];
  }
}

function int(name: string, i: number): object {
  return { name, i, type: INT_ATTRIBUTE };
}

function ints(name: string, list: readonly number[]): object {
  return { name, ints: list, type: INTS_ATTRIBUTE };
}

function float(name: string, f: number): object {
  return { name, f, type: FLOAT_ATTRIBUTE };
}
