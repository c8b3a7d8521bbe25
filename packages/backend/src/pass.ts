import type { Diagnostic } from "@tilewright/diagnostics";
import type { IRModule } from "@tilewright/ir";
import type { Capabilities } from "./capabilities.js";
import type { IntrinsicMeaning } from "./intrinsic.js";

/** What passes are given beside the module. Diagnostics reported here are returned with the result. */
export interface PassContext {
  readonly capabilities: Capabilities;
  /** What the intrinsics mean that the module calls. */
  readonly intrinsics?: readonly IntrinsicMeaning[];
  report(diagnostic: Diagnostic): void;
}

/**
 * Levels of loop IR, in order; each is a grammar that `verify` checks. `scheduled`: as bound inference left it. `lowered`: no vectorized,
 * unrolled or virtual loops, no guards left to peel. `flat`: one index per access. `device`: what a codegen accepts.
 */
export type Level = "scheduled" | "lowered" | "flat" | "device";

/** Loop IR to loop IR. Pure: equal input, equal output. Meaning is kept as `SEMANTICS.md` gives it. */
export interface Pass {
  readonly name: string;
  /** Level that the input must satisfy. */
  readonly requires: Level;
  /** Level that the output satisfies. */
  readonly establishes: Level;
  run(module: IRModule, context: PassContext): IRModule;
}

/** Places in the pipeline where a backend's passes join. */
export type PassPoint = "scheduled" | "before-flatten" | "flat" | "device";

export interface PlacedPass {
  readonly at: PassPoint;
  readonly pass: Pass;
}

/** Checks nothing, infers types: a pass is a value. */
export function definePass(pass: Pass): Pass {
  return pass;
}
