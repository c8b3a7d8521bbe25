import type { ModuleEntry, ModuleFormat } from "./manifest.js";

/** Memory of a device. Handles are not reused; using one after `free` is an error (`RT`). */
export interface DeviceBuffer {
  readonly byteLength: number;
}

/** A part of a buffer, in bytes. */
export interface DeviceSlice {
  readonly buffer: DeviceBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

export type LaunchArgument = DeviceBuffer | DeviceSlice | number | bigint;

export interface LaunchOptions {
  /** Stops before the next launch, or between parts of one where the device can. */
  readonly signal?: AbortSignal;
}

/** A module in a device, ready to run. */
export interface LoadedModule {
  /**
   * Runs one function. Resolves when it is done on devices that compute on the calling thread, else when it is queued
   * (`synchronize` waits). The device brings the workspace.
   */
  launch(name: string, args: readonly LaunchArgument[], options?: LaunchOptions): Promise<void>;
  close(): Promise<void>;
}

export interface Device extends AsyncDisposable {
  readonly name: string;
  /** Engine features that choose among module variants, as `simd`, `relaxed-simd`, `threads`. */
  readonly features: ReadonlySet<string>;
  /** Formats of the modules that it loads, as its driver says. Absent: all. */
  readonly accepts?: readonly ModuleFormat[];
  /** False for a module that this device cannot run though it has all its features. Absent: features decide. */
  supports?(entry: ModuleEntry): boolean;
  allocate(byteLength: number): DeviceBuffer;
  free(buffer: DeviceBuffer): void;
  write(buffer: DeviceBuffer, data: Uint8Array, byteOffset?: number): Promise<void>;
  read(buffer: DeviceBuffer, byteOffset?: number, byteLength?: number): Promise<Uint8Array>;
  /** A view of the buffer without a copy, where host and device share memory; else undefined. Taken anew before each use. */
  view(buffer: DeviceBuffer): Uint8Array | undefined;
  load(entry: ModuleEntry, blob: Uint8Array): Promise<LoadedModule>;
  synchronize(): Promise<void>;
  /** Bytes now allocated by callers. */
  readonly allocatedBytes: number;
  close(): Promise<void>;
}

export const DEVICE_SPEC_VERSION = "device/1";

/** The run side of a plugin: opens a device that accepts modules of some formats. */
export interface DeviceDriver<Options = object> {
  readonly specVersion: typeof DEVICE_SPEC_VERSION;
  readonly name: string;
  readonly accepts: readonly ModuleFormat[];
  open(options?: Options): Promise<Device>;
}
