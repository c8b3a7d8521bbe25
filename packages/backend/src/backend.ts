import type { FunctionEntry, ModuleFormat } from "@tilewright/artifact";
import type { Diagnostic } from "@tilewright/diagnostics";
import type { IRModule, Rules } from "@tilewright/ir";
import type { Capabilities } from "./capabilities.js";
import type { Intrinsic } from "./intrinsic.js";
import type { PlacedPass } from "./pass.js";
import type { ScheduleRule } from "./schedule-rule.js";

export const BACKEND_SPEC_VERSION = "backend/1";

/** One way to compile a module: the bytes or text, and what an engine needs to run it. */
export interface CompiledModule {
  readonly format: ModuleFormat;
  /** Text formats are UTF-8. */
  readonly bytes: Uint8Array;
  readonly features: readonly string[];
  readonly functions: readonly FunctionEntry[];
  /** Further files for people and linkers, as the header of a C file, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly warnings: readonly Diagnostic[];
}

/**
 * The compile side of a plugin, a pure value. `legalize` are rule sets that run to a fixed point on device-level IR before `compile`;
 * `passes` join the pipeline at named points; `rules` are asked before the default schedule rules.
 * `intrinsics` are those that it has a template for; their names stand in `capabilities.intrinsics` too.
 */
export interface Backend {
  readonly specVersion: typeof BACKEND_SPEC_VERSION;
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly legalize?: readonly Rules[];
  readonly passes?: readonly PlacedPass[];
  readonly rules?: readonly ScheduleRule[];
  readonly intrinsics?: readonly Intrinsic[];
  /** Device-level loop IR to code. Deterministic. @throws CompileError `BE` codes for what the capabilities do not cover. */
  compile(module: IRModule): CompiledModule;
}

/** Checks nothing, infers types: a backend is a value. */
export function defineBackend(backend: Backend): Backend {
  return backend;
}

/** What is there to build with on this machine, and why not. */
export interface ToolchainStatus {
  readonly name: string;
  readonly usable: boolean;
  /** Version and place when usable; else what is missing and how to install it. */
  readonly detail: string;
}

/** Text to binary: the only impure step of compiling. */
export interface Toolchain {
  readonly name: string;
  readonly accepts: ModuleFormat;
  readonly produces: ModuleFormat;
  status(): Promise<ToolchainStatus>;
  /** @throws CompileError `TC` codes with the tool's own message. */
  build(module: CompiledModule, options?: { readonly signal?: AbortSignal }): Promise<CompiledModule>;
}

/** Checks nothing, infers types: a toolchain is a value. */
export function defineToolchain(toolchain: Toolchain): Toolchain {
  return toolchain;
}

/** A backend with the toolchain that finishes its work, if it needs one. */
export interface Target {
  readonly backend: Backend;
  readonly toolchain: Toolchain | null;
}
