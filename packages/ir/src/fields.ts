import type { Buffer, BufferRegion } from "./buffer.js";
import type { Expr } from "./expr.js";
import type { IRModule, PrimFunc } from "./func.js";
import type { Constant, DimensionSymbol, Graph, GraphNode, State, Value } from "./graph.js";
import type { Stmt } from "./stmt.js";
import type { Combiner, IterVar, Operation, Tensor } from "./tensor.js";

export type Node =
  | Expr
  | Stmt
  | Buffer
  | BufferRegion
  | PrimFunc
  | IRModule
  | IterVar
  | Combiner
  | Tensor
  | Operation
  | Value
  | Constant
  | State
  | GraphNode
  | DimensionSymbol
  | Graph;
export type NodeKind = Node["kind"];
export type NodeOf<K extends NodeKind> = Extract<Node, { readonly kind: K }>;

/**
 * What a field that holds nodes is to its owner. `use`: a child, visited and rewritten. `bind`: defined here, never replaced by
 * substitution. `refer`: points to a thing with identity that is bound elsewhere. `data`: plain data that happens to hold nodes, left alone
 * by traversal (the codec still writes it).
 */
export type FieldRole = "use" | "bind" | "refer" | "data";

type HoldsNode<T> = T extends { readonly kind: string }
  ? true
  : T extends readonly { readonly kind: string }[]
    ? true
    : never;
type ChildField<N> = { [F in keyof N & string]: true extends HoldsNode<N[F]> ? F : never }[keyof N & string];
type FieldRoles<N> = { readonly [F in ChildField<N>]: FieldRole } & {
  readonly [F in Exclude<keyof N & string, ChildField<N>>]?: FieldRole;
};

/** What `FIELDS` must be: a row for each kind, with a role for each field that holds nodes. */
export type FieldsTable = { readonly [K in NodeKind]: FieldRoles<NodeOf<K>> };

/** Field roles by node kind, in evaluation order. Forgetting a kind or a field that holds nodes does not compile. */
export const FIELDS = {
  Const: {},
  Var: {},
  Unary: { operand: "use" },
  Binary: { left: "use", right: "use" },
  Select: { condition: "use", whenTrue: "use", whenFalse: "use" },
  IfThenElse: { condition: "use", whenTrue: "use", whenFalse: "use" },
  Cast: { operand: "use" },
  Reinterpret: { operand: "use" },
  Load: { buffer: "refer", indices: "use", predicate: "use" },
  Ramp: { base: "use", stride: "use" },
  Broadcast: { operand: "use" },
  Shuffle: { vectors: "use" },
  Call: { args: "use" },
  Read: { tensor: "refer", indices: "use" },
  Reduce: { combiner: "refer", axes: "bind", sources: "use", condition: "use", initial: "use" },
  For: { min: "use", extent: "use", loopVar: "bind", body: "use" },
  While: { condition: "use", body: "use" },
  Store: { buffer: "refer", indices: "use", value: "use", predicate: "use" },
  If: { condition: "use", then: "use", otherwise: "use" },
  Let: { value: "use", variable: "bind", body: "use" },
  Register: { initial: "use", variable: "bind", body: "use" },
  Assign: { variable: "refer", value: "use" },
  Allocate: { buffer: "bind", body: "use" },
  Seq: { stmts: "use" },
  Assert: { condition: "use" },
  Evaluate: { value: "use" },
  Atomic: { buffer: "refer", indices: "use", value: "use" },
  Barrier: {},
  Async: { reads: "use", writes: "use", body: "use" },
  PushToken: {},
  PopToken: {},
  Synchronize: {},
  KernelCall: { args: "use", launch: "data" },
  ParallelCall: { extent: "use", args: "use" },
  Buffer: { shape: "use", strides: "use" },
  BufferRegion: { buffer: "refer", mins: "use", extents: "use" },
  PrimFunc: { parameters: "bind", mayAlias: "refer", body: "use" },
  IRModule: { functions: "use" },
  IterVar: { variable: "bind", min: "use", extent: "use" },
  Combiner: { lhs: "bind", rhs: "bind", results: "use", identities: "use" },
  Tensor: { shape: "use", operation: "refer" },
  Placeholder: {},
  Compute: { axes: "bind", bodies: "use" },
  Scan: { axis: "bind", initial: "refer", update: "refer", states: "refer" },
  Extern: { inputs: "refer", inputBuffers: "bind", outputBuffers: "bind", body: "use" },
  Value: { shape: "use" },
  Constant: { value: "bind" },
  State: { value: "bind", next: "refer" },
  GraphNode: { inputs: "refer", outputs: "bind", attributes: "data" },
  DimensionSymbol: { variable: "bind" },
  Graph: { symbols: "bind", inputs: "bind", constants: "bind", states: "bind", nodes: "use", outputs: "refer" },
} as const satisfies FieldsTable;
