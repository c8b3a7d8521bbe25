/** What callers pass, checked where types may have been ignored. */
import { type Device, ELEMENT_BYTES, type ElementType } from "@tilewright/artifact";
import { badArray, badOption, wrongDtype } from "./errors.js";

/** Where an artifact runs. */
export interface LoadOptions {
  readonly device: Device;
  /** Devices for what the first cannot run: each function runs on the first, in order, that can run a module with it. */
  readonly others?: readonly Device[];
}

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
export function checkDevice(device: Device | undefined, option = "device"): Device {
  if (typeof device?.allocate === "function") return device;
  const driver = typeof (device as { readonly open?: unknown } | null | undefined)?.open === "function";
  throw badOption(
    option,
    "an open device, as `await wasmDevice.open()` gives",
    driver ? "a driver that is not opened" : describe(device),
  );
}

/** More would not fit the sets of holders. */
const MOST_DEVICES = 30;

/** The devices of a model or of functions, in order of preference. @throws CompileError `RT114` */
export function devicesOf(options: LoadOptions): readonly Device[] {
  const { device, others = [] } = options ?? {};
  if (!Array.isArray(others)) throw badOption("others", "a list of open devices", describe(others));
  if (others.length >= MOST_DEVICES)
    throw badOption("others", `at most ${MOST_DEVICES - 1} devices`, `${others.length}`);
  return [checkDevice(device), ...others.map((other) => checkDevice(other, "others"))];
}
