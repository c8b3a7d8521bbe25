import type {
  Device,
  DeviceBuffer,
  FunctionEntry,
  LaunchArgument,
  LaunchOptions,
  ParameterEntry,
} from "@tilewright/artifact";
import { checkApart, overlap } from "./aliasing.js";
import { describe, devicesOf, type LoadOptions } from "./checks.js";
import { ASYNC_DISPOSE } from "./dispose.js";
import { aborted, disposed, wrongArgumentCount, wrongDtype } from "./errors.js";
import { type ArtifactSource, loadArtifact } from "./load-artifact.js";
import { loadModules } from "./modules.js";
import { NDArray } from "./ndarray.js";
import { checkArray, checkUsable, download, sliceOn, upload, whole } from "./transfer.js";

export type CallArgument = NDArray | number | bigint | boolean;

/** Compiled functions, ready to call. */
export interface Functions extends AsyncDisposable {
  /** What can be called, with parameters. */
  readonly entries: ReadonlyMap<string, FunctionEntry>;
  /**
   * Runs a function: one array for each buffer, a number for each scalar. Arrays that it writes are changed. Arrays in the device
   * (`deviceArray`) are used where they lie, others are copied there and back. An array that is written may share memory with arrays that are
   * read: those are read as they were before the call. Two that are written may not share memory.
   * @throws CompileError `RT101` shape · `RT102` type · `RT104` disposed · `RT105` no such function · `RT106` number of arguments ·
   *   `RT108` memory · `RT109` aborted · `RT110` an assertion or a trap ·
   *   `RT117` written arrays that share memory
   */
  call(name: string, ...args: readonly CallArgument[]): Promise<void>;
  /** As `call`, with options. */
  callWith(options: LaunchOptions, name: string, ...args: readonly CallArgument[]): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * `on`: a device, or several in order of preference: each function runs on the first that can run a module with it.
 * @throws CompileError `AR1xx` a damaged or newer artifact · `RT107` no module for these devices · `RT111` a module that a device refuses ·
 *   `RT114` a device that is not open
 */
export async function loadFunctions(source: ArtifactSource, on: Device | LoadOptions): Promise<Functions> {
  const devices = devicesOf(typeof on === "object" && on !== null && "device" in on ? on : { device: on });
  const modules = await loadModules(loadArtifact(source), devices);
  const entries = new Map([...modules.functions].map(([name, { entry }]) => [name, entry]));
  let open = true;
  const callWith = async (options: LaunchOptions, name: string, ...args: readonly CallArgument[]): Promise<void> => {
    if (!open) throw disposed("the functions");
    const { entry, device, launch } = modules.find(name);
    await callFunction(devices[device] as Device, entry, args, async (values) => {
      if (options?.signal?.aborted) throw aborted(name, options.signal.reason);
      await launch(values, options);
    });
  };
  const dispose = async (): Promise<void> => {
    if (open) await modules.close();
    open = false;
  };
  return {
    entries,
    call: (name, ...args) => callWith({}, name, ...args),
    callWith,
    dispose,
    [ASYNC_DISPOSE]: dispose,
  };
}

interface Passed {
  readonly parameter: ParameterEntry;
  readonly argument: CallArgument;
}

async function callFunction(
  device: Device,
  entry: FunctionEntry,
  args: readonly CallArgument[],
  launch: (values: readonly LaunchArgument[]) => Promise<void>,
): Promise<void> {
  const passed = checkArguments(entry, args);
  const taken: DeviceBuffer[] = [];
  const copy = async (array: NDArray): Promise<DeviceBuffer> => {
    const buffer = device.allocate(array.byteLength);
    taken.push(buffer);
    await upload(device, array, whole(buffer));
    return buffer;
  };
  try {
    const copies = new Map<NDArray, DeviceBuffer>(); // an array that is read twice is one memory there too
    const back: (readonly [DeviceBuffer, NDArray])[] = [];
    const values: LaunchArgument[] = [];
    for (const each of passed) {
      const { argument: array } = each;
      if (!(array instanceof NDArray)) {
        values.push(typeof array === "boolean" ? Number(array) : array);
        continue;
      }
      const written = isWritten(each);
      // Written where another parameter looks, it would change under its eyes.
      const looked =
        written && passed.some((other) => other !== each && isArray(other) && overlap(other.argument, array));
      const there = looked ? undefined : sliceOn(device, array);
      const known = written ? undefined : copies.get(array);
      const place = there ?? known ?? (await copy(array));
      values.push(place);
      if ("byteOffset" in place) continue;
      if (written) back.push([place, array]);
      else copies.set(array, place);
    }
    await launch(values);
    await device.synchronize();
    for (const [buffer, array] of back) await download(device, whole(buffer), array);
  } finally {
    for (const buffer of taken) device.free(buffer);
  }
}

/** Arguments with their parameters; all that is wrong with them is said here. */
function checkArguments({ name, parameters }: FunctionEntry, args: readonly CallArgument[]): readonly Passed[] {
  if (args.length !== parameters.length) throw wrongArgumentCount(name, parameters.length, args.length);
  const passed = parameters.map((parameter, position) => ({ parameter, argument: args[position] as CallArgument }));
  for (const { parameter, argument } of passed) {
    if (!(argument instanceof NDArray)) {
      if (parameter.kind === "buffer")
        throw wrongDtype(
          parameter.name,
          `an array of ${parameter.dtype}`,
          describe(argument),
          "make one with `ndarray(values, { shape, dtype })`",
        );
      if (!["number", "bigint", "boolean"].includes(typeof argument))
        throw wrongDtype(
          parameter.name,
          `a ${parameter.dtype}`,
          describe(argument),
          "pass a number, a bigint or a boolean",
        );
      continue;
    }
    if (parameter.kind === "scalar") throw wrongDtype(parameter.name, `a ${parameter.dtype}`, "an array");
    checkArray(parameter.name, argument, parameter.dtype, parameter.shape);
    checkUsable(parameter.name, argument);
  }
  checkApart(
    passed
      .filter(isArray)
      .filter(isWritten)
      .map(({ parameter, argument }) => [parameter.name, argument]),
  );
  return passed;
}

function isArray(passed: Passed): passed is Passed & { readonly argument: NDArray } {
  return passed.argument instanceof NDArray;
}

function isWritten({ parameter }: Passed): boolean {
  return parameter.kind === "buffer" && parameter.access !== "read";
}
