import {
  type Backend,
  type Capabilities,
  checkCapabilities,
  type IntrinsicMeaning,
  type PlacedPass,
  type ScheduleRule,
} from "@tilewright/backend";
import { CompileError, type Diagnostic, isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { lower } from "@tilewright/lower";

/** What scheduling and lowering know of a target. */
export interface TargetSide {
  /** In reports. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Asked before the default rules. */
  readonly rules: readonly ScheduleRule[];
  /** Passes of the backend. */
  readonly passes: readonly PlacedPass[];
  /** That the rules may use. */
  readonly intrinsics?: readonly IntrinsicMeaning[];
  /** Says what the backend thinks of a module by an error; the capabilities decide where it is not there. Pure. */
  readonly compile?: (module: IRModule) => unknown;
}

/** `rules` are asked before those of the backend. */
export function sideOf(backend: Backend, rules: readonly ScheduleRule[]): TargetSide {
  return {
    name: backend.name,
    capabilities: backend.capabilities,
    rules: [...rules, ...(backend.rules ?? [])],
    passes: backend.passes ?? [],
    intrinsics: backend.intrinsics ?? [],
    compile: (module) => backend.compile(module),
  };
}

export function moduleOf(functions: readonly PrimFunc[]): IRModule {
  return { kind: "IRModule", span: NO_SPAN, functions, attributes: {} };
}

/** What is in the way of a kernel on a target: the first error of lowering it and of compiling it alone. Null: nothing. */
export function obstacleTo(
  func: PrimFunc,
  { name, capabilities, passes, intrinsics = [], compile }: TargetSide,
): Diagnostic | null {
  try {
    const { module } = lower(moduleOf([func]), { capabilities, passes, intrinsics });
    if (compile === undefined) {
      const found = checkCapabilities(module, capabilities, name);
      return found.find(({ severity }) => severity === "error") ?? null;
    }
    compile(module);
    return null;
  } catch (error) {
    if (!isCompileError(error)) throw error;
    return error.diagnostics[0] ?? null;
  }
}

/** Runs a step over all kernels of a side; if it fails and one of them is the reason, the error names that one. */
export function blaming<T>(
  side: TargetSide,
  functions: Iterable<PrimFunc>,
  untaken: (kernel: string, obstacle: Diagnostic) => Diagnostic,
  step: () => T,
): T {
  try {
    return step();
  } catch (error) {
    if (!isCompileError(error)) throw error;
    for (const func of functions) {
      const obstacle = func.role === "kernel" ? obstacleTo(func, side) : null;
      if (obstacle !== null) throw new CompileError(untaken(func.name, obstacle), ...error.diagnostics);
    }
    throw error;
  }
}
