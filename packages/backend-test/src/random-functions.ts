import { NO_SPAN } from "@tilewright/diagnostics";
import { buffer, build, type DType, type LoopKind, type PrimFunc, type Stmt } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import type fc from "fast-check";
import { edgeGuard, randomExtent, randomStmt, type Settings, type Visible } from "./random-stmt.js";
import { arbitraryFromTape, type Tape } from "./tape.js";

export interface PrimFuncOptions {
  /** Element types of buffers; float32 and int32 unless told. */
  readonly dtypes?: readonly DType[];
  /** Kinds of loops; serial unless told. Parallel and vectorized loops have independent iterations by construction. */
  readonly loopKinds?: readonly LoopKind[];
  /** Lanes of explicit vectors; none unless told. */
  readonly vectorLanes?: readonly number[];
  /** Bytes of the widest explicit vectors; unlimited unless told. */
  readonly vectorBytes?: number;
  /** Dimensions of buffers; with 1 the function is flat. 3 unless told. */
  readonly maxRank?: number;
  /** Extents of loops and dimensions; 13 unless told. */
  readonly maxExtent?: number;
  /** Loops that a condition ends too; false unless told. */
  readonly conditions?: boolean;
  /** Element types of atomic updates; none unless told. */
  readonly atomics?: readonly DType[];
  readonly name?: string;
}

/**
 * Random functions that mean something: in bounds, free of races, nothing read before it is written, and floats that stay integers their
 * type holds exactly, so that results may be compared to the bit.
 */
export function arbitraryPrimFunc(options: PrimFuncOptions = {}): fc.Arbitrary<PrimFunc> {
  const {
    dtypes = ["float32", "int32"],
    loopKinds = ["serial"],
    vectorLanes = [],
    vectorBytes = Number.POSITIVE_INFINITY,
    maxRank = 3,
    maxExtent = 13,
    conditions = false,
    atomics = [],
  } = options;
  const settings: Settings = {
    dtypes, loopKinds, vectorLanes, vectorBytes, maxRank, maxExtent, conditions, atomics,
  }; // biome-ignore format: a list
  return arbitraryFromTape((tape) => randomPrimFunc(tape, settings, options.name ?? "random"), print);
}

function randomPrimFunc(tape: Tape, settings: Settings, name: string): PrimFunc {
  const buffers = Array.from({ length: 2 + tape.below(3) }, (_, k): Visible => {
    const dtype = settings.dtypes[k] ?? tape.pick(settings.dtypes);
    const extents = Array.from({ length: 1 + tape.below(settings.maxRank) }, () => randomExtent(tape, settings));
    return { buffer: buffer(`b${k}`, { dtype, shape: extents }), extents, fixed: new Map(), writable: k !== 1 };
  });
  const outside = { loops: [], buffers, variables: [], registers: [], iterations: 1, settings, inVector: false };
  const stmts: Stmt[] = Array.from({ length: 1 + tape.below(3) }, () => randomStmt(tape, outside, 4));
  const guarded = stmts.map((stmt) => (stmt.kind === "Store" && tape.once(6) ? edgeGuard(tape, [], stmt) : stmt));
  const body = build.seq(...guarded);
  const parameters = buffers.map((each) => each.buffer);
  return { kind: "PrimFunc", span: NO_SPAN, name, role: "kernel", parameters, mayAlias: [], body, attributes: {} };
}
