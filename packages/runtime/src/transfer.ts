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

/** What lies in device memory: itself where the host shares it, to be used at once; else a copy. */
export async function bytesIn(device: Device, { buffer, byteOffset, byteLength }: DeviceSlice): Promise<Uint8Array> {
  const view = device.view(buffer);
  return view?.subarray(byteOffset, byteOffset + byteLength) ?? (await device.read(buffer, byteOffset, byteLength));
}

/** Writes device memory. */
export async function writeBytes(
  device: Device,
  { buffer, byteOffset }: DeviceSlice,
  bytes: Uint8Array,
): Promise<void> {
  const view = device.view(buffer);
  if (view === undefined) await device.write(buffer, bytes, byteOffset);
  else view.set(bytes, byteOffset);
}

/** Copies the array into device memory. */
export async function upload(device: Device, array: NDArray, into: DeviceSlice): Promise<void> {
  const { storage } = array;
  const there = storage.kind === "device" ? sliceOn(storage.device, array) : undefined;
  const bytes = storage.kind === "device" && there !== undefined ? await bytesIn(storage.device, there) : array.bytes;
  await writeBytes(device, into, bytes);
}

/** Copies device memory into the array, from a byte of it on. */
export async function download(device: Device, from: DeviceSlice, array: NDArray, byteOffset = 0): Promise<void> {
  const bytes = await bytesIn(device, from);
  const { storage } = array;
  const there = storage.kind === "device" ? sliceOn(storage.device, array) : undefined;
  if (storage.kind === "device" && there !== undefined)
    await writeBytes(storage.device, { ...there, byteOffset: there.byteOffset + byteOffset }, bytes);
  else array.bytes.set(bytes, byteOffset);
}
