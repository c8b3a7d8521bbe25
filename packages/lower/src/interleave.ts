import { type Buffer, type PrimFunc, type Stmt, visit } from "@tilewright/ir";
import type { Step } from "./block.js";

/** A step, and the binders of what it uses. */
export interface Unit {
  readonly lets: readonly Step[];
  readonly step: Step;
}

/** Units that are interleaved, at most: each keeps some values in registers. */
const MOST_UNITS = 4;

/**
 * The steps of units in order. Neighbouring stores after equally long chains of lets, as unrolling a loop makes them, take turns let by let:
 *
 *     a1 a2 a3 S1  b1 b2 b3 S2   →   a1 b1 a2 b2 a3 b3 S1 S2
 *
 * A processor looks only so far ahead, and each chain waits for itself. Chains read no memory that one of the stores writes.
 */
export function interleaved(units: readonly Unit[], mayAlias: PrimFunc["mayAlias"]): readonly Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < units.length; ) {
    const group = groupAt(units, at, mayAlias);
    const longest = group[0]?.lets.length ?? 0;
    for (let turn = 0; turn < longest; turn++)
      for (const { lets } of group) {
        const each = lets[turn];
        if (each !== undefined) steps.push(each);
      }
    steps.push(...group.map(({ step }) => step));
    at += group.length;
  }
  return steps;
}

function groupAt(units: readonly Unit[], at: number, mayAlias: PrimFunc["mayAlias"]): readonly Unit[] {
  const [first, ...others] = units.slice(at, at + MOST_UNITS);
  if (first === undefined) return [];
  const group = [first];
  const written = new Set<Buffer>();
  const write = ({ step }: Unit): void => {
    if (step.kind !== "Store") return;
    written.add(step.buffer);
    for (const pair of mayAlias) if (pair.includes(step.buffer)) for (const buffer of pair) written.add(buffer);
  };
  if (first.step.kind !== "Store" || first.lets.length < 2) return group;
  write(first);
  for (const unit of others) {
    const isAlike = unit.step.kind === "Store" && unit.lets.length === first.lets.length;
    if (!isAlike || unit.lets.some((each) => readsAny(each, written))) break;
    group.push(unit);
    write(unit);
  }
  return group;
}

function readsAny(stmt: Stmt, buffers: ReadonlySet<Buffer>): boolean {
  let found = false;
  visit(stmt, {
    enter: (node) => {
      if (node.kind === "Call" || (node.kind === "Load" && buffers.has(node.buffer))) found = true;
    },
  });
  return found;
}
