// Rule: the iterations of a `virtual` loop of constant extent are interleaved statement by statement: sequences in step, loops of equal
// bounds fused, allocations and other binders one for each iteration. Needed where neighbouring statements go to different queues.
import { type Expr, type For, int, rewrite, type Stmt, sequence, type Var } from "@tilewright/ir";
import { constantOf, plus } from "./index-arithmetic.js";
import { createNumbering } from "./numbering.js";
import { bodyPass } from "./pass.js";
import { freshCopy, renameIn } from "./refresh-binders.js";

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
  if (first.kind === "For" && sameBounds(copies as readonly For[])) {
    const bodies = (copies as readonly For[]).map((copy) =>
      copy === first
        ? copy.body
        : renameIn(copy.body, new Map<Var, Var>(), new Map(), new Map<Var, Expr>([[copy.loopVar, first.loopVar]])),
    );
    return { ...first, body: interleave(bodies) };
  }
  return sequence(copies, first.span);
}

function sameBounds(loops: readonly For[]): boolean {
  const numbering = createNumbering();
  const [first, ...rest] = loops.map((loop) => [numbering.of(loop.min), numbering.of(loop.extent)] as const);
  return first !== undefined && rest.every(([min, extent]) => min === first[0] && extent === first[1]);
}
