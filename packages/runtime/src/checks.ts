/** What callers pass, checked where types may have been ignored. */
import { type Device, ELEMENT_BYTES, type ElementType } from "@tilewright/artifact";
import { badArray, badOption, wrongDtype } from "./errors.js";

/** A value in a message: what it is, and itself when it is short. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "object") return `an object of ${value.constructor?.name ?? "no class"}`;
  return typeof value === "function" ? "a function" : `the ${typeof value} ${String(value).slice(0, 40)}`;
}

/** @throws CompileError `RT112` */
export function checkShape(shape: readonly number[]): void {
  const expected = "extents that are integers of at least 0";
  if (!Array.isArray(shape)) throw badArray(expected, describe(shape));
  if (shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0))
    throw badArray(expected, `[${shape.map(String).join(", ")}]`);
}

/** @throws CompileError `RT102` */
export function checkDtype(dtype: ElementType): void {
  if (!Object.hasOwn(ELEMENT_BYTES, dtype))
    throw wrongDtype("dtype", Object.keys(ELEMENT_BYTES).join(", "), describe(dtype), "pass one of the expected names");
}

/** @throws CompileError `RT114` a driver, a promise or nothing */
export function checkDevice(device: Device | undefined): Device {
  if (typeof device?.allocate === "function") return device;
  const driver = typeof (device as { readonly open?: unknown } | null | undefined)?.open === "function";
  throw badOption(
    "device",
    "an open device, as `await wasmDevice.open()` gives",
    driver ? "a driver that is not opened" : describe(device),
  );
}
