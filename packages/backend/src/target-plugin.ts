import type { DeviceDriver } from "@tilewright/artifact";
import type { Backend, Toolchain } from "./backend.js";
import { checkVersion, fail, fieldsOf, nameOf } from "./check-plugin.js";

export const TARGET_SPEC_VERSION = "target/1";

/** What whoever compiles from a command line may choose, whatever the target. */
export interface TargetOptions {
  /** Threads that run parallel loops, at least 1. */
  readonly threads: number;
}

/**
 * What a package or a file exports as `target`, so that programs find by its name all that belongs together: the backend, the toolchains
 * that may finish its work, the device that runs it. Nothing is registered.
 */
export interface TargetPlugin {
  readonly specVersion: typeof TARGET_SPEC_VERSION;
  /** Lower case: letters, digits, `-`. */
  readonly name: string;
  /** One line for lists of targets. */
  readonly summary: string;
  backend(options: TargetOptions): Backend;
  /** In order of preference: the first that is usable here is taken. Absent: what the backend makes is loaded as it is. */
  toolchains?(options: TargetOptions): readonly Toolchain[];
  /** The driver of the device, imported when it is needed; it may be wrapped to fix its options. Absent: what is compiled runs elsewhere. */
  device?(options: TargetOptions): Promise<DeviceDriver>;
  /** Whether the device can be opened here, and why not. Absent: it can wherever the package can be imported. */
  status?(): Promise<{ readonly usable: boolean; readonly detail: string }>;
}

/** @throws CompileError `BE106` a field that does not hold what it must · `BE107` another version of the contract */
export function checkTarget(value: unknown): asserts value is TargetPlugin {
  const target = fieldsOf(value, "a target", "an object, as `defineTarget` takes");
  const what = nameOf(target, "the target");
  checkVersion(what, target.specVersion, TARGET_SPEC_VERSION);
  if (typeof target.summary !== "string") fail(what, "summary", "one line of text", target.summary);
  if (typeof target.backend !== "function") fail(what, "backend", "a function of options", target.backend);
  for (const field of ["toolchains", "device", "status"])
    if (target[field] !== undefined && typeof target[field] !== "function")
      fail(what, field, "a function", target[field]);
}

/** A target of its definition. @throws CompileError `BE106`, `BE107` */
export function defineTarget(target: TargetPlugin): TargetPlugin {
  checkTarget(target);
  return target;
}
