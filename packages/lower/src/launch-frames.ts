// What stands around a launch and goes into it, from the outside in.
import { build, type Expr, type For, type Let, type Stmt, type Var } from "@tilewright/ir";
import { constantOf, plus } from "./index-arithmetic.js";
import type { Axis } from "./launch-memory.js";

export type Frame =
  | { readonly kind: "blocks"; readonly loop: For; readonly axis: Axis }
  | { readonly kind: "let"; readonly let: Let }
  | { readonly kind: "guard"; readonly condition: Expr };

export const inBlocks = (frames: readonly Frame[]): boolean => frames.some(({ kind }) => kind === "blocks");

export const axesOf = (frames: readonly Frame[]): readonly Axis[] =>
  frames.flatMap((frame) => (frame.kind === "blocks" ? [frame.axis] : []));

/** Variables that have another value in each block. */
export function boundBy(frames: readonly Frame[]): ReadonlySet<Var> {
  return new Set(
    frames.flatMap((frame) =>
      frame.kind === "blocks" ? [frame.loop.loopVar] : frame.kind === "let" ? [frame.let.variable] : [],
    ),
  );
}

/** `stmt` in what stands around it, but for the loops over blocks themselves. */
export function inFrames(stmt: Stmt, frames: readonly Frame[]): Stmt {
  return frames.reduceRight<Stmt>((body, frame) => {
    if (frame.kind === "let") return { ...frame.let, body };
    if (frame.kind === "guard") return build.when(frame.condition, body);
    const { loop, axis } = frame;
    const guarded =
      constantOf(loop.extent) === axis.extent ? body : build.when(build.binary("lt", axis.variable, loop.extent), body);
    return axis.variable === loop.loopVar ? guarded : build.let(loop.loopVar, plus(loop.min, axis.variable), guarded);
  }, stmt);
}
