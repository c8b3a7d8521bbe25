import { CompileError } from "@tilewright/diagnostics";
import {
  type Buffer,
  type BufferRegion,
  bitsOf,
  bytesOf,
  type Const,
  dimensionsOfBox,
  type Expr,
  int,
  isConst,
  type KernelCall,
  type ParallelCall,
  type PrimFunc,
  withParameters,
} from "@tilewright/ir";
import { agentFrame } from "./agents.js";
import { compileRegion } from "./async.js";
import type { Action } from "./compilers.js";
import { badCall, type Place, unknownCallee } from "./errors.js";
import { compileExpr, compileIndex } from "./expressions.js";
import { type Frame, type Run, randomBelow } from "./frame.js";
import { spanOf } from "./memory.js";
import { ForkContext } from "./races.js";
import type { Box } from "./regions.js";
import { type Argument, type Program, placeIn, type Scope } from "./scope.js";
import type { Value } from "./values.js";

/** A call of another function of the module, or of an intrinsic whose meaning is loop IR. The sizes of a launch repeat its loops over threads. */
export function compileKernelCall(scope: Scope, stmt: KernelCall): Action {
  const callee = calleeOf(scope, stmt);
  const place = placeIn(scope, stmt.span);
  if (!scope.program.functions.has(stmt.callee)) {
    const boxes = stmt.args.map((arg) => compileOperand(scope, arg));
    return compileIntrinsicCall(scope.program, callee, boxes, place);
  }
  const args = stmt.args.map((arg, position) => compileArgument(scope, callee, arg, position));
  return (frame) => {
    const values = args.map((arg) => arg(frame));
    scope.program.call(frame, callee, values, { place: place(frame), exact: false });
  };
}

type Operand = (frame: Frame) => Box | Value;

function compileOperand(scope: Scope, arg: Expr | BufferRegion): Operand {
  return arg.kind === "BufferRegion" ? compileRegion(scope, arg) : compileExpr(scope, arg);
}

/** Boxes of memory, which the meaning of the intrinsic sees through their strides: a copy of it is compiled for each set of strides. */
function compileIntrinsicCall(
  program: Program,
  meaning: PrimFunc,
  operands: readonly Operand[],
  placeOf: (frame: Frame) => Place,
): Action {
  const variants = new Map<string, PrimFunc>();
  return (frame) => {
    const place = placeOf(frame);
    const values = operands.map((operand) => operand(frame));
    const strides = values.map((value, position) => {
      const parameter = meaning.parameters[position];
      return isBox(value) && parameter?.kind === "Buffer" ? stridesSeen(meaning.name, parameter, value, place) : null;
    });
    const key = JSON.stringify(strides);
    const callee =
      variants.get(key) ??
      withParameters(meaning, (parameter, at) => ({
        ...parameter,
        strides: strides[at]?.map((stride) => int(stride)) ?? null,
      }));
    variants.set(key, callee);
    const args = values.map((value) => (isBox(value) ? spanOfBox(meaning.name, value, place) : scalar(value)));
    program.call(frame, callee, args, { place, exact: false });
  };
}

const isBox = (value: Box | Value): value is Box => typeof value === "object" && "memory" in value;

const scalar = (value: Value): Argument => ({ kind: "scalar", value });

/** The strides through which a parameter sees a box. @throws CompileError IP205 for a box of another shape */
function stridesSeen(callee: string, parameter: Buffer, { memory, extents }: Box, place: Place): readonly number[] {
  const shape = parameter.shape.map((extent) => (isConst(extent) ? Number(extent.value) : -1));
  const dimensions = dimensionsOfBox(shape, extents);
  if (dimensions === null) {
    const expected = `a box of shape [${shape.join(", ")}] for \`${parameter.name}\``;
    throw new CompileError(badCall(callee, expected, `one of [${extents.join(", ")}] of \`${memory.name}\``, place));
  }
  return dimensions.map((dimension) => memory.strides[dimension] ?? 1);
}

/** Calls the body for parts of `0 .. extent` that the seed chooses; two parts that touch one element race. */
export function compileParallelCall(scope: Scope, stmt: ParallelCall): Action {
  const callee = calleeOf(scope, stmt);
  const extent = compileIndex(scope, stmt.extent);
  const args = stmt.args.map((arg, position) => compileArgument(scope, callee, arg, position + 2));
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

function compileArgument(
  scope: Scope,
  callee: PrimFunc,
  arg: Expr | BufferRegion,
  position: number,
): (frame: Frame) => Argument {
  if (arg.kind !== "BufferRegion") {
    const value = compileExpr(scope, arg);
    return (frame) => scalar(value(frame));
  }
  const region = compileRegion(scope, arg);
  const place = placeIn(scope, arg.span);
  const parameter = callee.parameters[position];
  const strides = parameter?.kind === "Buffer" ? constantStrides(parameter) : null;
  return (frame) => {
    const box = region(frame);
    const fits = strides !== null && parameter?.kind === "Buffer" && box.extents.length > 1;
    if (fits && String(stridesSeen(callee.name, parameter, box, place(frame))) === String(strides))
      return spanOfBox(callee.name, box, place(frame));
    return sliceOf(callee.name, box, place(frame));
  };
}

/** The strides that a parameter declares, where they are constants. */
function constantStrides({ strides }: Buffer): readonly number[] | null {
  if (strides === null || !strides.every((stride) => isConst(stride))) return null;
  return strides.map((stride) => Number((stride as Const).value));
}

/** @throws CompileError IP205 when the box is not contiguous. */
function sliceOf(callee: string, box: Box, place: Place): Argument {
  const { memory, extents } = box;
  const count = extents.reduce((product, extent) => product * extent, 1);
  let dense = 1;
  for (let d = extents.length - 1; d >= 0 && count > 0; d--) {
    if (extents[d] !== 1 && memory.strides[d] !== dense) {
      throw new CompileError(badCall(callee, "a contiguous region", `a region of \`${memory.name}\` with gaps`, place));
    }
    dense *= extents[d] ?? 1;
  }
  return argumentAt(callee, box, count, place);
}

/** The bytes from the first to the last element of a box. */
function spanOfBox(callee: string, box: Box, place: Place): Argument {
  return argumentAt(callee, box, spanOf(box.extents, box.memory.strides), place);
}

function argumentAt(callee: string, { memory, mins }: Box, count: number, place: Place): Argument {
  const element = mins.reduce((sum, min, d) => sum + min * (memory.strides[d] ?? 0), 0);
  const bits = element * bitsOf(memory.dtype);
  if (bits % 8 !== 0) throw new CompileError(badCall(callee, "a region that starts at a byte", `bit ${bits}`, place));
  const byteOffset = memory.byteOffset + bits / 8;
  return { kind: "slice", backing: memory.backing, byteOffset, byteLength: bytesOf(memory.dtype, count) };
}
