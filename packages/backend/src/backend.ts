import type { FunctionEntry, ModuleFormat } from "@tilewright/artifact";
import type { Diagnostic } from "@tilewright/diagnostics";
import type { IRModule, Rules } from "@tilewright/ir";
import type { Capabilities, CapabilitiesDefinition } from "./capabilities.js";
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

/** What an author writes: a backend whose `capabilities` may leave out what it does not support. */
export interface BackendDefinition extends Omit<Backend, "capabilities" | "irVersion"> {
  readonly capabilities: CapabilitiesDefinition;
  /** 1 unless told. */
  readonly irVersion?: number;
}

/** The compile side of a plugin, a pure value; `defineBackend` makes it. */
export interface Backend {
  readonly specVersion: typeof BACKEND_SPEC_VERSION;
  /** Lower case: letters, digits, `-`. */
  readonly name: string;
  /** The newest version of loop IR (`IR_VERSION`) that the author knew. */
  readonly irVersion: number;
  readonly capabilities: Capabilities;
  /** Rules that run to a fixed point on device-level IR before `compile` sees it, one set after the other. */
  readonly legalize?: readonly Rules[];
  /** Passes that join the pipeline of `lower` at named points. */
  readonly passes?: readonly PlacedPass[];
  /** Schedule rules, asked before the default ones. */
  readonly rules?: readonly ScheduleRule[];
  /** Instructions that it has a template for; their names stand in `capabilities.intrinsics` too. */
  readonly intrinsics?: readonly Intrinsic[];
  /**
   * Device-level loop IR to code. Deterministic. Of a defined backend: the rules of `legalize` have run, and nothing comes in that the
   * capabilities do not declare.
   * @throws CompileError `BE101`, `BE102` what the capabilities do not cover · `BE104`, `BE105`, `BE109` · codes of its own from `BE200`
   */
  compile(module: IRModule): CompiledModule;
}

/** A backend with the toolchain that finishes its work, if it needs one. */
export interface Target {
  readonly backend: Backend;
  readonly toolchain: Toolchain | null;
}

/** What is there to build with on this machine, and why not. */
export interface ToolchainStatus {
  readonly name: string;
  readonly usable: boolean;
  /** Version and place when usable; else what is missing and how to install it. */
  readonly detail: string;
}

export const TOOLCHAIN_SPEC_VERSION = "toolchain/1";

/** Text to binary: the only impure step of compiling. */
export interface Toolchain {
  /** `toolchain/1` unless told. */
  readonly specVersion?: typeof TOOLCHAIN_SPEC_VERSION;
  readonly name: string;
  readonly accepts: ModuleFormat;
  readonly produces: ModuleFormat;
  status(): Promise<ToolchainStatus>;
  /** @throws CompileError `TC` codes with the tool's own message. */
  build(module: CompiledModule, options?: { readonly signal?: AbortSignal }): Promise<CompiledModule>;
}
