import { invariant } from "@tilewright/diagnostics";
import { attributeKey, type FusedGroup } from "@tilewright/graph";
import { type Const, constant, type DType, isFloat, rewrite, type Tensor, type Value } from "@tilewright/ir";
import { bindTensors, decodeData, type Model, type Operators, operatorKey, shapeOf, sizeOf } from "@tilewright/ops";
import * as te from "@tilewright/te";
import { bytesOfBlob } from "./evaluate-model.js";

/** What a kernel is made from. */
export interface KernelTensors {
  /** Placeholders, in the order of the parameters. */
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** Inputs whose data is the same in every run. */
  readonly constants: ReadonlySet<Tensor>;
}

/** Constants of rank 0 whose number is known. */
export function scalarConstants({ graph, blobs }: Model): ReadonlyMap<Value, Const> {
  const scalars = new Map<Value, Const>();
  for (const { value, data } of graph.constants) {
    if (value.shape.length > 0) continue;
    const [number] = decodeData(value.dtype, bytesOfBlob(value, data, blobs)) ?? [];
    if (number !== undefined && holds(value.dtype)) scalars.set(value, constant(number, value.dtype, value.span));
  }
  return scalars;
}

/** Types whose every value is a double. */
const holds = (dtype: DType): boolean =>
  isFloat(dtype) || ["bool", "int8", "int16", "int32", "uint8", "uint16", "uint32"].includes(dtype);

/** The inputs of a group that are memory: known numbers stand in the expressions. */
export function memoryInputs({ inputs }: FusedGroup, scalars: ReadonlyMap<Value, Const>): readonly Value[] {
  return inputs.filter((value) => !scalars.has(value));
}

/**
 * The expressions of a group over its `memoryInputs`, which are named by their position, so that equal groups give equal functions.
 * @throws CompileError what operators throw
 */
export function groupTensors(
  group: FusedGroup,
  operators: Operators,
  scalars: ReadonlyMap<Value, Const>,
  isConstant: (value: Value) => boolean,
): KernelTensors {
  const bindings = new Map<Value, Tensor>();
  const inputs: Tensor[] = [];
  const known = new Map<Tensor, Const>();
  const constants = new Set<Tensor>();
  for (const value of group.inputs) {
    const scalar = scalars.get(value);
    const name = scalar === undefined ? `x${inputs.length}` : "scalar";
    const tensor = te.placeholder(shapeOf(value), { name, dtype: value.dtype });
    bindings.set(value, tensor);
    if (scalar === undefined) inputs.push(tensor);
    else known.set(tensor, scalar);
    if (isConstant(value)) constants.add(tensor);
  }
  bindTensors(group.nodes, operators, bindings);
  const [output] = replaceScalars(
    group.outputs.map((value) => bindings.get(value)).filter((tensor) => tensor !== undefined),
    known,
  );
  invariant(output !== undefined, "a group has an output");
  return { inputs, output, constants };
}

/** Puts numbers in place of the reads of tensors. Operations that nothing changes keep their identity. */
function replaceScalars(outputs: readonly Tensor[], known: ReadonlyMap<Tensor, Const>): readonly Tensor[] {
  if (known.size === 0) return outputs;
  const done = new Map<Tensor, Tensor>();
  const rebuilt = new Map<Tensor["operation"], Tensor["operation"]>();
  const operationFor = (operation: Tensor["operation"]): Tensor["operation"] => {
    const before = rebuilt.get(operation);
    if (before !== undefined || operation.kind !== "Compute") return before ?? operation;
    const bodies = rewrite(operation, {
      Read: (read) =>
        known.get(read.tensor) ??
        (visitTensor(read.tensor) === read.tensor ? undefined : { ...read, tensor: visitTensor(read.tensor) }),
    });
    rebuilt.set(operation, bodies);
    return bodies;
  };
  const visitTensor = (tensor: Tensor): Tensor => {
    const before = done.get(tensor);
    if (before !== undefined) return before;
    const operation = operationFor(tensor.operation);
    const after = operation === tensor.operation ? tensor : { ...tensor, operation };
    done.set(tensor, after);
    return after;
  };
  return outputs.map(visitTensor);
}

/** Equal exactly for groups that compute the same from inputs of the same types, the same of them constant: they share one kernel. */
export function groupKey(
  { nodes, inputs, outputs }: FusedGroup,
  scalars: ReadonlyMap<Value, Const>,
  isConstant: (value: Value) => boolean,
): string {
  const numbers = new Map<Value | null, number>([[null, -1]]);
  const parts: string[] = [];
  for (const value of inputs) {
    numbers.set(value, numbers.size);
    const scalar = scalars.get(value);
    const number = scalar === undefined ? "" : `=${Object.is(scalar.value, -0) ? "-0" : String(scalar.value)}`;
    const constant = isConstant(value) ? " constant" : "";
    parts.push(`${value.dtype}[${shapeOf(value).join(",")}]${number}${constant}`);
  }
  for (const node of nodes) {
    for (const output of node.outputs) numbers.set(output, numbers.size);
    const attributes = attributeKey(node.attributes) ?? `node ${node.name}`;
    parts.push(
      `${operatorKey(node.operator)}{${attributes}}(${node.inputs.map((input) => numbers.get(input)).join(",")})`,
    );
  }
  return `${parts.join(" ")} → ${outputs.map((output) => numbers.get(output)).join(",")}`;
}

/** A kernel that copies `count` elements. */
export function copyTensors(dtype: DType, count: number): KernelTensors {
  const input = te.placeholder([count], { name: "x0", dtype });
  return {
    inputs: [input],
    output: te.compute([count], (i) => te.read(input, i), { name: "copy" }),
    constants: new Set(),
  };
}

/** Elements of a value. */
export function countOf(value: Value): number {
  return sizeOf(shapeOf(value));
}
