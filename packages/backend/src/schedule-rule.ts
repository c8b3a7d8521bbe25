import type { Tensor, Trace } from "@tilewright/ir";
import type { Capabilities } from "./capabilities.js";

/** A choice that a rule leaves open; `candidates` in order of preference, the first is the untuned default. */
export interface Knob {
  readonly name: string;
  readonly candidates: readonly number[];
}

export type KnobValues = { readonly [name: string]: number };

/** A rule that applies: what can be tuned, and the trace for a choice. */
export interface RuleMatch {
  readonly knobs: readonly Knob[];
  apply(values: KnobValues): Trace;
}

/** What is known of a group beside its structure. */
export interface GroupFacts {
  /** Placeholders whose data is the same in every run: what is computed from them alone, at the root, is computed once. */
  readonly constants: ReadonlySet<Tensor>;
}

/**
 * Structure and capabilities in, trace out. A rule sees the tensor expressions of a group and never the name of an operator or a target.
 * Rules are asked in order; the first match wins.
 */
export interface ScheduleRule {
  readonly name: string;
  match(outputs: readonly Tensor[], capabilities: Capabilities, facts?: GroupFacts): RuleMatch | null;
}
