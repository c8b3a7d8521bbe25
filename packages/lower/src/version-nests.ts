// Rule: a guard inside unrolled and vectorized loops that depends on their variables moves out of the nest:
//   for i: unrolled { for j: vectorized { if g(i, j) { S } } }  →  if ∀ i, j: g { the nest without g } else { the nest with g }
// The second branch runs at the edges of a domain only. Where `partition` finds out how much of the nest an edge has, it shortens its
// loops; else `serialize-edges` makes them serial.
import { type Expr, type For, type If, int, rewrite, type Stmt, type Var, visit } from "@tilewright/ir";
import { contains } from "./count-nodes.js";
import { conjunctionOf, conjunctsOf, forAll, mentions, type Range } from "./guards.js";
import { constantOf, minus, plus } from "./index-arithmetic.js";
import { createNumbering } from "./numbering.js";
import { bodyPass } from "./pass.js";
import { freshCopy } from "./refresh-binders.js";

export const versionNests = bodyPass({
  name: "version-nests",
  requires: "scheduled",
  establishes: "scheduled",
  run: (body) => rewrite(body, { For: { enter: (loop) => (isFlatKind(loop) ? version(loop) : undefined) } }),
});

const isFlatKind = (loop: For): boolean => loop.loopKind === "unrolled" || loop.loopKind === "vectorized";

interface Nest {
  /** Variables of unrolled and vectorized loops of constant extent. */
  readonly ranges: Map<Var, Range>;
  readonly guards: If[];
  /** Other variables bound in the nest. */
  readonly inner: Set<Var>;
}

function nestOf(loop: For): Nest {
  const nest: Nest = { ranges: new Map(), guards: [], inner: new Set() };
  visit(loop, {
    For: (node) => {
      const constant = constantOf(node.extent) !== undefined;
      if (isFlatKind(node) && constant) nest.ranges.set(node.loopVar, rangeOf(node));
      else nest.inner.add(node.loopVar);
    },
    Let: (node) => void nest.inner.add(node.variable),
    Register: (node) => void nest.inner.add(node.variable),
    If: (node) => void (node.role === "guard" && node.otherwise === null && nest.guards.push(node)),
  });
  return nest;
}

/** Inclusive bounds of a loop's variable. */
export function rangeOf({ min, extent }: For): Range {
  return { min, max: minus(plus(min, extent), int(1)) };
}

function version(loop: For): Stmt | undefined {
  if (contains(loop.body, ["Barrier"])) return undefined; // threads would meet in different versions
  const nest = nestOf(loop);
  const outer: Expr[] = [];
  const dropped = new Set<Expr>();
  for (const guard of nest.guards) {
    for (const conjunct of conjunctsOf(guard.condition)) {
      if (!mentions(conjunct, nest.ranges) || mentions(conjunct, nest.inner)) continue;
      const condition = forAll(conjunct, nest.ranges);
      if (condition === undefined) continue;
      const free = condition.kind === "Binary" && (condition.left.kind !== "Const" || condition.right.kind !== "Const");
      if (!free) continue;
      outer.push(condition);
      dropped.add(conjunct);
    }
  }
  const condition = conjunctionOf(distinct(outer));
  if (condition === undefined) return undefined;
  return {
    kind: "If",
    span: loop.span,
    condition,
    then: withoutConditions(loop, dropped),
    otherwise: freshCopy(loop),
    role: "guard",
  };
}

/** Structurally equal conditions are told once. */
function distinct(conditions: readonly Expr[]): readonly Expr[] {
  const numbering = createNumbering();
  const seen = new Set<number>();
  return conditions.filter((condition) => {
    const number = numbering.of(condition);
    return seen.has(number) ? false : seen.add(number) !== undefined;
  });
}

/** Guards lose the conjuncts in `dropped`; one that loses all becomes its body. */
export function withoutConditions(stmt: Stmt, dropped: ReadonlySet<Expr>): Stmt {
  return rewrite(stmt, {
    If: (node) => {
      if (node.role !== "guard") return undefined;
      const all = conjunctsOf(node.condition);
      const kept = all.filter((conjunct) => !dropped.has(conjunct));
      if (kept.length === all.length) return undefined;
      const condition = conjunctionOf(kept);
      return condition === undefined ? node.then : { ...node, condition };
    },
  });
}
