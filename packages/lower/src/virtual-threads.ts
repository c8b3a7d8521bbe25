// Rule: the iterations of a `virtual` loop of constant extent are interleaved statement by statement: sequences in step, loops of equal
// bounds fused, branches of equal conditions too, allocations and other binders one for each iteration; at a barrier all wait, once. Needed
// where neighbouring statements go to different queues. A barrier in what cannot be interleaved is an error (LOW209).
import { CompileError } from "@tilewright/diagnostics";
import { type Expr, type For, type If, int, rewrite, type Stmt, sequence, type Var } from "@tilewright/ir";
import { contains } from "./count-nodes.js";
import { divergentBarrier } from "./errors.js";
import { constantOf, plus } from "./index-arithmetic.js";
import { createNumbering } from "./numbering.js";
import { bodyPass } from "./pass.js";
import { freshCopy, renameIn } from "./refresh-binders.js";
import { describe } from "./uniform.js";

export const interleaveVirtualThreads = bodyPass({
  name: "virtual-threads",
  requires: "scheduled",
  establishes: "lowered",
  run: (body) => rewrite(body, { For: (loop) => (loop.loopKind === "virtual" ? expand(loop) : undefined) }),
});

function expand(loop: For): Stmt {
  const extent = constantOf(loop.extent);
  if (extent === undefined) return { ...loop, loopKind: "serial" };
  const iterations = Array.from({ length: extent }, (_, step) =>
    freshCopy(loop.body, new Map([[loop.loopVar, plus(loop.min, int(step))]])),
  );
  return interleave(iterations);
}

/** Statements that were one statement before copying, in step. */
function interleave(copies: readonly Stmt[]): Stmt {
  const first = copies[0];
  if (first === undefined) return sequence([]);
  if (copies.length === 1) return first;
  if (first.kind === "Seq") {
    const lists = copies.map((copy) => (copy.kind === "Seq" ? copy.stmts : [copy]));
    return sequence(
      first.stmts.map((_, position) => interleave(lists.map((list) => list[position] as Stmt))),
      first.span,
    );
  }
  if (first.kind === "Allocate" || first.kind === "Let" || first.kind === "Register") {
    const inner = interleave(copies.map((copy) => (copy as typeof first).body));
    return copies.reduceRight<Stmt>((body, copy) => ({ ...(copy as typeof first), body }), inner);
  }
  if (first.kind === "For" && equal((copies as readonly For[]).map(({ min, extent }) => [min, extent]))) {
    const bodies = (copies as readonly For[]).map((copy) =>
      copy === first
        ? copy.body
        : renameIn(copy.body, new Map<Var, Var>(), new Map(), new Map<Var, Expr>([[copy.loopVar, first.loopVar]])),
    );
    return { ...first, body: interleave(bodies) };
  }
  if (first.kind === "If" && equal((copies as readonly If[]).map(({ condition }) => [condition]))) {
    const arms = (copies as readonly If[]).map(({ otherwise }) => otherwise ?? sequence([]));
    const otherwise = first.otherwise && interleave(arms);
    return { ...first, then: interleave((copies as readonly If[]).map(({ then }) => then)), otherwise };
  }
  if (first.kind === "Barrier") return first;
  if (contains(first, ["Barrier"]))
    throw new CompileError(divergentBarrier("a virtual thread", [describe(first)], first.span));
  return sequence(copies, first.span);
}

/** Whether all lists hold the same values. */
function equal(lists: readonly (readonly Expr[])[]): boolean {
  const numbering = createNumbering();
  const [first, ...rest] = lists.map((list) => list.map((value) => numbering.of(value)).join());
  return rest.every((list) => list === first);
}
