import { CompileError, NO_SPAN, type Span } from "@tilewright/diagnostics";
import { type Expr, FIELDS, type Node, type Operation, type Tensor } from "@tilewright/ir";
import { allocateBuffer } from "./allocate.js";
import { illTyped, missingArgument, wrongArgument, wrongLength } from "./errors.js";
import { compileExpr, compileIndex } from "./expressions.js";
import { type Frame, placeAt } from "./frame.js";
import { arrayArgument, guardStack, newFrame, newProgram, newRun } from "./interpret.js";
import { arrayLength, arrayType, type Backing, denseStrides, type Memory, type TypedArray, view } from "./memory.js";
import { bindMemory, bindVariable, newScope, type Scope } from "./scope.js";
import { compileStmt } from "./statements.js";
import type { Scalar } from "./values.js";

/** Arrays of placeholders, by tensor or by name. */
export type TensorInputs = { readonly [name: string]: TypedArray } | ReadonlyMap<string | Tensor, TypedArray>;

export interface EvaluateTensorsOptions {
  /** Evaluate float32 in double precision, held in Float64Array: for finite differences. Inputs may be of either kind. */
  readonly float64?: boolean;
}

interface Evaluation {
  readonly scope: Scope;
  readonly frame: Frame;
  readonly inputs: (tensor: Tensor) => { readonly value: TypedArray | undefined; readonly names: readonly string[] };
  /** What is known; tensors that depend on a scan's state are forgotten at each of its steps. */
  readonly known: Map<Tensor, Memory>;
}

/**
 * Computes tensor expressions literally, operation after operation, in the order of their definition.
 * @returns an array for each of `outputs`, new unless the output is a placeholder
 * @throws CompileError IP101, IP102, IP103 for inputs; IP2xx for ill-formed expressions
 */
export function evaluateTensors(
  outputs: readonly Tensor[],
  inputs: TensorInputs,
  options: EvaluateTensorsOptions = {},
): TypedArray[] {
  const precision = options.float64 === true ? "float64" : "exact";
  const scope = newScope(newProgram([], {}, precision));
  const map: ReadonlyMap<unknown, TypedArray> = inputs instanceof Map ? inputs : new Map(Object.entries(inputs));
  const names = [...map.keys()].map((key) => (typeof key === "string" ? key : (key as Tensor).name));
  const find: Evaluation["inputs"] = (tensor) => ({ value: map.get(tensor) ?? map.get(tensor.name), names });
  const evaluation = {
    scope,
    frame: newFrame(newRun({ detectRaces: false })),
    inputs: find,
    known: new Map<Tensor, Memory>(),
  };
  return guardStack(outputs[0]?.span ?? NO_SPAN, () => {
    demand(evaluation, outputs);
    return outputs.map((tensor) => arrayOf(evaluation.known.get(tensor) as Memory, precision));
  });
}

/** The elements of a memory as a typed array of its own type. */
function arrayOf(memory: Memory, precision: "exact" | "float64"): TypedArray {
  const ArrayType = arrayType(memory.dtype, precision) as NonNullable<ReturnType<typeof arrayType>>;
  const { buffer, byteOffset } = memory.backing.bytes;
  return new ArrayType(buffer, byteOffset + memory.byteOffset, arrayLength(memory.dtype, memory.length));
}

/** Tensors that an operation needs first. The states of a scan are its own. */
function dependencies(operation: Operation): readonly Tensor[] {
  switch (operation.kind) {
    case "Placeholder":
      return [];
    case "Compute":
      return readsOf(operation.bodies);
    case "Scan":
      return operation.initial;
    case "Extern":
      return operation.inputs;
  }
}

/** Tensors that expressions read; each distinct node is looked at once. */
function readsOf(roots: readonly Expr[]): readonly Tensor[] {
  const tensors = new Set<Tensor>();
  const seen = new Set<Node>();
  const stack: Node[] = [...roots];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "Read") tensors.add(node.tensor);
    if (node.kind === "Reduce") stack.push(...node.combiner.results, ...node.combiner.identities);
    const roles = FIELDS[node.kind] as Readonly<Record<string, string>>;
    for (const field of Object.keys(roles).filter((each) => roles[each] === "use")) {
      const children = (node as unknown as Record<string, Node | readonly Node[] | null>)[field] ?? [];
      stack.push(...(Array.isArray(children) ? (children as readonly Node[]) : [children as Node]));
    }
  }
  return [...tensors];
}

/** Computes tensors and what they need, in topological order, without recursion. */
function demand(evaluation: Evaluation, tensors: readonly Tensor[]): void {
  const { known } = evaluation;
  const stack = [...tensors].reverse();
  const waiting = new Set<Tensor>();
  for (let tensor = stack.at(-1); tensor !== undefined; tensor = stack.at(-1)) {
    const missing = known.has(tensor) ? [] : dependencies(tensor.operation).filter((each) => !known.has(each));
    if (missing.length > 0) {
      if (waiting.has(tensor))
        throw new CompileError(
          illTyped(`\`${tensor.name}\` depends on itself`, "a graph without cycles", "a cycle", tensor.span),
        );
      waiting.add(tensor);
      stack.push(...missing);
      continue;
    }
    stack.pop();
    if (!known.has(tensor)) compute(evaluation, tensor);
    waiting.delete(tensor);
  }
}

function compute(evaluation: Evaluation, tensor: Tensor): void {
  const { operation } = tensor;
  switch (operation.kind) {
    case "Placeholder":
      know(evaluation, tensor, placeholderMemory(evaluation, tensor));
      break;
    case "Compute":
      computeElements(evaluation, tensor, operation);
      break;
    case "Scan":
      scan(evaluation, tensor, operation);
      break;
    case "Extern":
      extern(evaluation, tensor, operation);
      break;
  }
}

function know({ scope, frame, known }: Evaluation, tensor: Tensor, memory: Memory): void {
  known.set(tensor, memory);
  frame.memories[bindMemory(scope, tensor)] = memory;
}

function shapeOf({ scope, frame }: Evaluation, tensor: Tensor): number[] {
  return tensor.shape.map((extent) => compileIndex(scope, extent)(frame));
}

function newMemory({ scope, frame }: Evaluation, tensor: Tensor, shape: readonly number[]): Memory {
  const { name, dtype, span } = tensor;
  if (arrayType(dtype) === null)
    throw new CompileError(illTyped(`\`${name}\` has no type that memory holds`, "a data type", dtype, span));
  const buffer = {
    kind: "Buffer",
    span,
    name,
    dtype,
    shape: [],
    strides: null,
    scope: "global",
    alignment: 16,
  } as const;
  return allocateBuffer(scope.program, frame, buffer, { shape, strides: denseStrides(shape) });
}

function placeholderMemory(evaluation: Evaluation, tensor: Tensor): Memory {
  const { name, dtype, span } = tensor;
  const { precision } = evaluation.scope.program;
  const { value, names } = evaluation.inputs(tensor);
  if (value === undefined) throw new CompileError(missingArgument(name, names, span));
  const doubles = precision === "float64" && dtype === "float32" && value instanceof Float32Array;
  const array = doubles ? Float64Array.from(value) : arrayArgument(tensor, value, precision);
  const shape = shapeOf(evaluation, tensor);
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (array.length !== arrayLength(dtype, count)) {
    throw new CompileError(
      wrongLength(
        name,
        `${arrayLength(dtype, count)} elements, for the shape [${shape.join(", ")}]`,
        array.length,
        span,
      ),
    );
  }
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const backing: Backing = { bytes, name, granule: 1, initialised: null, scope: "global", privateTo: [] };
  return view(backing, { name, dtype, shape, strides: denseStrides(shape), byteOffset: 0, precision });
}

function computeElements(
  evaluation: Evaluation,
  tensor: Tensor,
  operation: Extract<Operation, { kind: "Compute" }>,
): void {
  const { scope, frame } = evaluation;
  const shape = shapeOf(evaluation, tensor);
  const slots = operation.axes.map((axis) => bindVariable(scope, axis.variable));
  const mins = operation.axes.map((axis) => compileIndex(scope, axis.min)(frame));
  const body = operation.bodies[tensor.outputIndex];
  if (body === undefined || body.dtype !== tensor.dtype || body.lanes !== 1) {
    throw new CompileError(
      illTyped(`the body of \`${tensor.name}\` has another type`, tensor.dtype, body?.dtype ?? "no body", tensor.span),
    );
  }
  const element = compileExpr(scope, body);
  const memory = newMemory(evaluation, tensor, shape);
  forEachIndex(shape, (index, offset) => {
    slots.forEach((slot, d) => {
      frame.values[slot] = (index[d] ?? 0) + (mins[d] ?? 0);
    });
    memory.set(offset, element(frame) as Scalar);
  });
  know(evaluation, tensor, memory);
}

/** All index tuples of a shape, the last dimension fastest. */
function forEachIndex(shape: readonly number[], visit: (index: readonly number[], offset: number) => void): void {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const index = shape.map(() => 0);
  for (let offset = 0; offset < count; offset++) {
    visit(index, offset);
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = (index[d] ?? 0) + 1;
      if ((index[d] ?? 0) < (shape[d] ?? 0)) break;
      index[d] = 0;
    }
  }
}

/** Computes the update anew for every time and keeps that time's row: quadratic in the times, and literal. */
function scan(evaluation: Evaluation, tensor: Tensor, operation: Extract<Operation, { kind: "Scan" }>): void {
  const { known } = evaluation;
  const results = operation.states.map((state, k) => {
    const memory = newMemory(evaluation, state, shapeOf(evaluation, state));
    copyRows(
      memory,
      known.get(operation.initial[k] as Tensor) as Memory,
      0,
      rowsOf(known.get(operation.initial[k] as Tensor) as Memory),
    );
    know(evaluation, state, memory);
    return memory;
  });
  const first = rowsOf(known.get(operation.initial[0] as Tensor) as Memory);
  for (let time = first; time < rowsOf(results[0] as Memory); time++) {
    const step = { ...evaluation, known: new Map(known) };
    demand(step, operation.update);
    operation.update.forEach((update, k) => {
      copyRows(results[k] as Memory, step.known.get(update) as Memory, time, time + 1);
    });
  }
  know(evaluation, tensor, results[tensor.outputIndex] as Memory);
}

const rowsOf = (memory: Memory): number => memory.shape[0] ?? 0;

function copyRows(target: Memory, source: Memory, from: number, to: number): void {
  const row = target.strides[0] ?? 1;
  for (let element = from * row; element < to * row; element++) target.set(element, source.get(element));
}

function extern(evaluation: Evaluation, tensor: Tensor, operation: Extract<Operation, { kind: "Extern" }>): void {
  const { scope, frame, known } = evaluation;
  operation.inputBuffers.forEach((buffer, k) => {
    frame.memories[bindMemory(scope, buffer)] = known.get(operation.inputs[k] as Tensor) as Memory;
  });
  const outputs = operation.outputBuffers.map((buffer) => {
    const shape = buffer.shape.map((extent) => compileIndex(scope, extent)(frame));
    const memory = allocateBuffer(scope.program, frame, buffer, { shape, strides: denseStrides(shape) });
    frame.memories[bindMemory(scope, buffer)] = memory;
    return memory;
  });
  compileStmt(scope, operation.body)(frame);
  const output = outputs[tensor.outputIndex];
  if (output === undefined || output.dtype !== tensor.dtype) {
    const found = output?.dtype ?? "no buffer";
    throw new CompileError(
      wrongArgument(tensor.name, `an output buffer of ${tensor.dtype}`, found, placeAt(operation.span as Span).span),
    );
  }
  know(evaluation, tensor, output);
}
