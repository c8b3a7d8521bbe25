import { CompileError, type Span } from "@tilewright/diagnostics";
import {
  CONTRACT,
  type Combiner,
  type Compute,
  type Expr,
  type IterVar,
  int,
  isFloat,
  type Reduce,
  rewrite,
  structuralEqual,
  type Tensor,
} from "@tilewright/ir";
import { constant, div, eq, mul, ne, or, select } from "../math.js";
import { prod, sum } from "../reduce.js";
import type { Seed } from "./differentiate.js";
import { unknownReducer } from "./errors.js";
import { rectangular } from "./rectangular.js";
import { conjunction, conjuncts, guarded, type Sensitivity } from "./sensitivity.js";
import { copyAxes, fold, fromZero, ownElement, stage, stages } from "./stage.js";

/** What an operation sums its readers' gradients over, under conditions: where its seeds are differentiated. */
export interface Domain {
  readonly axes: readonly IterVar[];
  readonly conditions: readonly Expr[];
  readonly seeds: readonly Seed[];
  /** Sums keep the order of the axes, as the operation does. */
  readonly strict: boolean;
}

/** One output of a compute, and its gradient over the compute's axes. */
export interface OutputGradient {
  readonly tensor: Tensor;
  readonly gradient: Sensitivity;
}

/** Where the gradients of a compute's bodies start. @throws CompileError `TE303` · `TE306`. */
export function domainsOf(operation: Compute, outputs: readonly OutputGradient[], span: Span): readonly Domain[] {
  const { axes, bodies } = operation;
  const plain: Seed[] = [];
  const domains: Domain[] = [{ axes, conditions: [], seeds: plain, strict: false }];
  for (const output of outputs) {
    const body = bodies[output.tensor.outputIndex];
    if (body?.kind === "Reduce") {
      const seeds = new Fold(body, operation, output, span).seeds();
      plain.push(...seeds.initial);
      domains.push(seeds.source);
    } else if (body !== undefined) {
      plain.push({ root: body, gradient: output.gradient, stored: ownElement(output.tensor, axes, span) });
    }
  }
  return domains.filter(({ seeds }) => seeds.length > 0);
}

/** The gradient of one reduction with respect to what it folds. */
class Fold {
  private readonly reduce: Reduce;
  private readonly conditions: readonly Expr[];
  private readonly outer: readonly IterVar[];
  private readonly output: OutputGradient;
  private readonly span: Span;
  private readonly strict: boolean;

  constructor(reduce: Reduce, operation: Compute, output: OutputGradient, span: Span) {
    const { axes, conditions } = rectangular(reduce.axes, operation.axes, span);
    this.reduce = { ...reduce, axes };
    this.conditions = [...(reduce.condition === null ? [] : conjuncts(reduce.condition)), ...conditions];
    this.outer = operation.axes;
    this.output = output;
    this.span = span;
    this.strict = reduce.fast === 0 && isFloat(reduce.dtype);
  }

  seeds(): { readonly source: Domain; readonly initial: readonly Seed[] } {
    const { combiner, valueIndex, sources, initial, axes } = this.reduce;
    const kind = kindOf(combiner, valueIndex);
    if (kind === undefined) throw new CompileError(unknownReducer(combiner, this.reduce.span));
    const { source, start } =
      kind === "sum"
        ? { source: this.output.gradient, start: this.output.gradient }
        : kind === "product"
          ? { source: this.timesOthers(), start: initial === null ? this.output.gradient : this.timesAll() }
          : this.shared(kind);
    const seed = (root: Expr | undefined, gradient: Sensitivity): readonly Seed[] =>
      root === undefined ? [] : [{ root: uncontracted(root), gradient }];
    return {
      source: {
        axes: [...this.outer, ...axes],
        conditions: this.conditions,
        seeds: seed(sources[valueIndex], source),
        strict: this.strict,
      },
      initial: seed(initial?.[valueIndex], start),
    };
  }

  /** The product of all other factors, a stage of its own: no division, so that zeros are right. Quadratic in the factors. */
  private timesOthers(): Sensitivity {
    const { reduce, outer, span } = this;
    const all = copyAxes([...outer, ...reduce.axes]);
    const data = all.axes.slice(0, outer.length);
    const folded = all.axes.slice(outer.length);
    const left = copyAxes(reduce.axes, all.axes.map(({ name }) => name)); // biome-ignore format: one call
    const skipped = left.axes.map((each): IterVar => ({ ...each, iterKind: "data", min: int(0) }));
    const isOther = folded
      .map((each, position) => ne(fromZero(each), (skipped[position] as IterVar).variable))
      .reduce((a, b) => or(a, b));
    const where = conjunction([...this.conditions.map((each) => all.inside(each)), isOther]);
    const others = this.product(folded, where, all.inside, reduce.initial?.[reduce.valueIndex]);
    const made = stage(`${this.output.tensor.name}.others`, [...data, ...skipped], others, span);
    return this.times(ownElement(made, [...outer, ...reduce.axes], span));
  }

  /** The product of all factors without the initial one. */
  private timesAll(): Sensitivity {
    const { outer, reduce, span } = this;
    const all = copyAxes([...outer, ...reduce.axes]);
    const where = this.conditions.length === 0 ? null : all.inside(conjunction(this.conditions));
    const product = this.product(all.axes.slice(outer.length), where, all.inside, undefined);
    const made = stage(`${this.output.tensor.name}.factors`, all.axes.slice(0, outer.length), product, span);
    return this.times(ownElement(made, outer, span));
  }

  private product(
    axes: readonly IterVar[],
    where: Expr | null,
    inside: (expr: Expr) => Expr,
    initial: Expr | undefined,
  ): Reduce {
    const { sources, valueIndex } = this.reduce;
    const value = inside(sources[valueIndex] as Expr);
    const start = initial === undefined ? {} : { initial: inside(initial) };
    return fold(prod, value, axes, where, { strict: this.strict, ...start }, this.span);
  }

  private times(factor: Expr): Sensitivity {
    const { guard, value } = this.output.gradient;
    return { guard, value: mul(value, factor) };
  }

  /** The elements that were chosen share the gradient equally: those whose tuple equals the result. */
  private shared(components: readonly number[]): { readonly source: Sensitivity; readonly start: Sensitivity } {
    const { reduce, outer, span, output } = this;
    const results = this.results(components);
    const isHit = (tuple: readonly Expr[]): Expr =>
      conjunction(
        components.map((k, position) => eq(tuple[k] as Expr, ownElement(results[position] as Tensor, outer, span))),
      );
    const { dtype } = output.tensor;
    const counted = (tuple: readonly Expr[]): Expr => select(isHit(tuple), constant(1, dtype), 0);
    const all = copyAxes([...outer, ...reduce.axes]);
    const { inside } = all;
    const where = this.conditions.length === 0 ? null : inside(conjunction(this.conditions));
    const initial = reduce.initial === null ? {} : { initial: inside(counted(reduce.initial)) };
    const count = fold(sum, inside(counted(reduce.sources)), all.axes.slice(outer.length), where, initial, span);
    const hits = stage(`${output.tensor.name}.hits`, all.axes.slice(0, outer.length), count, span);
    const share = div(output.gradient.value, ownElement(hits, outer, span));
    const of = (tuple: readonly Expr[]): Sensitivity => guarded({ ...output.gradient, value: share }, isHit(tuple));
    return { source: of(reduce.sources), start: reduce.initial === null ? output.gradient : of(reduce.initial) };
  }

  /** The components of the result: of one the output itself, of several a stage that computes them all. */
  private results(components: readonly number[]): readonly Tensor[] {
    const { reduce, outer, output, span } = this;
    if (components.length === 1) return [output.tensor];
    const all = copyAxes([...outer, ...reduce.axes]);
    const { inside } = all;
    const axes = all.axes.slice(outer.length);
    const bodies = components.map((valueIndex) => ({
      ...reduce,
      axes,
      valueIndex,
      dtype: (reduce.sources[valueIndex] as Expr).dtype,
      sources: reduce.sources.map(inside),
      condition: this.conditions.length === 0 ? null : inside(conjunction(this.conditions)),
      initial: reduce.initial?.map(inside) ?? null,
    }));
    return stages(`${output.tensor.name}.chosen`, all.axes.slice(0, outer.length), bodies, span);
  }
}

/** What a sum may round once with its additions stands alone elsewhere; a sum that it comes into again takes the licence anew. */
function uncontracted(source: Expr): Expr {
  return rewrite(source, {
    Binary: (node) => ((node.fast & CONTRACT) === 0 ? undefined : { ...node, fast: node.fast & ~CONTRACT }),
  });
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
