import type { DType } from "./dtype.js";
import type { Expr, NodeBase, Var } from "./expr.js";
import type { Attributes } from "./func.js";

/** An integer expression over named, bounded symbols (`Var`s of type index); constants are `Const`. */
export type Dimension = Expr;

/** A named, typed edge of a graph. Identity is the object. */
export interface Value extends NodeBase<"Value"> {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dimension[];
}

/** Weights by reference: bytes `offset .. offset + byteLength` of the blob named `blob`, little-endian and row-major. */
export interface BlobReference {
  readonly blob: string;
  readonly offset: number;
  readonly byteLength: number;
}

export interface Constant extends NodeBase<"Constant"> {
  readonly value: Value;
  readonly data: BlobReference;
}

/** A value that outlives a run: a parameter, a running statistic. Read as `value`; when a run ends it becomes `next` (null: read only). */
export interface State extends NodeBase<"State"> {
  readonly value: Value;
  readonly next: Value | null;
  /** Null: zeros until the caller sets it. */
  readonly initial: BlobReference | null;
}

/** ONNX operators have the domain "" (or "ai.onnx"); ours have "tilewright". */
export interface OperatorName {
  readonly domain: string;
  readonly name: string;
  readonly version: number;
}

export type Attribute =
  | number
  | bigint
  | string
  | boolean
  | readonly number[]
  | readonly bigint[]
  | readonly string[]
  | BlobReference
  | Graph;

/** One operator applied. An absent optional input is null. `reuse` pairs say that output `output` may take the memory of input `input`. */
export interface GraphNode extends NodeBase<"GraphNode"> {
  readonly name: string;
  readonly operator: OperatorName;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly attributes: { readonly [name: string]: Attribute };
  readonly reuse: readonly { readonly output: number; readonly input: number }[];
  /** Device placement; null: the compiler's choice. */
  readonly device: string | null;
}

/** A bounded symbol of the shapes: `min ≤ symbol ≤ max`. */
export interface DimensionSymbol extends NodeBase<"DimensionSymbol"> {
  readonly variable: Var;
  readonly min: number;
  readonly max: number;
}

/** Nodes in topological order. */
export interface Graph extends NodeBase<"Graph"> {
  readonly name: string;
  readonly symbols: readonly DimensionSymbol[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly constants: readonly Constant[];
  readonly states: readonly State[];
  readonly nodes: readonly GraphNode[];
  readonly attributes: Attributes;
}
