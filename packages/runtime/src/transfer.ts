/** Moving bytes and arrays to a device and back. */
import type { Device, DeviceBuffer, DeviceSlice, ElementType } from "@tilewright/artifact";
import { describe } from "./checks.js";
import { badArray, disposed, wrongDtype, wrongShape } from "./errors.js";
import { NDArray } from "./ndarray.js";

/** @throws CompileError `RT101` other shape (extents of −1 fit all) · `RT102` other type */
export function checkArray(name: string, array: NDArray, dtype: ElementType, shape: readonly number[]): void {
  if (!(array instanceof NDArray)) {
    const expected = `an array of ${dtype} [${shape.map((extent) => (extent < 0 ? "?" : extent)).join(", ")}]`;
    throw wrongDtype(name, expected, describe(array), "make one with `ndarray(values, { shape, dtype })`");
  }
  if (array.dtype !== dtype) throw wrongDtype(name, dtype, array.dtype);
  const fits =
    array.shape.length === shape.length && shape.every((extent, d) => extent < 0 || extent === array.shape[d]);
  if (!fits) throw wrongShape(name, shape, array.shape);
}

/** Memory that can be read and written now. @throws CompileError `RT104` disposed, or its device closed · `RT112` transferred or outgrown */
export function checkUsable(name: string, array: NDArray): void {
  if (array.isDisposed) throw disposed(`the array \`${name}\``);
  const { storage, byteLength } = array;
  const held = storage.kind === "host" ? storage.data : storage.device.view(storage.buffer);
  if (held !== undefined && held.byteLength < byteLength)
    throw badArray(
      `${byteLength} bytes for \`${name}\``,
      `${held.byteLength} bytes: the memory was transferred, or grew`,
    );
}

/** The array's place in `device`, when it lies there. */
export function sliceOn(device: Device, array: NDArray): DeviceSlice | undefined {
  const { storage } = array;
  if (storage.kind !== "device" || storage.device !== device || array.isDisposed) return undefined;
  return { buffer: storage.buffer, byteOffset: storage.byteOffset, byteLength: array.byteLength };
}

export function whole(buffer: DeviceBuffer): DeviceSlice {
  return { buffer, byteOffset: 0, byteLength: buffer.byteLength };
}

/** A part of device memory itself, where the host shares it; to be used at once. */
function seen(device: Device, { buffer, byteOffset, byteLength }: DeviceSlice): Uint8Array | undefined {
  return device.view(buffer)?.subarray(byteOffset, byteOffset + byteLength);
}

/** Writes device memory. */
export async function writeBytes(device: Device, slice: DeviceSlice, bytes: Uint8Array): Promise<void> {
  const there = seen(device, slice);
  if (there === undefined) await device.write(slice.buffer, bytes, slice.byteOffset);
  else there.set(bytes);
}

/** Copies device memory from device to device; where both share the host's memory that is one move. */
export async function move(source: Device, from: DeviceSlice, target: Device, into: DeviceSlice): Promise<void> {
  await writeBytes(target, into, seen(source, from) ?? (await read(source, from)));
}

function read(device: Device, { buffer, byteOffset, byteLength }: DeviceSlice): Promise<Uint8Array> {
  return device.read(buffer, byteOffset, byteLength);
}

/** The array's place in memory that the host does not see. */
function unseen(array: NDArray): (DeviceSlice & { readonly device: Device }) | undefined {
  const { storage } = array;
  if (storage.kind === "host" || array.isDisposed || storage.device.view(storage.buffer) !== undefined)
    return undefined;
  return { ...storage, byteLength: array.byteLength };
}

/** Copies the array into device memory. */
export async function upload(device: Device, array: NDArray, into: DeviceSlice): Promise<void> {
  const far = unseen(array);
  const bytes = far === undefined ? array.bytes : await read(far.device, far);
  await writeBytes(device, into, bytes);
}

/** Copies device memory into the array, from a byte of it on. */
export async function download(device: Device, from: DeviceSlice, array: NDArray, byteOffset = 0): Promise<void> {
  const bytes = seen(device, from) ?? (await read(device, from));
  const far = unseen(array);
  if (far === undefined) array.bytes.set(bytes, byteOffset);
  else
    await writeBytes(far.device, { ...far, byteOffset: far.byteOffset + byteOffset, byteLength: bytes.length }, bytes);
}
