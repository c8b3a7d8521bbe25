// Rule: a loop over guards that are linear in its variable is split where they begin or cease to hold:
//   for i in 0..n { if g(i) { S } }  →  for i in pre { … }  for i in middle { S }  for i in post { … }
// The middle has no guard. Loops around others come first; each piece is taken up again for the loops inside. Guards deeper in are made
// independent of the variables of loops in between. A loop is left alone when the guard costs next to nothing (a loop runs beside or
// inside of it for each test) or when the copies would exceed the budget.
import type { PassContext } from "@tilewright/backend";
import { type Expr, type For, type If, rewrite, type Stmt, sequence, type Var, visit } from "@tilewright/ir";
import { contains, countNodes, EFFECTS } from "./count-nodes.js";
import { scalarTail } from "./errors.js";
import { conjunctsOf, intersect, mentions, type Range, type Solution, solve } from "./guards.js";
import { constantOf, larger, minus, plus, smaller } from "./index-arithmetic.js";
import { bodyPass } from "./pass.js";
import { freshCopy } from "./refresh-binders.js";
import { rangeOf, withoutConditions } from "./version-nests.js";

/** Nodes that partitioning may add to a function. */
const GROWTH_BUDGET = 8_000;

/** Iterations that make an inner loop outweigh a test. */
const HEAVY_EXTENT = 5;

interface Budget {
  nodes: number;
}

export const partitionLoops = bodyPass({
  name: "partition",
  requires: "scheduled",
  establishes: "scheduled",
  run: (body) => partitionIn(body, { nodes: GROWTH_BUDGET }),
});

/**
 * Rule: where a nest still has two versions, the one for the edges of the domain is serial: scalar by design, and short, since its guards
 * become bounds of its loops. Guards that are constant bounds of lanes by now shorten their loops.
 */
export const serializeEdges = bodyPass({
  name: "serialize-edges",
  requires: "scheduled",
  establishes: "scheduled",
  run: (body, context) => {
    const serial = rewrite(body, {
      If: (node) => {
        if (node.role !== "guard" || node.otherwise === null) return undefined;
        return { ...node, otherwise: withSerialLoops(node.otherwise, context) };
      },
    });
    return partitionIn(serial, { nodes: GROWTH_BUDGET });
  },
});

function withSerialLoops(stmt: Stmt, context: PassContext): Stmt {
  return rewrite(stmt, {
    For: (loop) => {
      if (loop.loopKind !== "vectorized" && loop.loopKind !== "unrolled") return undefined;
      if (loop.loopKind === "vectorized") context.report(scalarTail(loop.loopVar.name, loop.span));
      return { ...loop, loopKind: "serial" };
    },
  });
}

function partitionIn(stmt: Stmt, budget: Budget): Stmt {
  return rewrite(stmt, { For: { enter: (loop) => partition(loop, budget) } });
}

interface GuardAt {
  readonly guard: If;
  readonly conjunct: Expr;
  /** Loops between the partitioned one and the guard. */
  readonly between: readonly For[];
}

function partition(loop: For, budget: Budget): Stmt | undefined {
  if (loop.loopKind === "thread" || loop.loopKind === "virtual") return undefined;
  const guards = guardsIn(loop).filter((guard) => worthwhile(loop, guard));
  const dropped = new Set<Expr>();
  const exact = new Set<If | null>();
  let middle: Solution = { start: null, end: null };
  for (const { guard, conjunct, between } of guards) {
    const ranges = new Map<Var, Range>(between.map((inner) => [inner.loopVar, rangeOf(inner)]));
    const solution = solve(conjunct, loop.loopVar, ranges);
    if (solution === undefined || mentions((solution.start ?? solution.end) as Expr, boundIn(loop))) continue;
    middle = intersect(middle, solution);
    dropped.add(conjunct);
    exact.add(mentions(conjunct, ranges) ? null : guard);
  }
  if (dropped.size === 0) return undefined;
  const flat = loop.loopKind === "vectorized" || loop.loopKind === "unrolled";
  const bounds = piecesOf(loop, middle);
  // Where threads meet at a barrier, all must run the same piece.
  const fixed = flat || contains(loop.body, ["Barrier"]);
  if (fixed && bounds.some((bound) => constantOf(bound) === undefined)) return undefined;
  const size = countNodes(loop.body, budget.nodes + 1) * 2;
  if (size > budget.nodes && !flat) return undefined;
  budget.nodes -= size;
  // One guard whose conditions were solved exactly holds nowhere outside of the middle.
  const [dead = null] = exact.size === 1 ? exact : [];
  const sides =
    dead === null
      ? loop.body
      : rewrite(loop.body, { If: { enter: (node) => (node === dead ? (node.otherwise ?? sequence([])) : undefined) } });
  return pieces(loop, bounds, { middle: withoutConditions(loop.body, dropped), sides }, budget);
}

/** Ends of the pieces: begin ≤ start of the middle ≤ end of the middle ≤ end. */
function piecesOf(loop: For, { start, end }: Solution): readonly [Expr, Expr, Expr, Expr] {
  const last = plus(loop.min, loop.extent);
  const from = start === null ? loop.min : smaller(larger(start, loop.min), last);
  const to = end === null ? last : larger(smaller(end, last), from);
  return [loop.min, from, to, last];
}

function pieces(
  loop: For,
  [begin, from, to, end]: readonly [Expr, Expr, Expr, Expr],
  { middle, sides }: { readonly middle: Stmt; readonly sides: Stmt },
  budget: Budget,
): Stmt {
  const piece = (start: Expr, stop: Expr, body: Stmt): readonly Stmt[] => {
    const extent = minus(stop, start);
    const empty = start === stop || (constantOf(extent) ?? 1) <= 0 || !contains(body, EFFECTS);
    return empty ? [] : [{ ...loop, min: start, extent, body: partitionIn(body, budget) }];
  };
  const made = [...piece(begin, from, sides), ...piece(from, to, middle), ...piece(to, end, sides)];
  // The first piece keeps the binders.
  return sequence(
    made.map((stmt, position) => (position === 0 ? stmt : freshCopy(stmt))),
    loop.span,
  );
}

/** Guards below `loop` that mention its variable, and the loops on the way to each. */
function guardsIn(loop: For): readonly GuardAt[] {
  const found: GuardAt[] = [];
  const own = new Set([loop.loopVar]);
  const walk = (stmt: Stmt, between: readonly For[]): void =>
    visit(stmt, {
      For: (inner) => {
        walk(inner.body, [...between, inner]);
        return false;
      },
      If: (guard) => {
        if (guard.role !== "guard") return;
        for (const conjunct of conjunctsOf(guard.condition))
          if (mentions(conjunct, own)) found.push({ guard, conjunct, between });
      },
    });
  walk(loop.body, []);
  return found;
}

function boundIn(loop: For): ReadonlySet<Var> {
  const bound = new Set<Var>();
  visit(loop.body, {
    For: (node) => void bound.add(node.loopVar),
    Let: (node) => void bound.add(node.variable),
    Register: (node) => void bound.add(node.variable),
  });
  return bound;
}

const isSerial = (loop: For): boolean => loop.loopKind === "serial" || loop.loopKind === "parallel";

/** False when an inner loop that does not hold the guard runs for each test of it: then the test costs nothing, and a copy of that loop much. */
function worthwhile(loop: For, { between }: GuardAt): boolean {
  let heavy = false;
  const weigh = (stmt: Stmt): void =>
    visit(stmt, {
      For: (inner) => {
        if (between.includes(inner)) return true;
        heavy ||= isSerial(inner) && (constantOf(inner.extent) ?? HEAVY_EXTENT) >= HEAVY_EXTENT;
        return false;
      },
      If: (node) => {
        if (node.role !== "guard" || node.otherwise === null) return true;
        weigh(node.then); // the other branch is the rare one
        return false;
      },
    });
  weigh(loop.body);
  return !heavy;
}
