// Rule: a loop marked `unrolled` with a constant extent becomes copies of its body, with new binders in each. A loop that would grow
// beyond the cap stays a serial loop and is reported (LOW104).
import type { PassContext } from "@tilewright/backend";
import { type For, int, rewrite, type Stmt, sequence } from "@tilewright/ir";
import { countNodes } from "./count-nodes.js";
import { keptUnrolledLoop, largeUnroll } from "./errors.js";
import { constantOf, plus } from "./index-arithmetic.js";
import { bodyPass } from "./pass.js";
import { freshCopy } from "./refresh-binders.js";

/** Nodes that one unrolled loop may become. */
export const UNROLL_CAP = 20_000;

/** Nodes from which on unrolling is reported: some tens of kilobytes of machine code, as large as an instruction cache. */
const UNROLL_LARGE = 8_000;

export const unrollLoops = bodyPass({
  name: "unroll",
  requires: "scheduled",
  establishes: "scheduled",
  run: (body, context) =>
    rewrite(body, { For: (loop) => (loop.loopKind === "unrolled" ? unroll(loop, context) : undefined) }),
});

function unroll(loop: For, context: PassContext): Stmt {
  const extent = constantOf(loop.extent);
  const nodes = extent === undefined ? null : extent * countNodes(loop.body, UNROLL_CAP);
  if (extent === undefined || nodes === null || nodes > UNROLL_CAP) {
    context.report(keptUnrolledLoop(loop.loopVar.name, nodes, UNROLL_CAP, loop.span));
    return { ...loop, loopKind: "serial" };
  }
  if (nodes > UNROLL_LARGE) context.report(largeUnroll(loop.loopVar.name, nodes, loop.span));
  return copies(loop, extent);
}

/** The iterations of a loop of constant extent, one after the other. */
export function copies(loop: For, extent: number): Stmt {
  const made = Array.from({ length: extent }, (_, step) =>
    freshCopy(loop.body, new Map([[loop.loopVar, plus(loop.min, int(step, loop.span))]])),
  );
  return sequence(made, loop.span);
}
