import { CompileError } from "@tilewright/diagnostics";
import {
  type BufferRegion,
  bitsOf,
  bytesOf,
  type Expr,
  type KernelCall,
  type ParallelCall,
  type PrimFunc,
} from "@tilewright/ir";
import { agentFrame } from "./agents.js";
import { compileRegion } from "./async.js";
import type { Action } from "./compilers.js";
import { badCall, type Place, unknownCallee } from "./errors.js";
import { compileExpr, compileIndex } from "./expressions.js";
import { type Frame, type Run, randomBelow } from "./frame.js";
import { ForkContext } from "./races.js";
import type { Box } from "./regions.js";
import { type Argument, placeIn, type Scope } from "./scope.js";

/** A call of another function of the module, or of an intrinsic whose meaning is loop IR. The launch sizes are the target's affair. */
export function compileKernelCall(scope: Scope, stmt: KernelCall): Action {
  const callee = calleeOf(scope, stmt);
  const args = stmt.args.map((arg) => compileArgument(scope, stmt.callee, arg));
  const place = placeIn(scope, stmt.span);
  return (frame) => {
    const values = args.map((arg) => arg(frame));
    scope.program.call(frame, callee, values, { place: place(frame), exact: false });
  };
}

/** Calls the body for parts of `0 .. extent` that the seed chooses; two parts that touch one element race. */
export function compileParallelCall(scope: Scope, stmt: ParallelCall): Action {
  const callee = calleeOf(scope, stmt);
  const extent = compileIndex(scope, stmt.extent);
  const args = stmt.args.map((arg) => compileArgument(scope, stmt.callee, arg));
  const place = placeIn(scope, stmt.span);
  return (frame) => {
    const values = args.map((arg) => arg(frame));
    const context = new ForkContext(stmt.callee, (agent) => `the part from ${agent}`);
    for (const [begin, end] of partsOf(frame.run, extent(frame))) {
      const part = agentFrame(frame, { context, agent: begin, queues: false });
      const bounds = [begin, end].map((value): Argument => ({ kind: "scalar", value }));
      scope.program.call({ ...part, queues: null }, callee, [...bounds, ...values], {
        place: place(frame),
        exact: false,
      });
    }
  };
}

/** Seed 0 gives parts of one iteration, seed 1 one part, others random parts from the last to the first. */
function partsOf(run: Run, extent: number): (readonly [number, number])[] {
  if (extent <= 0) return [];
  if (run.seed === 1) return [[0, extent]];
  const parts: (readonly [number, number])[] = [];
  for (let begin = 0; begin < extent; ) {
    const size = run.seed === 0 ? 1 : 1 + randomBelow(run, extent);
    parts.push([begin, Math.min(begin + size, extent)]);
    begin += size;
  }
  return run.seed === 0 ? parts : parts.reverse();
}

function calleeOf(scope: Scope, stmt: KernelCall | ParallelCall): PrimFunc {
  const { functions, intrinsics } = scope.program;
  const intrinsic = stmt.kind === "KernelCall" ? intrinsics.get(stmt.callee) : undefined;
  const callee = functions.get(stmt.callee) ?? (typeof intrinsic === "object" ? intrinsic : undefined);
  if (callee === undefined) throw new CompileError(unknownCallee(stmt.callee, [...functions.keys()], stmt.span));
  return callee;
}

function compileArgument(scope: Scope, callee: string, arg: Expr | BufferRegion): (frame: Frame) => Argument {
  if (arg.kind !== "BufferRegion") {
    const value = compileExpr(scope, arg);
    return (frame) => ({ kind: "scalar", value: value(frame) });
  }
  const region = compileRegion(scope, arg);
  const place = placeIn(scope, arg.span);
  return (frame) => sliceOf(callee, region(frame), place(frame));
}

/** @throws CompileError IP205 when the box is not contiguous. */
function sliceOf(callee: string, { memory, mins, extents }: Box, place: Place): Argument {
  const element = mins.reduce((sum, min, d) => sum + min * (memory.strides[d] ?? 0), 0);
  const count = extents.reduce((product, extent) => product * extent, 1);
  let dense = 1;
  for (let d = extents.length - 1; d >= 0 && count > 0; d--) {
    if (extents[d] !== 1 && memory.strides[d] !== dense) {
      throw new CompileError(badCall(callee, "a contiguous region", `a region of \`${memory.name}\` with gaps`, place));
    }
    dense *= extents[d] ?? 1;
  }
  const bits = element * bitsOf(memory.dtype);
  if (bits % 8 !== 0) throw new CompileError(badCall(callee, "a region that starts at a byte", `bit ${bits}`, place));
  const byteOffset = memory.byteOffset + bits / 8;
  return { kind: "slice", backing: memory.backing, byteOffset, byteLength: bytesOf(memory.dtype, count) };
}
