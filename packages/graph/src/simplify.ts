import type { GraphNode, Value } from "@tilewright/ir";
import { decodeData, type Model, operatorKey, shapeOf } from "@tilewright/ops";
import type { GraphPass } from "./pass.js";
import { replaceInputs, withNodes } from "./replace-values.js";

/** What a rule may ask about a node's surroundings. */
interface Context {
  /** The node that defines a value, after the rules have seen it. */
  definition(value: Value): GraphNode | undefined;
  /** The number that a constant of one element holds. */
  number(value: Value): number | undefined;
}

/** A value that stands for the node's output, a node in place of the node, or undefined: no change. */
type Rule = (node: GraphNode, context: Context) => Value | GraphNode | undefined;

const ADD = "::Add@14";
const SUB = "::Sub@14";
const MUL = "::Mul@14";
const DIV = "::Div@14";
const NEG = "::Neg@13";
const IDENTITY = "::Identity@16";
const RESHAPE = "::Reshape@1";
const TRANSPOSE = "::Transpose@13";
const BROADCAST_TO = "tilewright::BroadcastTo@1";
const MATMUL = "tilewright::MatMul@1";

const same = (left: readonly number[], right: readonly number[]): boolean =>
  left.length === right.length && left.every((item, position) => item === right[position]);
const is = (node: GraphNode | undefined, key: string): node is GraphNode =>
  node !== undefined && operatorKey(node.operator) === key;

/** `x` when it has the type of the node's output. */
function fits(node: GraphNode, x: Value | null | undefined): Value | undefined {
  const [output] = node.outputs;
  return x != null && output !== undefined && same(shapeOf(x), shapeOf(output)) && x.dtype === output.dtype
    ? x
    : undefined;
}

/** x + 0, x − 0, x · 1, x / 1 → x. For floats −0 + 0 becomes −0 instead of 0. */
const neutral =
  (element: number, commutes: boolean): Rule =>
  (node, { number }) => {
    const [left, right] = node.inputs;
    if (right != null && number(right) === element) return fits(node, left);
    return commutes && left != null && number(left) === element ? fits(node, right) : undefined;
  };

/** x ∘ broadcast(y) → x ∘ y, where the operator broadcasts to the same shape by itself. */
const dropBroadcast: Rule = (node, { definition }) => {
  const [output] = node.outputs;
  const shapes = node.inputs.map((input) => (input === null ? [] : shapeOf(input)));
  for (const [position, input] of node.inputs.entries()) {
    const made = input === null ? undefined : definition(input);
    const [from] = is(made, BROADCAST_TO) ? made.inputs : [];
    const others = shapes.filter((_, each) => each !== position);
    if (from == null || output === undefined || !others.some((shape) => same(shape, shapeOf(output)))) continue;
    return { ...node, inputs: node.inputs.map((each, k) => (k === position ? from : each)) };
  }
  return undefined;
};

/** A reshape of a reshape is one; a reshape to the same shape is none. */
const joinReshapes: Rule = (node, { definition }) => {
  const [input] = node.inputs;
  const [output] = node.outputs;
  if (input == null || output === undefined) return undefined;
  if (fits(node, input) !== undefined) return input;
  const inner = definition(input);
  const [from] = is(inner, RESHAPE) ? inner.inputs : [];
  return from == null ? undefined : { ...node, inputs: [from], attributes: { shape: shapeOf(output) } };
};

function permutationOf(node: GraphNode): readonly number[] {
  const rank = node.outputs[0]?.shape.length ?? 0;
  const perm = node.attributes.perm;
  return Array.isArray(perm) ? perm.map(Number) : Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
}

/** A transpose of a transpose is one; one that moves nothing is none. */
const joinTransposes: Rule = (node, { definition }) => {
  const [input] = node.inputs;
  const perm = permutationOf(node);
  if (perm.every((axis, position) => axis === position)) return fits(node, input);
  const inner = input == null ? undefined : definition(input);
  if (!is(inner, TRANSPOSE)) return undefined;
  const before = permutationOf(inner);
  return { ...node, inputs: inner.inputs, attributes: { perm: perm.map((axis) => before[axis] ?? 0) } };
};

/** A product with an operand transposed in its last two axes reads the operand itself, by the other flag. */
const transposedOperand: Rule = (node, { definition }) => {
  for (const [position, flag] of (["transA", "transB"] as const).entries()) {
    const input = node.inputs[position];
    const inner = input == null ? undefined : definition(input);
    if (!is(inner, TRANSPOSE)) continue;
    const perm = permutationOf(inner);
    const rank = perm.length;
    const swapped = perm.map((_, axis) => (axis < rank - 2 ? axis : axis === rank - 2 ? rank - 1 : rank - 2));
    if (!same(perm, swapped)) continue;
    const inputs = node.inputs.map((each, k) => (k === position ? (inner.inputs[0] ?? null) : each));
    return { ...node, inputs, attributes: { ...node.attributes, [flag]: !node.attributes[flag] } };
  }
  return undefined;
};

const doubleNegation: Rule = (node, { definition }) => {
  const inner = node.inputs[0] == null ? undefined : definition(node.inputs[0]);
  return is(inner, NEG) ? fits(node, inner.inputs[0]) : undefined;
};

const RULES: ReadonlyMap<string, readonly Rule[]> = new Map<string, readonly Rule[]>([
  [ADD, [neutral(0, true), dropBroadcast]],
  [SUB, [neutral(0, false), dropBroadcast]],
  [MUL, [neutral(1, true), dropBroadcast]],
  [DIV, [neutral(1, false), dropBroadcast]],
  [NEG, [doubleNegation]],
  [IDENTITY, [(node) => fits(node, node.inputs[0])]],
  [BROADCAST_TO, [(node) => fits(node, node.inputs[0])]],
  [RESHAPE, [joinReshapes]],
  [TRANSPOSE, [joinTransposes]],
  [MATMUL, [transposedOperand]],
]);

/** More rounds than rules can chain at one node. */
const MAX_ROUNDS = 8;

/** Rule: the algebra above, at each node in order, until nothing applies there. Nodes left without readers stay for `removeDeadNodes`. */
export const simplifyGraph: GraphPass = {
  name: "simplify-graph",
  run(model) {
    const definitions = new Map<Value, GraphNode>();
    const replacements = new Map<Value, Value>();
    const numbers = scalarConstants(model);
    const context: Context = { definition: (value) => definitions.get(value), number: (value) => numbers.get(value) };
    let changed = false;
    const nodes: GraphNode[] = [];
    for (const original of model.graph.nodes) {
      const result = simplifyNode(replaceInputs(original, replacements), context);
      changed ||= result !== original;
      const [output] = original.outputs;
      if (result.kind === "Value") {
        if (output !== undefined) replacements.set(output, result);
        continue;
      }
      nodes.push(result);
      for (const made of result.outputs) definitions.set(made, result);
    }
    return changed ? { ...model, graph: withNodes(model.graph, nodes, replacements) } : model;
  },
};

function simplifyNode(node: GraphNode, context: Context): GraphNode | Value {
  let current = node;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let next: GraphNode | undefined;
    for (const rule of RULES.get(operatorKey(current.operator)) ?? []) {
      const result = rule(current, context);
      if (result?.kind === "Value") return result;
      if (result !== undefined) next = result;
      if (next !== undefined) break;
    }
    if (next === undefined) break;
    current = next;
  }
  return current;
}

function scalarConstants({ graph, blobs }: Model): ReadonlyMap<Value, number> {
  const numbers = new Map<Value, number>();
  for (const { value, data } of graph.constants) {
    if (value.shape.length > 0) continue;
    const bytes = blobs.get(data.blob)?.subarray(data.offset, data.offset + data.byteLength);
    const [number] = bytes === undefined ? [] : (decodeData(value.dtype, bytes) ?? []);
    if (number !== undefined) numbers.set(value, number);
  }
  return numbers;
}
