import type { Device, DeviceBuffer, FunctionEntry, LaunchArgument, LaunchOptions } from "@tilewright/artifact";
import { ASYNC_DISPOSE } from "./dispose.js";
import { disposed, unknownFunction, wrongArgumentCount, wrongDtype } from "./errors.js";
import { type ArtifactSource, loadArtifact } from "./load-artifact.js";
import { loadModules } from "./modules.js";
import { NDArray } from "./ndarray.js";
import { checkArray, download, sliceOn, upload } from "./transfer.js";

export type CallArgument = NDArray | number | bigint | boolean;

/** Compiled functions, ready to call. */
export interface Functions extends AsyncDisposable {
  /** What can be called, with parameters. */
  readonly entries: ReadonlyMap<string, FunctionEntry>;
  /**
   * Runs a function: one array for each buffer, a number for each scalar. Arrays that it writes are changed. Arrays in the device
   * (`deviceArray`) are used where they lie, others are copied there and back.
   * @throws CompileError `RT101` shape · `RT102` type · `RT104` disposed · `RT105` no such function · `RT106` number of arguments ·
   *   `RT108` memory · `RT109` aborted · `RT110` an assertion or a trap
   */
  call(name: string, ...args: readonly CallArgument[]): Promise<void>;
  /** As `call`, with options. */
  callWith(options: LaunchOptions, name: string, ...args: readonly CallArgument[]): Promise<void>;
  dispose(): Promise<void>;
}

/** @throws CompileError `AR1xx` a damaged or newer artifact · `RT107` no module for this device · `RT111` a module it refuses */
export async function loadFunctions(source: ArtifactSource, device: Device): Promise<Functions> {
  const modules = await loadModules(loadArtifact(source), device);
  let open = true;
  const callWith = async (options: LaunchOptions, name: string, ...args: readonly CallArgument[]): Promise<void> => {
    if (!open) throw disposed("the functions");
    const entry = modules.entries.get(name);
    if (entry === undefined) throw unknownFunction(name, [...modules.entries.keys()]);
    await callFunction(device, entry, args, (values) => modules.launch(name, values, options));
  };
  const dispose = async (): Promise<void> => {
    if (open) await modules.close();
    open = false;
  };
  return {
    entries: modules.entries,
    call: (name, ...args) => callWith({}, name, ...args),
    callWith,
    dispose,
    [ASYNC_DISPOSE]: dispose,
  };
}

async function callFunction(
  device: Device,
  { name, parameters }: FunctionEntry,
  args: readonly CallArgument[],
  launch: (values: readonly LaunchArgument[]) => Promise<void>,
): Promise<void> {
  if (args.length !== parameters.length) throw wrongArgumentCount(name, parameters.length, args.length);
  const copies = new Map<NDArray, DeviceBuffer>();
  try {
    const values: LaunchArgument[] = [];
    for (const [position, parameter] of parameters.entries()) {
      const argument = args[position] as CallArgument;
      if (!(argument instanceof NDArray)) {
        if (parameter.kind === "buffer")
          throw wrongDtype(parameter.name, `an array of ${parameter.dtype}`, typeof argument);
        values.push(typeof argument === "boolean" ? Number(argument) : argument);
        continue;
      }
      if (parameter.kind === "scalar") throw wrongDtype(parameter.name, `a ${parameter.dtype}`, "an array");
      checkArray(parameter.name, argument, parameter.dtype, parameter.shape);
      values.push(sliceOn(device, argument) ?? (await copyOnce(device, argument, copies)));
    }
    await launch(values);
    await device.synchronize();
    for (const [position, parameter] of parameters.entries()) {
      const argument = args[position] as CallArgument;
      const buffer = copies.get(argument as NDArray);
      if (buffer !== undefined && parameter.kind === "buffer" && parameter.access !== "read")
        await download(device, buffer, argument as NDArray);
    }
  } finally {
    for (const buffer of copies.values()) device.free(buffer);
  }
}

/** An array that is passed twice is one memory there too. */
async function copyOnce(device: Device, array: NDArray, copies: Map<NDArray, DeviceBuffer>): Promise<DeviceBuffer> {
  const known = copies.get(array);
  if (known !== undefined) return known;
  array.data; // throws when disposed, before anything is allocated
  const buffer = device.allocate(array.byteLength);
  copies.set(array, buffer);
  await upload(device, array, buffer);
  return buffer;
}
