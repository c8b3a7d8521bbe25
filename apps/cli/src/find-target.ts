import { checkDriver, type Device, type DeviceDriver } from "@tilewright/artifact";
import {
  checkToolchain,
  type Target,
  type TargetOptions,
  type TargetPlugin,
  type Toolchain,
} from "@tilewright/backend";
import { isCompileError } from "@tilewright/diagnostics";
import { variantsOf } from "./built-in-targets.js";
import { targetFailed, unusableTarget } from "./errors.js";
import { PATIENCE_SECONDS } from "./finishing.js";
import { nodeModules } from "./import-module.js";
import { backendOf, type LoadedTarget, loadTarget, onBehalfOf, type TargetSources } from "./load-target.js";
import { installedTargets } from "./manifests.js";

/** A target with the device that runs what it compiles. */
export interface FoundTarget {
  /** As it was asked for. */
  readonly name: string;
  readonly target: Target;
  /** Targets for other engines and processors: an artifact for elsewhere holds their code too. */
  readonly variants: readonly Target[];
  /** What was found: versions and places, for people. */
  readonly detail: string;
  /** The caller closes it. @throws CompileError CLI104 what is compiled cannot run here */
  open(): Promise<Device>;
}

/** What is known of a target on this machine. */
export interface TargetReport {
  readonly name: string;
  /** Of the plugin; empty where it does not load. */
  readonly summary: string;
  /** There exactly when it can be compiled for. */
  readonly found: FoundTarget | null;
  /** What is compiled runs here too. */
  readonly runs: boolean;
  /** What there is, or what is missing and how to install it. */
  readonly details: readonly string[];
}

/** Modules as Node finds them, and the dependencies of the working directory. */
const HERE: TargetSources = { ...nodeModules, installed: async () => installedTargets(process.cwd()) };

/**
 * The target of a name: built in, of an installed package, or of a file.
 * @param options  `threads`: of parallel loops, 1 unless told
 * @throws CompileError CLI104 nothing that it needs is installed · CLI101, CLI109, CLI110, BE106, BE107 a name without a target that fits
 */
export async function findTarget(
  name: string,
  { threads = 1 }: Partial<TargetOptions> = {},
  sources: TargetSources = HERE,
): Promise<FoundTarget> {
  const { found, details } = await examine(await loadTarget(name, sources), { threads });
  if (found === null) throw unusableTarget(name, details);
  return found;
}

/** What a target needs and has; of a name without a target that loads, why. Throws nothing because of what is missing. */
export async function describeTarget(
  name: string,
  { threads = 1 }: Partial<TargetOptions> = {},
  sources: TargetSources = HERE,
): Promise<TargetReport> {
  try {
    return await examine(await loadTarget(name, sources), { threads });
  } catch (error) {
    if (!isCompileError(error)) throw error;
    return { name, summary: "", found: null, runs: false, details: error.diagnostics.flatMap(reasons) };
  }
}

type Diagnosed = { readonly message: string; readonly actual?: string; readonly hint?: string };

function reasons({ message, actual = "", hint }: Diagnosed): readonly string[] {
  const reason = message.includes(actual) ? message : `${message}: ${actual}`;
  return hint === undefined ? [reason] : [reason, hint];
}

/** Asks toolchain and device. @throws CompileError CLI111, what the target itself throws */
function examine(loaded: LoadedTarget, options: TargetOptions): Promise<TargetReport> {
  const { name, plugin } = loaded;
  return onBehalfOf(loaded, async () => {
    const backend = backendOf(loaded, options);
    const { toolchain, details } = await usableToolchain(loaded, options);
    if (toolchain === undefined) return { name, summary: plugin.summary, found: null, runs: false, details };
    const { usable, detail } = await deviceStatus(loaded);
    const all = detail === "" ? details : [...details, detail];
    const variants = variantsOf(plugin, options).map((each) => ({ backend: each, toolchain: null }));
    const open = async (): Promise<Device> => (await driverOf(loaded, options)).open();
    const found = { name, target: { backend, toolchain }, variants, detail: all.join("; ") || plugin.summary, open };
    return { name, summary: plugin.summary, found, runs: usable, details: all };
  });
}

/** The driver of a target's device, whatever there is to compile with. @throws CompileError CLI104 it cannot run here · AR106, AR107 */
export async function driverOf(loaded: LoadedTarget, options: TargetOptions): Promise<DeviceDriver> {
  const { name, plugin } = loaded;
  const { usable, detail } = await deviceStatus(loaded);
  if (plugin.device === undefined || !usable) throw unusableTarget(name, [detail]);
  const driver = await onBehalfOf(loaded, () => plugin.device?.(options), PATIENCE_SECONDS);
  checkDriver(driver);
  return driver;
}

type Status = Awaited<ReturnType<NonNullable<TargetPlugin["status"]>>>;

async function deviceStatus(loaded: LoadedTarget): Promise<Status> {
  const { plugin } = loaded;
  if (plugin.device === undefined) return { usable: false, detail: "it compiles for elsewhere: it brings no device" };
  if (plugin.status === undefined) return { usable: true, detail: "" };
  return statusOf(loaded, plugin);
}

/** What a target or one of its toolchains says of itself. @throws CompileError CLI111 nothing in time, or what is no status */
async function statusOf(loaded: LoadedTarget, of: { status?(): Promise<Status> }): Promise<Status> {
  const given = await onBehalfOf(loaded, () => of.status?.(), PATIENCE_SECONDS);
  const { usable, detail }: Partial<Status> = Object(given);
  if (typeof usable === "boolean" && typeof detail === "string") return { usable, detail };
  throw targetFailed(loaded.name, `\`status\` gave ${JSON.stringify(given)}`, "`{ usable: boolean, detail: string }`");
}

interface ToolchainChoice {
  /** Null: none is needed. Undefined: none of them is usable. */
  readonly toolchain: Toolchain | null | undefined;
  readonly details: readonly string[];
}

async function usableToolchain(loaded: LoadedTarget, options: TargetOptions): Promise<ToolchainChoice> {
  const toolchains = loaded.plugin.toolchains?.(options) ?? [];
  const details: string[] = [];
  for (const toolchain of toolchains) {
    checkToolchain(toolchain);
    const { name } = toolchain;
    const { usable, detail } = await statusOf(loaded, toolchain);
    if (usable) return { toolchain, details: [`${name}: ${detail}`] };
    details.push(`${name}: ${detail}`);
  }
  return { toolchain: toolchains.length === 0 ? null : undefined, details };
}
