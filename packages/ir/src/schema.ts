import { DTYPES, type DType } from "./dtype.js";
import { ARITHMETIC_OPS, type BinaryOp, COMPARE_OPS, type Expr, UNARY_OPS, type UnaryOp } from "./expr.js";
import type { Node, NodeKind, NodeOf } from "./fields.js";
import type { FunctionRole } from "./func.js";
import type { BlobReference, OperatorName } from "./graph.js";
import { type AtomicOp, type IfRole, type LoopKind, type Stmt, THREAD_TAGS, type ThreadTag } from "./stmt.js";
import type { IterKind, Operation } from "./tensor.js";

/**
 * How a field is held. `data`: no nodes. `node`: one node, or null where `nullable`. `list`: nodes, null instead of the list where `nullable`,
 * null elements where `holes`. `launch`, `aliases`, `attributes`: the shapes of `KernelCall.launch`, `PrimFunc.mayAlias`, `GraphNode.attributes`.
 */
export type Form = "data" | "node" | "list" | "launch" | "aliases" | "attributes";

export interface FieldType<T> {
  readonly form: Form;
  /** What is expected, for diagnostics. */
  readonly words: string;
  readonly kinds: readonly NodeKind[];
  readonly nullable: boolean;
  readonly holes: boolean;
  /** For `data`: whether a value that came from outside is one. */
  readonly accepts: (value: unknown) => boolean;
  /** Never there: ties the description to the field's type. */
  readonly type?: T;
}

type Schema = {
  readonly [K in NodeKind]: { readonly [F in Exclude<keyof NodeOf<K>, "kind" | "span">]: FieldType<NodeOf<K>[F]> };
};

function field<T>(form: Form, words: string, more: Partial<FieldType<T>>): FieldType<T> {
  return { form, words, kinds: [], nullable: false, holes: false, accepts: () => false, ...more };
}
function data<T>(words: string, accepts: (value: unknown) => boolean): FieldType<T> {
  return field("data", words, { accepts });
}
function node<T extends Node | null>(words: string, kinds: readonly NodeKind[], nullable = false): FieldType<T> {
  return field("node", words, { kinds, nullable });
}
function list<T>(words: string, kinds: readonly NodeKind[], more: Partial<FieldType<T>> = {}): FieldType<T> {
  return field("list", `a list of ${words}`, { kinds, ...more });
}
function oneOf<T extends string | null>(words: readonly T[]): FieldType<T> {
  return data(`one of ${words.join(", ")}`, (value) => (words as readonly unknown[]).includes(value));
}

const isNatural = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const hasOnly = (value: unknown, fields: { readonly [key: string]: (value: unknown) => boolean }): boolean =>
  isRecord(value) &&
  Object.keys(value).length === Object.keys(fields).length &&
  Object.entries(fields).every(([name, accepts]) => Object.hasOwn(value, name) && accepts(value[name]));
const isString = (value: unknown): boolean => typeof value === "string";
const listOf = (accepts: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(accepts);
export const isBlob = (value: unknown): boolean =>
  hasOnly(value, { blob: isString, offset: isNatural, byteLength: isNatural });

const EXPRS = [
  "Const", "Var", "Unary", "Binary", "Select", "IfThenElse", "Cast", "Reinterpret", "Load", "Ramp", "Broadcast", "Shuffle", "Call", "Read", "Reduce",
] as const satisfies readonly Expr["kind"][]; // biome-ignore format: a list
const STMTS = [
  "For", "While", "Store", "If", "Let", "Register", "Assign", "Allocate", "Seq", "Assert", "Evaluate", "Atomic", "Barrier", "Async", "PushToken",
  "PopToken", "Synchronize", "KernelCall", "ParallelCall",
] as const satisfies readonly Stmt["kind"][]; // biome-ignore format: a list
const OPERATIONS = ["Placeholder", "Compute", "Scan", "Extern"] as const satisfies readonly Operation["kind"][];

const text = data<string>("a string", isString);
const natural = data<number>("a non-negative integer", isNatural);
const integer = data<number>("an integer", Number.isSafeInteger);
const lanes = data<number>("a positive integer", (value) => isNatural(value) && value !== 0);
const dtype = oneOf<DType>(DTYPES);
const json = data<never>("an object of JSON values", isRecord);
const texts = data<readonly string[]>("a list of strings", listOf(isString));
const expr = node<Expr>("an expression", EXPRS);
const exprOrNull = node<Expr | null>("an expression or null", EXPRS, true);
const exprs = list<readonly Expr[]>("expressions", EXPRS);
const exprsOrNull = list<readonly Expr[] | null>("expressions, or null", EXPRS, { nullable: true });
const stmt = node<Stmt>("a statement", STMTS);
const variable = node<NodeOf<"Var">>("a variable", ["Var"]);
const variables = list<readonly NodeOf<"Var">[]>("variables", ["Var"]);
const buffer = node<NodeOf<"Buffer">>("a buffer", ["Buffer"]);
const buffers = list<readonly NodeOf<"Buffer">[]>("buffers", ["Buffer"]);
const regions = list<readonly NodeOf<"BufferRegion">[]>("regions", ["BufferRegion"]);
const args = list<readonly (Expr | NodeOf<"BufferRegion">)[]>("expressions and regions", [...EXPRS, "BufferRegion"]);
const axes = list<readonly NodeOf<"IterVar">[]>("axes", ["IterVar"]);
const tensors = list<readonly NodeOf<"Tensor">[]>("tensors", ["Tensor"]);
const value = node<NodeOf<"Value">>("a value", ["Value"]);
const values = list<readonly NodeOf<"Value">[]>("values", ["Value"]);
const typed = { dtype, lanes } as const;

/** Every field of every kind, with its type: forgetting one, or describing it wrongly, does not compile. The codec and equality read it. */
export const SCHEMA = {
  Const: {
    ...typed,
    value: data("a number, bigint or boolean", (v) => ["number", "bigint", "boolean"].includes(typeof v)),
  },
  Var: { ...typed, name: text },
  Unary: { ...typed, op: oneOf<UnaryOp>(UNARY_OPS), operand: expr, fast: natural },
  Binary: {
    ...typed,
    op: oneOf<BinaryOp>([...ARITHMETIC_OPS, ...COMPARE_OPS]),
    left: expr,
    right: expr,
    fast: natural,
  },
  Select: { ...typed, condition: expr, whenTrue: expr, whenFalse: expr },
  IfThenElse: { ...typed, condition: expr, whenTrue: expr, whenFalse: expr },
  Cast: { ...typed, operand: expr },
  Reinterpret: { ...typed, operand: expr },
  Load: { ...typed, buffer, indices: exprs, predicate: exprOrNull },
  Ramp: { ...typed, base: expr, stride: expr },
  Broadcast: { ...typed, operand: expr },
  Shuffle: { ...typed, vectors: exprs, picks: data<readonly number[]>("a list of integers", listOf(isNatural)) },
  Call: { ...typed, intrinsic: text, args: exprs },
  Read: { ...typed, tensor: node("a tensor", ["Tensor"]), indices: exprs },
  Reduce: {
    ...typed,
    combiner: node("a combiner", ["Combiner"]),
    axes,
    sources: exprs,
    condition: exprOrNull,
    initial: exprsOrNull,
    valueIndex: natural,
    fast: natural,
  },
  For: {
    loopVar: variable,
    min: expr,
    extent: expr,
    loopKind: oneOf<LoopKind>(["serial", "parallel", "vectorized", "unrolled", "thread", "virtual"]),
    thread: oneOf<ThreadTag | null>([...THREAD_TAGS, null]),
    body: stmt,
  },
  While: { condition: expr, body: stmt },
  Store: { buffer, indices: exprs, value: expr, predicate: exprOrNull },
  If: {
    condition: expr,
    then: stmt,
    otherwise: node<Stmt | null>("a statement or null", STMTS, true),
    role: oneOf<IfRole>(["guard", "branch"]),
  },
  Let: { variable, value: expr, body: stmt },
  Register: { variable, initial: expr, body: stmt },
  Assign: { variable, value: expr },
  Allocate: { buffer, body: stmt },
  Seq: { stmts: list("statements", STMTS) },
  Assert: { condition: expr, message: text },
  Evaluate: { value: expr },
  Atomic: {
    op: oneOf<AtomicOp>(["add", "min", "max", "and", "or", "xor", "exchange"]),
    buffer,
    indices: exprs,
    value: expr,
  },
  Barrier: { scope: oneOf(["shared", "global"]) },
  Async: { queue: text, reads: regions, writes: regions, body: stmt },
  PushToken: { from: text, to: text },
  PopToken: { from: text, to: text },
  Synchronize: { queues: texts },
  KernelCall: {
    callee: text,
    args,
    launch: field("launch", "grid and block, or null", { kinds: EXPRS, nullable: true }),
  },
  ParallelCall: { callee: text, extent: expr, args },
  Buffer: {
    name: text,
    dtype,
    shape: exprs,
    strides: exprsOrNull,
    scope: data("a scope", isString),
    alignment: natural,
  },
  BufferRegion: { buffer, mins: exprs, extents: exprs },
  PrimFunc: {
    name: text,
    role: oneOf<FunctionRole>(["kernel", "host", "parallel"]),
    parameters: list("buffers and variables", ["Buffer", "Var"]),
    mayAlias: field("aliases", "pairs of buffers", { kinds: ["Buffer"] }),
    body: stmt,
    attributes: json,
  },
  IRModule: { functions: list("functions", ["PrimFunc"]), attributes: json },
  IterVar: {
    name: text,
    variable,
    min: expr,
    extent: expr,
    iterKind: oneOf<IterKind>(["data", "reduce", "ordered", "opaque"]),
  },
  Combiner: { name: text, lhs: variables, rhs: variables, results: exprs, identities: exprs },
  Tensor: { name: text, dtype, shape: exprs, operation: node("an operation", OPERATIONS), outputIndex: natural },
  Placeholder: { name: text },
  Compute: { name: text, axes, bodies: exprs, attributes: json },
  Scan: { name: text, axis: node("an axis", ["IterVar"]), initial: tensors, update: tensors, states: tensors },
  Extern: { name: text, inputs: tensors, inputBuffers: buffers, outputBuffers: buffers, body: stmt },
  Value: { name: text, dtype, shape: exprs },
  Constant: { value, data: data<BlobReference>("a reference to a blob", isBlob) },
  State: {
    value,
    next: node<NodeOf<"Value"> | null>("a value or null", ["Value"], true),
    initial: data<BlobReference | null>("a reference to a blob, or null", (v) => v === null || isBlob(v)),
  },
  GraphNode: {
    name: text,
    operator: data<OperatorName>("an operator", (v) =>
      hasOnly(v, { domain: isString, name: isString, version: isNatural }),
    ),
    inputs: list<readonly (NodeOf<"Value"> | null)[]>("values and nulls", ["Value"], { holes: true }),
    outputs: values,
    attributes: field("attributes", "an object of attributes", { kinds: ["Graph"] }),
    reuse: data(
      "a list of {output, input}",
      listOf((v) => hasOnly(v, { output: isNatural, input: isNatural })),
    ),
    device: data("a string or null", (v) => v === null || isString(v)),
  },
  DimensionSymbol: { variable, min: integer, max: integer },
  Graph: {
    name: text,
    symbols: list("symbols", ["DimensionSymbol"]),
    inputs: values,
    constants: list("constants", ["Constant"]),
    states: list("states", ["State"]),
    nodes: list("graph nodes", ["GraphNode"]),
    outputs: values,
    attributes: json,
  },
} as const satisfies Schema;

/** The fields of a kind, for code that treats all kinds alike; undefined for what is no kind. */
export function schemaOf(kind: string): Readonly<Record<string, FieldType<unknown>>> | undefined {
  return Object.hasOwn(SCHEMA, kind) ? SCHEMA[kind as NodeKind] : undefined;
}
