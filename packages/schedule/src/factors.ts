import { simplify, usesAny } from "@tilewright/arith";
import { CompileError, type Span } from "@tilewright/diagnostics";
import { type Const, type Expr, type IterVar, isConst, isFloat, type Read, type Reduce, zero } from "@tilewright/ir";
import { brokenLaw } from "./combiner-laws.js";
import { meaningfulPadding, notPaddable } from "./errors-stages.js";
import type { Stage } from "./schedule.js";

/** A read that a fold multiplies, and the constant that it may read beyond the ends of the padded axes. */
export interface Factor {
  readonly read: Read;
  readonly constant: Const;
}

/**
 * The reads of a stage that is a sum of products, or a fold of one read, each with what it may be padded with: zero in a sum, the
 * identity in another fold. Rule: what is added beyond a reduction axis must change nothing for all values inside. 0 · ∞ is NaN, so in a
 * sum of float products each factor must be padded along the axis; of integers one is enough.
 *
 * @throws CompileError SCH137 another form · SCH138 a reduction axis that not every factor has
 */
export function paddableFactors(stage: Stage, padded: readonly IterVar[], span: Span): readonly Factor[] {
  const refuse = (why: string): never => {
    throw new CompileError(notPaddable(stage.name, why, span));
  };
  const [body] = stage.bodies;
  if (stage.bodies.length !== 1 || body?.kind !== "Reduce" || body.combiner.results.length !== 1)
    return refuse("it is no reduction of one value");
  if (body.condition !== null) refuse("its reduction has a condition");
  const sums = isSum(body);
  const parts = factorsOf(body.sources[0] as Expr);
  const factors = parts.map((part): Factor => {
    const read = sums ? withoutCasts(part) : part;
    if (read.kind !== "Read")
      return refuse(sums ? "it sums something else than products of reads" : "it folds something else than one read");
    const constant = sums ? zero(read.dtype) : simplify(body.combiner.identities[0] as Expr);
    if (!isConst(constant)) return refuse("the identity of its reduction is no constant");
    return { read, constant };
  });
  const broken = sums ? null : brokenLaw(body.combiner, { reordered: false });
  if (broken !== null) refuse(`\`${body.combiner.name}\` breaks a law: ${broken}`);
  for (const { read } of factors) for (const axis of padded) checkIndices(read, axis, refuse);
  checkReduced(stage, factors, padded, isFloat(body.dtype), span);
  return factors;
}

/** Addition, as a combiner. */
function isSum({ combiner }: Reduce): boolean {
  const [result] = combiner.results;
  return result?.kind === "Binary" && result.op === "add" && isConst(simplify(combiner.identities[0] as Expr), 0) &&
    new Set<Expr>([result.left, result.right, combiner.lhs[0] as Expr, combiner.rhs[0] as Expr]).size === 2; // biome-ignore format: one condition
}

function factorsOf(source: Expr): readonly Expr[] {
  return source.kind === "Binary" && source.op === "mul"
    ? [...factorsOf(source.left), ...factorsOf(source.right)]
    : [source];
}

function withoutCasts(expr: Expr): Expr {
  return expr.kind === "Cast" ? withoutCasts(expr.operand) : expr;
}

/** A padded axis is an index by itself, or not used at all. */
function checkIndices(read: Read, { name, variable }: IterVar, refuse: (why: string) => never): void {
  const mixed = read.indices.find((index) => index !== variable && usesAny(index, new Set([variable])));
  if (mixed !== undefined) refuse(`it reads \`${read.tensor.name}\` at more than \`${name}\` alone: reindex it first`);
}

function checkReduced(
  stage: Stage,
  factors: readonly Factor[],
  padded: readonly IterVar[],
  isFloats: boolean,
  span: Span,
): void {
  for (const axis of padded.filter(({ iterKind }) => iterKind === "reduce")) {
    const without = factors.filter(({ read }) => !read.indices.includes(axis.variable));
    if (without.length === 0 || (!isFloats && without.length < factors.length)) continue;
    const names = without.map(({ read }) => `\`${read.tensor.name}\``).join(" and ");
    throw new CompileError(meaningfulPadding(stage.name, axis.name, names, span));
  }
}
