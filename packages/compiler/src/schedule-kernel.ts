import { autoschedule } from "@tilewright/autoschedule";
import type { Capabilities, ScheduleRule } from "@tilewright/backend";
import { type Diagnostic, isCompileError } from "@tilewright/diagnostics";
import { type Compute, type PrimFunc, type Tensor, type Trace, visit } from "@tilewright/ir";
import { replay, toPrimFunc } from "@tilewright/schedule";
import { unscheduled } from "./errors.js";

/** `auto`: the first rule that matches. `none`: loops as written, one thread, no lanes. */
export type ScheduleChoice = "auto" | "none";

export interface ScheduleContext {
  readonly capabilities: Capabilities;
  readonly rules: readonly ScheduleRule[];
  readonly schedule: ScheduleChoice;
  report(diagnostic: Diagnostic): void;
}

/** A trace that applies to the tensors, and the rule that it comes from. */
export interface Scheduled {
  readonly trace: Trace;
  readonly rule: string;
}

const PLAIN: Scheduled = { trace: { version: 1, records: [] }, rule: "none" };

/** Chooses a schedule. One that does not apply is replaced by the plain loops, with a warning `CO201`. */
export function chooseSchedule(name: string, outputs: readonly Tensor[], context: ScheduleContext): Scheduled {
  if (context.schedule === "none") return PLAIN;
  try {
    const { trace, rule } = autoschedule(outputs, { capabilities: context.capabilities, rules: context.rules });
    toPrimFunc(replay(outputs, trace));
    return { trace, rule };
  } catch (error) {
    if (!isCompileError(error)) throw error;
    context.report(unscheduled(name, error.diagnostics[0]?.message ?? error.message));
    return PLAIN;
  }
}

/** The kernel as loop IR. `aliases`: placeholders whose memory the output may be given. */
export function kernelFunction(
  name: string,
  outputs: readonly Tensor[],
  { trace }: Scheduled,
  parameters: readonly Tensor[],
  aliases: readonly (readonly [Tensor, Tensor])[] = [],
): PrimFunc {
  return toPrimFunc(replay(outputs, trace), { name, parameters, mayAlias: aliases });
}

/**
 * True when `output` may be written over `input`: each element is read only where it is written, outside of folds, and the schedule computes
 * every element once.
 */
export function mayOverwrite(output: Tensor, input: Tensor, { trace }: Scheduled): boolean {
  const once = trace.records.every(({ arguments: { tail } }) => tail !== "shift" && tail !== "roundUp");
  return once && sameType(output, input) && readsInPlace(output, input);
}

function sameType(a: Tensor, b: Tensor): boolean {
  const extents = ({ shape }: Tensor): string =>
    shape.map((extent) => (extent.kind === "Const" ? String(extent.value) : "?")).join(",");
  return a.dtype === b.dtype && extents(a) === extents(b);
}

/** Follows reads from the output; a tensor that is reached otherwise than element by element taints what it reads. */
function readsInPlace(output: Tensor, input: Tensor): boolean {
  const seen = new Map<Tensor, boolean>();
  const stack: { readonly tensor: Tensor; readonly plain: boolean }[] = [{ tensor: output, plain: true }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { tensor, plain } = top;
    if (tensor === input && !plain) return false;
    const { operation } = tensor;
    if (seen.get(tensor) === false || seen.get(tensor) === plain) continue;
    seen.set(tensor, plain);
    if (operation.kind === "Scan" || operation.kind === "Extern") return false;
    if (operation.kind !== "Compute") continue;
    stack.push(...readsOf(operation).map((read) => ({ tensor: read.tensor, plain: plain && read.plain })));
  }
  return true;
}

function readsOf({ axes, bodies }: Compute): readonly { readonly tensor: Tensor; readonly plain: boolean }[] {
  const reads: { tensor: Tensor; plain: boolean }[] = [];
  const folds = bodies.some((body) => body.kind === "Reduce");
  for (const body of bodies) {
    visit(body, {
      Read: ({ tensor, indices }) => {
        const same = indices.length === axes.length && indices.every((index, k) => index === axes[k]?.variable);
        reads.push({ tensor, plain: same && !folds });
      },
    });
  }
  return reads;
}
