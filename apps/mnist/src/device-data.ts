import type { Device } from "@tilewright/artifact";
import { deviceArray, type NDArray, ndarray } from "@tilewright/runtime";
import { CLASSES, type DataSet, PIXELS } from "./data-set.js";

/** A data set in the memory of a device, where runs read batches without a copy; in our own where the device does not share its memory. */
export interface DeviceData {
  readonly count: number;
  readonly digits: Uint8Array;
  /** Rows `from .. to` of the images and of the labels. */
  batch(from: number, to: number): { readonly pixels: NDArray; readonly labels: NDArray };
  dispose(): void;
}

export function toDevice(device: Device, { count, pixels, labels, digits }: DataSet): DeviceData {
  const images = place(device, [count, PIXELS], pixels);
  const rows = place(device, [count, CLASSES], labels);
  return {
    count,
    digits,
    batch: (from, to) => ({ pixels: images.slice(from, to), labels: rows.slice(from, to) }),
    dispose() {
      images.dispose();
      rows.dispose();
    },
  };
}

function place(device: Device, shape: readonly number[], values: Float32Array): NDArray {
  if (!sharesMemory(device)) return ndarray(values, { shape });
  const array = deviceArray(device, shape, "float32");
  (array.data as Float32Array).set(values);
  return array;
}

function sharesMemory(device: Device): boolean {
  const probe = device.allocate(Float32Array.BYTES_PER_ELEMENT);
  const shares = device.view(probe) !== undefined;
  device.free(probe);
  return shares;
}
