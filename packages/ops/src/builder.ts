import { CompileError, NO_SPAN } from "@tilewright/diagnostics";
import { type Constant, DTYPES, type DType, type Graph, type GraphNode, type State, type Value } from "@tilewright/ir";
import { type ConstantData, encodeData } from "./data.js";
import { foreignValue, wrongArity, wrongValue } from "./errors.js";
import type { NodeAttributes, Operator, TensorType } from "./operator.js";
import { dimensionsOf, sizeOf, typeOf } from "./shapes.js";

/** A graph with the bytes that its constants and initial states refer to, by blob name. */
export interface Model {
  readonly graph: Graph;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** Collects a graph: inputs, states, constants, and nodes whose output types are inferred as they are added. */
export interface GraphBuilder {
  /** A value that the caller brings for each run. @throws CompileError `OP111` a name, type or shape that no value has. */
  input(name: string, dtype: DType, shape: readonly number[]): Value;
  /** A value that outlives a run, zeros unless `initial` is given. @throws CompileError `OP108`, `OP111`. */
  state(name: string, dtype: DType, shape: readonly number[], initial?: ConstantData): Value;
  /** When a run ends, the state becomes `next`. */
  update(state: Value, next: Value): void;
  /** Values in row-major order; a single number fills the shape. @throws CompileError `OP108`, `OP111`. */
  constant(data: ConstantData, type?: Partial<TensorType>, name?: string): Value;
  /** A constant of rank 0; equal ones are shared. @throws CompileError `OP108` when the type does not hold it. */
  scalar(value: number, dtype?: DType): Value;
  /** Adds a node. @throws CompileError `OP` codes when the inputs do not fit. */
  apply(operator: Operator, inputs: readonly Value[], attributes?: NodeAttributes, name?: string): readonly Value[];
  /** True for the values of this graph: its inputs, states, constants, and outputs of nodes. */
  has(value: Value): boolean;
  /** Nodes so far, in topological order. */
  nodes(): readonly GraphNode[];
  /** The graph with these outputs. The builder may go on afterwards. @throws CompileError `OP109` for foreign values. */
  finish(outputs: readonly Value[]): Model;
}

export interface GraphBuilderOptions {
  /** Continue this model: its values may be used as inputs of new nodes. */
  readonly from?: Model;
}

interface Draft {
  readonly name: string;
  readonly inputs: Value[];
  readonly constants: Constant[];
  readonly states: State[];
  readonly nodes: GraphNode[];
  readonly blobs: Map<string, Uint8Array>;
  readonly known: Set<Value>;
  readonly names: Map<string, number>;
  readonly scalars: Map<string, Value>;
}

/** Starts a graph. Names of values become unique by a number at the end. */
export function graphBuilder(name: string, { from }: GraphBuilderOptions = {}): GraphBuilder {
  const draft = draftOf(name, from);
  return {
    input(inputName, dtype, shape) {
      const value = define(draft, inputName, { dtype, shape });
      draft.inputs.push(value);
      return value;
    },
    state(stateName, dtype, shape, initial) {
      const value = define(draft, stateName, { dtype, shape });
      const reference = initial === undefined ? null : addBlob(draft, value, initial);
      draft.states.push({ kind: "State", span: NO_SPAN, value, next: null, initial: reference });
      return value;
    },
    update: (state, next) => updateState(draft, state, next),
    constant: (data, type = {}, constantName = "constant") => addConstant(draft, data, type, constantName),
    scalar(value, dtype = "float32") {
      const key = `${dtype} ${Object.is(value, -0) ? "-0" : value}`;
      const known = draft.scalars.get(key);
      if (known !== undefined) return known;
      const made = addConstant(draft, value, { dtype, shape: [] }, "scalar");
      draft.scalars.set(key, made);
      return made;
    },
    apply: (operator, inputs, attributes = {}, nodeName = "") => addNode(draft, operator, inputs, attributes, nodeName),
    has: (value) => draft.known.has(value),
    nodes: () => draft.nodes,
    finish: (outputs) => finish(draft, outputs),
  };
}

function draftOf(name: string, from: Model | undefined): Draft {
  const graph = from?.graph;
  const draft: Draft = {
    name,
    inputs: [...(graph?.inputs ?? [])],
    constants: [...(graph?.constants ?? [])],
    states: [...(graph?.states ?? [])],
    nodes: [...(graph?.nodes ?? [])],
    blobs: new Map(from?.blobs ?? []),
    known: new Set(),
    names: new Map(),
    scalars: new Map(),
  };
  const values = [
    ...draft.inputs,
    ...draft.constants.map(({ value }) => value),
    ...draft.states.map(({ value }) => value),
    ...draft.nodes.flatMap(({ outputs }) => outputs),
  ];
  for (const value of values) {
    draft.known.add(value);
    draft.names.set(value.name, 1);
  }
  for (const node of draft.nodes) draft.names.set(node.name, 1);
  return draft;
}

function unique(draft: Draft, name: string): string {
  let count = draft.names.get(name);
  if (count === undefined) {
    draft.names.set(name, 1);
    return name;
  }
  while (draft.names.has(`${name}_${count}`)) count++;
  draft.names.set(name, count + 1);
  draft.names.set(`${name}_${count}`, 1);
  return `${name}_${count}`;
}

function define(draft: Draft, name: string, { dtype, shape }: TensorType): Value {
  checkValue(name, dtype, shape);
  const value: Value = { kind: "Value", span: NO_SPAN, name: unique(draft, name), dtype, shape: dimensionsOf(shape) };
  draft.known.add(value);
  return value;
}

/** @throws CompileError `OP111` for what callers without types may pass. */
function checkValue(name: unknown, dtype: DType, shape: unknown): void {
  const refuse = (expected: string, actual: unknown): never => {
    throw new CompileError(wrongValue(String(name), expected, String(actual)));
  };
  if (typeof name !== "string") refuse("a name", name);
  if (!DTYPES.includes(dtype)) refuse(`one of ${DTYPES.join(", ")}`, dtype);
  if (!Array.isArray(shape)) refuse("a list of dimensions", shape);
  for (const extent of shape as readonly unknown[]) {
    if (!Number.isSafeInteger(extent) || Number(extent) < 0) {
      refuse("dimensions that are whole numbers ≥ 0", typeof extent === "string" ? JSON.stringify(extent) : extent);
    }
  }
}

function addBlob(draft: Draft, value: Value, data: ConstantData): State["initial"] {
  const bytes = encodeData(value.name, typeOf(value), data);
  draft.blobs.set(value.name, bytes);
  return { blob: value.name, offset: 0, byteLength: bytes.length };
}

function addConstant(draft: Draft, data: ConstantData, type: Partial<TensorType>, name: string): Value {
  const shape = type.shape ?? (typeof data === "object" && data !== null ? [data.length] : []);
  const value = define(draft, name, { dtype: type.dtype ?? "float32", shape });
  const reference = addBlob(draft, value, data);
  if (reference !== null) draft.constants.push({ kind: "Constant", span: NO_SPAN, value, data: reference });
  return value;
}

function updateState(draft: Draft, state: Value, next: Value): void {
  const position = draft.states.findIndex(({ value }) => value === state);
  const found = draft.states[position];
  if (found === undefined) throw new CompileError(foreignValue(state.name, "a state"));
  if (!draft.known.has(next)) throw new CompileError(foreignValue(next.name, "a value"));
  const [before, after] = [typeOf(state), typeOf(next)];
  if (before.dtype !== after.dtype || sizeOf(before.shape) !== sizeOf(after.shape)) {
    throw new CompileError(foreignValue(next.name, `a value of the type of the state \`${state.name}\``));
  }
  draft.states[position] = { ...found, next };
}

function addNode(
  draft: Draft,
  operator: Operator,
  inputs: readonly Value[],
  attributes: NodeAttributes,
  name: string,
): readonly Value[] {
  const [min, max] = operator.arity;
  if (inputs.length < min || inputs.length > max) {
    throw new CompileError(wrongArity(operator.name.name, operator.arity, inputs.length));
  }
  for (const input of inputs) {
    if (!draft.known.has(input)) throw new CompileError(foreignValue(input.name, "a value"));
  }
  const types = operator.infer(inputs.map(typeOf), attributes);
  const base = name === "" ? operator.name.name.toLowerCase() : name;
  const outputs = types.map((type) => define(draft, base, type));
  draft.nodes.push({
    kind: "GraphNode",
    span: NO_SPAN,
    name: outputs[0]?.name ?? base,
    operator: operator.name,
    inputs,
    outputs,
    attributes,
    reuse: operator.reuse ?? [],
    device: null,
  });
  return outputs;
}

function finish(draft: Draft, outputs: readonly Value[]): Model {
  for (const value of outputs) {
    if (!draft.known.has(value)) throw new CompileError(foreignValue(value.name, "a value"));
  }
  const graph: Graph = {
    kind: "Graph",
    span: NO_SPAN,
    name: draft.name,
    symbols: [],
    inputs: [...draft.inputs],
    outputs: [...outputs],
    constants: [...draft.constants],
    states: [...draft.states],
    nodes: [...draft.nodes],
    attributes: {},
  };
  return { graph, blobs: new Map(draft.blobs) };
}
