import { type Device, type DeviceBuffer, ELEMENT_BYTES, type ElementType } from "@tilewright/artifact";
import { checkDevice, checkDtype, checkShape, describe } from "./checks.js";
import { DISPOSE } from "./dispose.js";
import {
  type ElementArray,
  holds,
  newElements,
  readElement,
  suggestedType,
  viewElements,
  writeElement,
} from "./element-types.js";
import { badArray, disposed, outOfRange, wrongShape } from "./errors.js";

/** Where the elements of an array lie: in memory of the caller, or in a device that shares its memory. */
export type Storage =
  | { readonly kind: "host"; readonly data: ElementArray }
  | { readonly kind: "device"; readonly device: Device; readonly buffer: DeviceBuffer; readonly byteOffset: number };

export type Nested = number | bigint | boolean | readonly Nested[];

/** A dense, row-major array. Slices and reshaped arrays share memory with the array they come from. */
export class NDArray {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly storage: Storage;
  #view: ElementArray | null = null;
  #disposed = false;
  readonly #owner: NDArray | null;

  constructor(dtype: ElementType, shape: readonly number[], storage: Storage, owner: NDArray | null = null) {
    this.dtype = dtype;
    this.shape = shape;
    this.storage = storage;
    this.#owner = owner;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get byteLength(): number {
    return this.size * ELEMENT_BYTES[this.dtype];
  }

  /** In elements, row-major. */
  get strides(): readonly number[] {
    const strides = this.shape.map(() => 1);
    for (let d = this.shape.length - 2; d >= 0; d--) strides[d] = (strides[d + 1] ?? 1) * (this.shape[d + 1] ?? 1);
    return strides;
  }

  get isDisposed(): boolean {
    return this.#disposed || (this.#owner?.isDisposed ?? false);
  }

  /**
   * The elements, without a copy. For an array in a device take it anew before each use: when the memory grows, older views lose it.
   * @throws CompileError `RT104` after `dispose`
   */
  get data(): ElementArray {
    if (this.isDisposed) throw disposed("the array");
    if (this.storage.kind === "host") return this.storage.data;
    const { device, buffer, byteOffset } = this.storage;
    const memory = device.view(buffer);
    if (memory === undefined) throw badArray("a device that shares its memory", device.name);
    if (this.#view === null || this.#view.buffer !== memory.buffer) {
      this.#view = viewElements(this.dtype, memory.subarray(byteOffset, byteOffset + this.byteLength));
    }
    return this.#view;
  }

  /** The same memory as bytes. */
  get bytes(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.data;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** One element; half floats as numbers, 64-bit integers as bigint. @throws CompileError `RT113` */
  item(...index: readonly number[]): number | bigint {
    return readElement(this.data, this.dtype, this.#position(index));
  }

  /** Changes one element. @throws CompileError `RT113` */
  set(value: number | bigint | boolean, ...index: readonly number[]): void {
    writeElement(this.data, this.dtype, this.#position(index), value);
  }

  /** Nested arrays of numbers (bigint for 64-bit integers); a number for rank 0. */
  toArray(): Nested {
    const { data, dtype } = this;
    let level: Nested[] = Array.from({ length: this.size }, (_, index) => readElement(data, dtype, index));
    for (const extent of this.shape.slice(1).reverse()) {
      const rows: Nested[] = [];
      for (let start = 0; start < level.length; start += extent) rows.push(level.slice(start, start + extent));
      level = rows;
    }
    return this.shape.length === 0 ? (level[0] ?? 0) : level;
  }

  /** The same elements in another shape; one extent may be −1. @throws CompileError `RT101` */
  reshape(shape: readonly number[]): NDArray {
    const known = sizeOf(shape.filter((extent) => extent !== -1));
    const full = shape.map((extent) => (extent === -1 ? this.size / known : extent));
    if (sizeOf(full) !== this.size || full.some((extent) => !Number.isInteger(extent) || extent < 0))
      throw wrongShape("reshape", this.shape, shape);
    return new NDArray(this.dtype, full, this.storage, this);
  }

  /** Rows `begin .. end` of the first axis. @throws CompileError `RT113` */
  slice(begin: number, end = this.shape[0] ?? 0): NDArray {
    const [rows = 0, ...rest] = this.shape;
    if (
      this.shape.length === 0 ||
      ![begin, end].every(Number.isInteger) ||
      !(begin >= 0 && begin <= end && end <= rows)
    )
      throw outOfRange([begin, end], this.shape);
    const rowElements = sizeOf(rest);
    const bytes = ELEMENT_BYTES[this.dtype];
    const { storage } = this;
    const moved: Storage =
      storage.kind === "host"
        ? { kind: "host", data: storage.data.subarray(begin * rowElements, end * rowElements) }
        : { ...storage, byteOffset: storage.byteOffset + begin * rowElements * bytes };
    return new NDArray(this.dtype, [end - begin, ...rest], moved, this);
  }

  /** Gives device memory back. An array over memory of the caller needs none. Twice is once. */
  dispose(): void {
    if (this.#disposed || this.#owner !== null) return;
    this.#disposed = true;
    this.#view = null;
    if (this.storage.kind === "device") this.storage.device.free(this.storage.buffer);
  }

  [DISPOSE](): void {
    this.dispose();
  }

  #position(index: readonly number[]): number {
    if (index.length !== this.shape.length) throw outOfRange(index, this.shape);
    let position = 0;
    index.forEach((i, d) => {
      const extent = this.shape[d] ?? 0;
      if (!Number.isInteger(i) || i < 0 || i >= extent) throw outOfRange(index, this.shape);
      position = position * extent + i;
    });
    return position;
  }
}

export interface ArrayOptions {
  readonly dtype?: ElementType;
  readonly shape?: readonly number[];
}

/**
 * An array over a typed array (no copy, its type decides unless `dtype` says otherwise), or from nested numbers (float32, or int64 for bigint,
 * bool for booleans, unless `dtype` says otherwise). @throws CompileError `RT112` data that does not fit
 */
export function ndarray(values: ElementArray | Nested, options: ArrayOptions = {}): NDArray {
  if (options.dtype !== undefined) checkDtype(options.dtype);
  return ArrayBuffer.isView(values) ? overTypedArray(values, options) : fromNested(values, options);
}

function overTypedArray(
  values: ElementArray,
  { dtype = suggestedType(values) ?? "uint8", shape = [values.length] }: ArrayOptions,
): NDArray {
  if (suggestedType(values) === undefined) throw badArray("a typed array, or nested numbers", describe(values));
  if (!holds(values, dtype)) {
    const copy = newElements(dtype, values.length);
    for (let index = 0; index < values.length; index++) writeElement(copy, dtype, index, values[index] ?? 0);
    return ndarray(copy, { dtype, shape });
  }
  checkShape(shape);
  if (sizeOf(shape) !== values.length)
    throw badArray(`${sizeOf(shape)} elements for the shape [${shape.join(", ")}]`, `${values.length} elements`);
  return new NDArray(dtype, shape, { kind: "host", data: values });
}

function fromNested(values: Nested, options: ArrayOptions): NDArray {
  const found: number[] = [];
  for (let level: Nested | undefined = values; Array.isArray(level); level = level[0]) found.push(level.length);
  const flat: (number | bigint | boolean)[] = [];
  flatten(values, found, 0, flat);
  const first = flat[0];
  const dtype =
    options.dtype ?? (typeof first === "bigint" ? "int64" : typeof first === "boolean" ? "bool" : "float32");
  const data = newElements(dtype, flat.length);
  for (const [index, value] of flat.entries()) writeElement(data, dtype, index, value);
  return overTypedArray(data, { dtype, shape: options.shape ?? found });
}

function flatten(value: Nested, shape: readonly number[], depth: number, out: (number | bigint | boolean)[]): void {
  if (!Array.isArray(value)) {
    if (!["number", "bigint", "boolean"].includes(typeof value)) throw badArray("numbers", describe(value));
    if (depth !== shape.length) throw badArray(`numbers at depth ${shape.length}`, `one at depth ${depth}`);
    out.push(value as number | bigint | boolean);
    return;
  }
  if (value.length !== shape[depth])
    throw badArray(`rows of ${shape[depth] ?? "no"} elements`, `one of ${value.length}`);
  for (const part of value) flatten(part as Nested, shape, depth + 1, out);
}

/** Zeros, in memory of the caller. @throws CompileError `RT102` no such type · `RT108` more than the engine gives · `RT112` no shape */
export function zeros(shape: readonly number[], dtype: ElementType = "float32"): NDArray {
  checkShape(shape);
  checkDtype(dtype);
  return new NDArray(dtype, shape, { kind: "host", data: newElements(dtype, sizeOf(shape)) });
}

/** An array in the memory of a device that shares it with the host: runs use it without a copy. Its elements are arbitrary. Dispose it. */
export function deviceArray(device: Device, shape: readonly number[], dtype: ElementType = "float32"): NDArray {
  checkDevice(device);
  checkShape(shape);
  checkDtype(dtype);
  const buffer = device.allocate(sizeOf(shape) * ELEMENT_BYTES[dtype]);
  return new NDArray(dtype, shape, { kind: "device", device, buffer, byteOffset: 0 });
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
