import { CompileError } from "@tilewright/diagnostics";
import { bytesOf, type DType } from "@tilewright/ir";
import { wrongData } from "./errors.js";
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
  float32: (view, at) => view.getFloat32(at, true),
  float64: (view, at) => view.getFloat64(at, true),
};

/** Little-endian, row-major bytes of a tensor. @throws CompileError `OP108` when the data does not fit the type. */
export function encodeData(name: string, { dtype, shape }: TensorType, data: ConstantData): Uint8Array {
  const write = WRITE[dtype];
  const count = sizeOf(shape);
  if (write === undefined) throw new CompileError(wrongData(name, Object.keys(WRITE).join(", "), dtype));
  const single = typeof data === "number" || typeof data === "boolean";
  if (!single && data.length !== count) {
    throw new CompileError(wrongData(name, `${count} elements`, `${data.length} elements`));
  }
  const bytes = new Uint8Array(bytesOf(dtype, count));
  const view = new DataView(bytes.buffer);
  const step = bytesOf(dtype);
  for (let k = 0; k < count; k++) write(view, k * step, single ? Number(data) : (data[k] ?? 0));
  return bytes;
}

/** The elements of little-endian bytes as numbers; null for types without such a reading (16-bit floats, packed ones). */
export function decodeData(dtype: DType, bytes: Uint8Array): Float64Array | null {
  const read = READ[dtype];
  if (read === undefined) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = bytesOf(dtype);
  return Float64Array.from({ length: Math.floor(bytes.byteLength / step) }, (_, k) => read(view, k * step));
}
