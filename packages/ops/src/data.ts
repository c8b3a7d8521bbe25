import { CompileError } from "@tilewright/diagnostics";
import { bytesOf, type DType, isInteger, limitsOf } from "@tilewright/ir";
import { wrongData, wrongElement } from "./errors.js";
import { BFLOAT16, FLOAT16, halfBits, numberOfHalfBits } from "./half.js";
import type { TensorType } from "./operator.js";
import { sizeOf } from "./shapes.js";

/** Elements in row-major order, or one for every place. */
export type ConstantData = number | boolean | ArrayLike<number> | ArrayLike<bigint>;

type Write = (view: DataView, at: number, value: number | bigint) => void;
type Read = (view: DataView, at: number) => number;

const WRITE: { readonly [D in DType]?: Write } = {
  bool: (view, at, value) => view.setUint8(at, Number(value) === 0 ? 0 : 1),
  int8: (view, at, value) => view.setInt8(at, Number(value)),
  uint8: (view, at, value) => view.setUint8(at, Number(value)),
  int16: (view, at, value) => view.setInt16(at, Number(value), true),
  uint16: (view, at, value) => view.setUint16(at, Number(value), true),
  int32: (view, at, value) => view.setInt32(at, Number(value), true),
  uint32: (view, at, value) => view.setUint32(at, Number(value), true),
  int64: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  uint64: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
  float16: (view, at, value) => view.setUint16(at, halfBits(Number(value), FLOAT16), true),
  bfloat16: (view, at, value) => view.setUint16(at, halfBits(Number(value), BFLOAT16), true),
  float32: (view, at, value) => view.setFloat32(at, Number(value), true),
  float64: (view, at, value) => view.setFloat64(at, Number(value), true),
};

const READ: { readonly [D in DType]?: Read } = {
  bool: (view, at) => view.getUint8(at),
  int8: (view, at) => view.getInt8(at),
  uint8: (view, at) => view.getUint8(at),
  int16: (view, at) => view.getInt16(at, true),
  uint16: (view, at) => view.getUint16(at, true),
  int32: (view, at) => view.getInt32(at, true),
  uint32: (view, at) => view.getUint32(at, true),
  int64: (view, at) => Number(view.getBigInt64(at, true)),
  uint64: (view, at) => Number(view.getBigUint64(at, true)),
  float16: (view, at) => numberOfHalfBits(view.getUint16(at, true), FLOAT16),
  bfloat16: (view, at) => numberOfHalfBits(view.getUint16(at, true), BFLOAT16),
  float32: (view, at) => view.getFloat32(at, true),
  float64: (view, at) => view.getFloat64(at, true),
};

/** More bytes than this would not fit one array of every engine. */
const MAX_BYTES = 2 ** 31;

/**
 * Little-endian, row-major bytes of a tensor.
 * @throws CompileError `OP108` when the data does not fill the shape, or an element is not of the type: integers neither wrap nor round
 */
export function encodeData(name: string, { dtype, shape }: TensorType, data: ConstantData): Uint8Array {
  const write = WRITE[dtype];
  const count = sizeOf(shape);
  if (write === undefined) throw new CompileError(wrongData(name, Object.keys(WRITE).join(", "), dtype));
  const single = typeof data !== "object";
  if (!single && data?.length !== count) {
    throw new CompileError(wrongData(name, `${count} elements`, data === null ? "null" : `${data.length} elements`));
  }
  if (bytesOf(dtype, count) > MAX_BYTES) {
    throw new CompileError(wrongData(name, `at most ${MAX_BYTES} bytes`, `${count} elements of ${dtype}`));
  }
  const check = elementCheck(name, dtype);
  const bytes = new Uint8Array(bytesOf(dtype, count));
  const view = new DataView(bytes.buffer);
  const step = bytesOf(dtype);
  for (let k = 0; k < count; k++) write(view, k * step, check(single ? data : data[k]));
  return bytes;
}

/** Gives an element back as a number when the type holds it. @throws CompileError `OP108` with the element. */
function elementCheck(name: string, dtype: DType): (element: unknown) => number | bigint {
  const refuse = (element: unknown, expected: string): never => {
    const shown = typeof element === "bigint" ? `${element}n` : String(element);
    throw new CompileError(wrongElement(name, expected, shown));
  };
  const plain = (element: unknown): number | bigint => {
    if (typeof element === "number" || typeof element === "bigint") return element;
    return typeof element === "boolean" ? Number(element) : refuse(element, `numbers (${dtype})`);
  };
  if (!isInteger(dtype)) return plain;
  const [min, max] = [BigInt(limitsOf(dtype).min.value), BigInt(limitsOf(dtype).max.value)];
  return (element) => {
    const value = plain(element);
    const whole = typeof value === "bigint" || Number.isInteger(value);
    return whole && value >= min && value <= max
      ? value
      : refuse(element, `whole numbers from ${min} to ${max} (${dtype})`);
  };
}

/** The elements of little-endian bytes as numbers; null for types without such a reading (packed ones). */
export function decodeData(dtype: DType, bytes: Uint8Array): Float64Array | null {
  const read = READ[dtype];
  if (read === undefined) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = bytesOf(dtype);
  return Float64Array.from({ length: Math.floor(bytes.byteLength / step) }, (_, k) => read(view, k * step));
}
