import type { Json } from "../func.js";

export const FORMAT = "tilewright-ir";

/** One node: its kind, its fields with nodes as indices into the table, and its place as an index into `spans` (absent: nowhere). */
export interface EncodedNode {
  readonly kind: string;
  readonly span?: number;
  readonly [field: string]: unknown;
}

/**
 * The JSON form: a flat table in which every node refers to earlier ones, so that sharing and the identity of variables, buffers and tensors
 * survive. `root` is an index, a list of indices (tensors), or a schedule trace itself.
 */
export interface EncodedIR {
  readonly format: typeof FORMAT;
  readonly version: number;
  readonly spans: readonly (readonly [file: string, line: number, column: number])[];
  readonly nodes: readonly EncodedNode[];
  readonly root: number | readonly number[] | { readonly version: number; readonly records: readonly Json[] };
}
