import { CompileError } from "@tilewright/diagnostics";
import type { Buffer, Expr, Scope as MemoryScope } from "@tilewright/ir";
import { illTyped, negativeExtent, type Place } from "./errors.js";
import type { Frame } from "./frame.js";
import { arrayLength, arrayType, type Backing, denseStrides, type Memory, spanOf, view } from "./memory.js";
import type { ForkContext } from "./races.js";
import type { Program } from "./scope.js";

/** What uninitialised bytes hold, by seed: a result that depends on them differs between seeds. 0xff makes floats NaN. */
const POISON = [0xff, 0xaa, 0x55, 0x7f] as const;

export interface BackingOptions {
  readonly name: string;
  readonly byteLength: number;
  readonly granule: number;
  readonly scope: MemoryScope;
  /** Forks whose branches cannot share the memory; the frame's own unless told. */
  readonly forks?: readonly ForkContext[];
}

/** Uninitialised memory that `frame` owns. */
export function newBacking(frame: Frame, options: BackingOptions): Backing {
  const { name, byteLength, granule, scope, forks = frame.forks } = options;
  const bytes = new Uint8Array(Math.ceil(byteLength / 8) * 8).fill(POISON[frame.run.seed % POISON.length] as number);
  const backing = { bytes, name, granule, initialised: new Uint8Array(bytes.length), scope, privateTo: forks };
  frame.regions?.own.add(backing);
  return backing;
}

/** Shape and strides of a buffer, from the values in a frame. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Compiles the layout of a buffer. @throws CompileError IP311 when evaluated to a negative extent. */
export function compileLayout(
  buffer: Buffer,
  compile: (expr: Expr) => (frame: Frame) => number,
): (frame: Frame, place: Place) => Layout {
  if (arrayType(buffer.dtype) === null) {
    const message = `buffer \`${buffer.name}\` has no type that memory holds`;
    throw new CompileError(illTyped(message, "a data type", buffer.dtype, buffer.span));
  }
  const shapeOf = buffer.shape.map(compile);
  const stridesOf = buffer.strides?.map(compile) ?? null;
  return (frame, place) => {
    const shape = shapeOf.map((extent) => extent(frame));
    const negative = shape.find((extent) => extent < 0);
    if (negative !== undefined) throw new CompileError(negativeExtent(buffer.name, negative, place));
    return { shape, strides: stridesOf === null ? denseStrides(shape) : stridesOf.map((stride) => stride(frame)) };
  };
}

/** New memory for a buffer. */
export function allocateBuffer(
  program: Program,
  frame: Frame,
  buffer: Buffer,
  layout: Layout,
  forks = frame.forks,
): Memory {
  const { name, dtype, scope } = buffer;
  const { precision } = program;
  const elementBytes = arrayType(dtype, precision)?.BYTES_PER_ELEMENT ?? 1;
  const byteLength = elementBytes * arrayLength(dtype, spanOf(layout.shape, layout.strides));
  const backing = newBacking(frame, { name, byteLength, granule: program.granuleOf(elementBytes), scope, forks });
  return view(backing, { name, dtype, ...layout, byteOffset: 0, precision });
}
