// What a statement does to a buffer, as the promotion passes need it.
import { type Buffer, type Expr, type Load, type Stmt, type Store, visit } from "@tilewright/ir";
import { constantOf } from "./index-arithmetic.js";

export interface Accesses {
  readonly loads: readonly Load[];
  readonly stores: readonly Store[];
  /** Used by something else than a load or a store: an atomic, a region. */
  readonly escapes: boolean;
}

/** Accesses of every buffer below `stmt`. */
export function accessesIn(stmt: Stmt): ReadonlyMap<Buffer, Accesses> {
  const found = new Map<Buffer, { loads: Load[]; stores: Store[]; escapes: boolean }>();
  const of = (buffer: Buffer) => {
    const known = found.get(buffer);
    if (known !== undefined) return known;
    const made = { loads: [], stores: [], escapes: false };
    found.set(buffer, made);
    return made;
  };
  visit(stmt, {
    Load: (node) => {
      of(node.buffer).loads.push(node);
    },
    Store: (node) => {
      of(node.buffer).stores.push(node);
    },
    Atomic: (node) => {
      of(node.buffer).escapes = true;
    },
    BufferRegion: (node) => {
      of(node.buffer).escapes = true;
    },
  });
  return found;
}

/** The start and lanes of a flat access to consecutive elements; undefined for others. */
export function spanOf(indices: readonly Expr[]): { readonly start: Expr; readonly lanes: number } | undefined {
  const index = indices[0];
  if (index === undefined || indices.length !== 1) return undefined;
  if (index.lanes === 1) return { start: index, lanes: 1 };
  if (index.kind === "Ramp" && constantOf(index.stride) === 1) return { start: index.base, lanes: index.lanes };
  return undefined;
}

/** The elements `first .. first + lanes` of a flat access with a constant index. */
export function constantSpanOf(
  indices: readonly Expr[],
): { readonly first: number; readonly lanes: number } | undefined {
  const span = spanOf(indices);
  const first = span === undefined ? undefined : constantOf(span.start);
  return span === undefined || first === undefined ? undefined : { first, lanes: span.lanes };
}
