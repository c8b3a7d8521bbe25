import { boundsOf, simplify } from "@tilewright/arith";
import { CompileError } from "@tilewright/diagnostics";
import { build, type Expr, int, isConst, substitute, type Var } from "@tilewright/ir";
import type { EnclosingLoop, Region } from "./domain.js";
import { noWindow } from "./errors-pipeline.js";
import type { Stage } from "./schedule.js";

type Range = { readonly min: number; readonly max: number };

/** What a rolled stage computes before its loop and in each iteration, and how far the window moves. */
export interface Window {
  readonly first: readonly Region[];
  readonly each: readonly Region[];
  readonly step: number;
  /** Rows that an iteration finds computed. */
  readonly kept: number;
}

/** What the readers of a stage ask for: along the dimension, those in the loop and those before it, if any; all of them in the others. */
export interface Demanded {
  readonly inside: Region;
  readonly before: Region | null;
  readonly all: readonly Region[];
}

/** Bounds of what a function adds from one iteration to the next. */
export interface Travel {
  readonly least: number;
  readonly most: number;
}

/**
 * Rule: iteration `v` reads the rows `min(v) .. min(v) + extent`. Where `0 ≤ min(v + 1) − min(v) ≤ step` for all `v`, the rows that
 * iteration `v` does not find computed are among its last `step`; the others of the first iteration are computed before the loop, with those
 * that stages rolled in the same loop read there. Null when consecutive iterations share nothing.
 *
 * @throws CompileError SCH168 rows that do not move so, or other dimensions that move too
 */
export function windowOf(
  stage: Stage,
  loop: EnclosingLoop,
  outside: readonly EnclosingLoop[],
  asked: Demanded,
): Window | null {
  const { dimension, span } = stage.rolling ?? { dimension: 0, span: loop.axis.span };
  const rows = asked.inside;
  const moves = travelOf(rows.min, loop.variable);
  if (asked.before === null && (loop.extent <= 1 || (moves !== null && moves.most >= rows.extent))) return null;
  const name = stage.axes[dimension]?.name ?? String(dimension);
  const refuse = (why: string): never => {
    throw new CompileError(noWindow(stage.name, name, loop.axis.name, why, span));
  };
  if (moves === null || !Number.isSafeInteger(moves.most))
    return refuse("the first row is no even function of the loop");
  if (moves.least < 0) return refuse(`the window moves back by up to ${-moves.least} rows`);
  for (const [other, { min }] of asked.all.entries())
    if (other !== dimension && mentions(min, loop.variable))
      refuse(`along \`${stage.axes[other]?.name}\` it moves too`);
  const ranges = new Map<Var, Range>(
    outside.map(({ variable, extent }) => [variable, { min: 0, max: Math.max(0, extent - 1) }]),
  );
  const step = Math.min(moves.most, rows.extent);
  const kept = rows.extent - step;
  const start = substitute(rows.min, new Map([[loop.variable, int(0)]]));
  const first = firstRows({ min: simplify(start, { ranges }), extent: kept }, asked.before, ranges);
  if (first === null) return refuse("how many rows come before the loop depends on the loops around it");
  const withRows = (own: Region): readonly Region[] =>
    asked.all.map((region, other) => (other === dimension ? own : region));
  const newest = { min: kept === 0 ? rows.min : simplify(build.add(rows.min, int(kept)), { ranges }), extent: step };
  return { first: withRows(first), each: withRows(newest), step: moves.most, kept };
}

/** The rows before the loop, and those that others read there. */
function firstRows(own: Region, before: Region | null, ranges: ReadonlyMap<Var, Range>): Region | null {
  if (before === null) return own;
  const end = ({ min, extent }: Region): Expr => build.add(min, int(extent));
  const min = simplify(build.binary("min", own.min, before.min), { ranges });
  const extent = boundsOf(simplify(build.sub(build.binary("max", end(own), end(before)), min), { ranges }), ranges).max;
  return Number.isSafeInteger(extent) ? { min, extent } : null;
}

/** Bounds of `expr(v + 1) − expr(v)` over all values of `v`; null when they are not known. */
export function travelOf(expr: Expr, v: Var): Travel | null {
  if (expr === v) return { least: 1, most: 1 };
  if (!mentions(expr, v)) return { least: 0, most: 0 };
  if (expr.kind !== "Binary") return null;
  const [left, right] = [travelOf(expr.left, v), travelOf(expr.right, v)];
  if (left === null || right === null) return null;
  switch (expr.op) {
    case "add":
      return { least: left.least + right.least, most: left.most + right.most };
    case "sub":
      return { least: left.least - right.most, most: left.most - right.least };
    case "min":
    case "max":
      return { least: Math.min(left.least, right.least), most: Math.max(left.most, right.most) };
    case "mul": {
      const [factor, moved] = isConst(expr.right) ? [expr.right, left] : [expr.left, right];
      if (!isConst(factor)) return null;
      const ends = [moved.least * Number(factor.value), moved.most * Number(factor.value)];
      return { least: Math.min(...ends), most: Math.max(...ends) };
    }
    case "floordiv": {
      if (!isConst(expr.right) || Number(expr.right.value) <= 0) return null;
      const divisor = Number(expr.right.value);
      return { least: Math.floor(left.least / divisor), most: Math.ceil(left.most / divisor) };
    }
    default:
      return null;
  }
}

function mentions(expr: Expr, v: Var): boolean {
  return substitute(expr, new Map([[v, int(0)]])) !== expr;
}
