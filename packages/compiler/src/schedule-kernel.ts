import { autoschedule } from "@tilewright/autoschedule";
import type { Capabilities, IntrinsicMeaning, ScheduleRule } from "@tilewright/backend";
import { type Diagnostic, isCompileError } from "@tilewright/diagnostics";
import { type Buffer, type Compute, type PrimFunc, type Tensor, type Trace, visit } from "@tilewright/ir";
import { RULE_ATTRIBUTE } from "@tilewright/lower";
import { createSchedule, replay, toPrimFunc } from "@tilewright/schedule";
import { unscheduled } from "./errors.js";

/** `auto`: the first rule that matches. `none`: loops as written, one thread, no lanes. */
export type ScheduleChoice = "auto" | "none";

export interface ScheduleContext {
  readonly capabilities: Capabilities;
  readonly rules: readonly ScheduleRule[];
  readonly schedule: ScheduleChoice;
  /** What the names of intrinsics in traces mean. */
  readonly intrinsics: readonly IntrinsicMeaning[];
  /** Placeholders whose data is the same in every run. */
  readonly constants?: ReadonlySet<Tensor>;
  report(diagnostic: Diagnostic): void;
}

/** A kernel at level `scheduled`, and where its schedule comes from. */
export interface Scheduled {
  readonly func: PrimFunc;
  readonly trace: Trace;
  /** The rule that matched; `none`: loops as written. */
  readonly rule: string;
}

/**
 * Schedules a kernel. `parameters` are its placeholders and outputs in order. A schedule that does not apply is replaced by the plain loops,
 * with a warning `CO201`.
 */
export function scheduleKernel(
  name: string,
  outputs: readonly Tensor[],
  parameters: readonly Tensor[] | undefined,
  context: ScheduleContext,
): Scheduled {
  const options = parameters === undefined ? { name } : { name, parameters };
  const plain = (): Scheduled => ({
    func: toPrimFunc(createSchedule(outputs), options),
    trace: { version: 1, records: [] },
    rule: "none",
  });
  if (context.schedule === "none") return plain();
  try {
    const { capabilities, rules, constants = new Set() } = context;
    const { trace, rule } = autoschedule(outputs, { capabilities, rules, constants });
    const func = toPrimFunc(replay(outputs, trace, { intrinsics: context.intrinsics }), options);
    return { func: { ...func, attributes: { ...func.attributes, [RULE_ATTRIBUTE]: rule } }, trace, rule };
  } catch (error) {
    if (!isCompileError(error)) throw error;
    context.report(unscheduled(name, error.diagnostics[0]?.message ?? error.message));
    return plain();
  }
}

/** The function under another name; `aliases`: positions of parameters whose memory the last one, the output, may be given. */
export function withAliases({ func }: Scheduled, name: string, aliases: readonly number[]): PrimFunc {
  const output = func.parameters.at(-1);
  const mayAlias = aliases.flatMap((position): (readonly [Buffer, Buffer])[] => {
    const input = func.parameters[position];
    return input?.kind === "Buffer" && output?.kind === "Buffer" ? [[output, input]] : [];
  });
  return { ...func, name, mayAlias };
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
