import { CompileError, type Span } from "@tilewright/diagnostics";
import { type Combiner, type Compute, type Expr, type IterVar, isFloat, structuralEqual } from "@tilewright/ir";
import { uncontracted } from "../reduce.js";
import { sharedAmongChosen } from "./choices.js";
import type { Seed } from "./differentiate.js";
import { unknownReducer } from "./errors.js";
import type { Fold, OutputGradient } from "./fold.js";
import { timesAllFactors, timesOtherFactors } from "./products.js";
import { rectangular } from "./rectangular.js";
import { conjuncts, type Sensitivity } from "./sensitivity.js";
import { ownElement } from "./stage.js";

/** What an operation sums its readers' gradients over, under conditions: where its seeds are differentiated. */
export interface Domain {
  readonly axes: readonly IterVar[];
  readonly conditions: readonly Expr[];
  readonly seeds: readonly Seed[];
  /** Sums keep the order of the axes, as the operation does. */
  readonly strict: boolean;
}

/** Where the gradients of a compute's bodies start. @throws CompileError `TE303` · `TE306`. */
export function domainsOf(operation: Compute, outputs: readonly OutputGradient[], span: Span): readonly Domain[] {
  const { axes, bodies } = operation;
  const plain: Seed[] = [];
  const domains: Domain[] = [{ axes, conditions: [], seeds: plain, strict: false }];
  for (const output of outputs) {
    const body = bodies[output.tensor.outputIndex];
    if (body?.kind === "Reduce") {
      const whole = rectangular(body.axes, axes, span);
      const conditions = [...(body.condition === null ? [] : conjuncts(body.condition)), ...whole.conditions];
      const strict = body.fast === 0 && isFloat(body.dtype);
      const { valueIndex, sources, initial } = body;
      const starts = startsOf({ reduce: { ...body, axes: whole.axes }, conditions, strict, outer: axes, output, span });
      plain.push(...seedOf(initial?.[valueIndex], starts.initial));
      const seeds = seedOf(sources[valueIndex], starts.source);
      domains.push({ axes: [...axes, ...whole.axes], conditions, seeds, strict });
    } else if (body !== undefined) {
      plain.push({ root: body, gradient: output.gradient, stored: ownElement(output.tensor, axes, span) });
    }
  }
  return domains.filter(({ seeds }) => seeds.length > 0);
}

function seedOf(root: Expr | undefined, gradient: Sensitivity): readonly Seed[] {
  // What a sum may round once with its additions stands alone elsewhere; a sum that it comes into again takes the licence anew.
  return root === undefined ? [] : [{ root: uncontracted(root), gradient }];
}

/** The gradients of one thing that is folded, and of the initial value. */
function startsOf(fold: Fold): { readonly source: Sensitivity; readonly initial: Sensitivity } {
  const { reduce, output } = fold;
  const kind = kindOf(reduce.combiner, reduce.valueIndex);
  if (kind === undefined) throw new CompileError(unknownReducer(reduce.combiner, reduce.span));
  if (kind === "sum") return { source: output.gradient, initial: output.gradient };
  if (kind !== "product") return sharedAmongChosen(fold, kind);
  return {
    source: timesOtherFactors(fold),
    initial: reduce.initial === null ? output.gradient : timesAllFactors(fold),
  };
}

/** How a component of a tuple is combined; of a choice, the components that are compared. */
function kindOf(combiner: Combiner, k: number): "sum" | "product" | readonly number[] | undefined {
  const { lhs, rhs, results } = combiner;
  const result = results[k];
  const isPair = (a: Expr | undefined, b: Expr | undefined, at: number): boolean => a === lhs[at] && b === rhs[at];
  if (result?.kind === "Binary") {
    if (!isPair(result.left, result.right, k) && !isPair(result.right, result.left, k)) return undefined;
    if (result.op === "add") return "sum";
    if (result.op === "mul") return "product";
    return result.op === "min" || result.op === "max" ? [k] : undefined;
  }
  if (result?.kind !== "Select" && result?.kind !== "IfThenElse") return undefined;
  const takesLeft = result.whenTrue === lhs[k];
  const together = results.every(
    (each, at) =>
      (each.kind === "Select" || each.kind === "IfThenElse") &&
      structuralEqual(each.condition, result.condition) &&
      (takesLeft ? isPair(each.whenTrue, each.whenFalse, at) : isPair(each.whenFalse, each.whenTrue, at)),
  );
  return together ? results.map((_, at) => at) : undefined;
}
