// Rule: a `vectorized` loop of constant extent becomes statements over lanes: chunks of as many lanes as the target's registers hold of the
// widest element in the body, then smaller powers of two. A loop that cannot become lanes stays serial and is reported (LOW102); on a
// target without vectors every one does, silently, since that is no fault of the schedule.
import { lanesOf, type PassContext } from "@tilewright/backend";
import { bitsOf, type Expr, type For, int, rewrite, type Stmt, sequence, variable, visit } from "@tilewright/ir";
import { carriedVectorLoop, gatheredAccess, serialVectorLoop } from "./errors.js";
import { constantOf, plus, times } from "./index-arithmetic.js";
import { bodyPass } from "./pass.js";
import { freshCopy } from "./refresh-binders.js";
import type { LaneReport } from "./vector-expr.js";
import { toLanes } from "./vector-lanes.js";

/** Chunks that stand side by side; more become a serial loop over chunks. */
const MAX_CHUNK_COPIES = 8;

export const vectorizeLoops = bodyPass({
  name: "vectorize",
  requires: "scheduled",
  establishes: "scheduled",
  run: (body, context) =>
    rewrite(body, { For: (loop) => (loop.loopKind === "vectorized" ? vectorize(loop, context) : undefined) }),
});

function vectorize(loop: For, context: PassContext): Stmt {
  const serial: Stmt = { ...loop, loopKind: "serial" };
  const extent = constantOf(loop.extent);
  const widest = registerLanes(loop, context);
  if (widest === 1 || extent === 0) return serial;
  if (extent === undefined) {
    context.report(serialVectorLoop(loop.loopVar.name, "its extent is not constant", loop.span));
    return serial;
  }
  const report = createReport(loop, context);
  const lanes = Math.min(widest, largestPowerOfTwo(extent));
  const whole = Math.floor(extent / lanes);
  const chunk = (base: Expr, width: number): Stmt | undefined => {
    if (width === 1) return freshCopy(loop.body, new Map([[loop.loopVar, base]]));
    const body = toLanes(loop.body, loop.loopVar, base, width, report);
    return body === undefined ? undefined : freshCopy(body);
  };
  const parts: (Stmt | undefined)[] = [];
  if (whole > MAX_CHUNK_COPIES) {
    const outer = variable(loop.loopVar.name, "index", 1, loop.loopVar.span);
    const body = chunk(plus(loop.min, times(outer, int(lanes))), lanes);
    parts.push(body && { ...loop, loopVar: outer, min: int(0), extent: int(whole), loopKind: "serial", body });
  } else {
    for (let step = 0; step < whole; step++) parts.push(chunk(plus(loop.min, int(step * lanes)), lanes));
  }
  let done = whole * lanes;
  for (let width = largestPowerOfTwo(extent - done); done < extent; width = largestPowerOfTwo(extent - done)) {
    parts.push(chunk(plus(loop.min, int(done)), width));
    done += width;
  }
  const complete = parts.filter((part) => part !== undefined);
  return complete.length === parts.length ? sequence(complete, loop.span) : serial;
}

const largestPowerOfTwo = (n: number): number => (n < 1 ? 0 : 2 ** Math.floor(Math.log2(n)));

/** Lanes of a register for the widest element that the body computes with. */
function registerLanes(loop: For, { capabilities }: PassContext): number {
  let bytes = 1;
  const see = (node: { readonly dtype: Parameters<typeof bitsOf>[0] }): void => {
    if (node.dtype !== "index") bytes = Math.max(bytes, bitsOf(node.dtype) / 8);
    else bytes = Math.max(bytes, 1);
  };
  visit(loop.body, {
    Load: see,
    Cast: (node) => {
      see(node);
      if (node.operand.dtype === "index") bytes = Math.max(bytes, 4);
    },
    Store: (node) => see(node.buffer),
    Unary: see,
    Binary: see,
    Const: see,
    Var: see,
  });
  return lanesOf(capabilities, bytes);
}

/** Each finding is told once for a loop, however many chunks it becomes. */
function createReport(loop: For, context: PassContext): LaneReport {
  const told = new Set<string>();
  const once = (key: string, tell: () => void): void => {
    if (told.has(key)) return;
    told.add(key);
    tell();
  };
  const name = loop.loopVar.name;
  return {
    gathered: (buffer) => once(`g${buffer.name}`, () => context.report(gatheredAccess(name, buffer.name, loop.span))),
    serial: (reason) => once("serial", () => context.report(serialVectorLoop(name, reason, loop.span))),
    carried: (buffer) => once(`c${buffer.name}`, () => context.report(carriedVectorLoop(name, buffer.name, loop.span))),
  };
}
