import type { Capabilities, Knob, KnobValues, ScheduleRule } from "@tilewright/backend";
import { CompileError, callSite } from "@tilewright/diagnostics";
import type { Tensor, Trace } from "@tilewright/ir";
import { contractionRule } from "./contraction.js";
import { elementwiseRule } from "./elementwise.js";
import { nothingToSchedule } from "./errors.js";
import { matmulRule } from "./matmul.js";
import { nakedRule } from "./naked.js";
import { reductionRule } from "./reduction.js";
import { stencilRule } from "./stencil.js";

/** The default rules, in the order in which they are asked. */
export const defaultRules: readonly ScheduleRule[] = [
  matmulRule,
  contractionRule,
  stencilRule,
  reductionRule,
  elementwiseRule,
  nakedRule,
];

export interface AutoscheduleOptions {
  readonly capabilities: Capabilities;
  /** Asked before the default rules; a backend brings its own. */
  readonly rules?: readonly ScheduleRule[];
  /** Values for knobs by name, where the untuned default is not wanted. */
  readonly knobs?: KnobValues;
  /** Placeholders whose data is the same in every run; none unless told. */
  readonly constants?: ReadonlySet<Tensor>;
}

export interface Autoschedule {
  readonly trace: Trace;
  /** Name of the rule that matched. */
  readonly rule: string;
  readonly knobs: readonly Knob[];
}

/**
 * A schedule for a group of tensor expressions, from its structure and the target's capabilities alone: the trace of the first rule that
 * matches, with the first candidate of every knob unless told.
 *
 * @param outputs  the tensors that the group computes
 * @throws CompileError AS101 no tensors, or no capabilities · what the primitives throw for tensors that cannot be scheduled (SCH119)
 */
export function autoschedule(outputs: readonly Tensor[], options: AutoscheduleOptions): Autoschedule {
  const { capabilities, rules = [], knobs = {}, constants = new Set<Tensor>() } = options ?? {};
  const isList = Array.isArray(outputs) && outputs.length > 0 && outputs.every((output) => output?.kind === "Tensor");
  if (!isList || typeof capabilities !== "object") {
    throw new CompileError(
      nothingToSchedule(isList ? "no capabilities" : "no list of tensors", callSite(autoschedule)),
    );
  }
  for (const rule of [...rules, ...defaultRules]) {
    const match = rule.match(outputs, capabilities, { constants });
    if (match === null) continue;
    const defaults = Object.fromEntries(match.knobs.map((knob) => [knob.name, knob.candidates[0] ?? 0]));
    return { trace: match.apply({ ...defaults, ...knobs }), rule: rule.name, knobs: match.knobs };
  }
  return { trace: { version: 1, records: [] }, rule: nakedRule.name, knobs: [] };
}
