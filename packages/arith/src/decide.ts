import type { BinaryOp } from "@tilewright/ir";
import type { Interval } from "./interval.js";

/** The truth of a comparison that intervals settle; `undefined` when they overlap. */
export function decide(op: BinaryOp, x: Interval, y: Interval): boolean | undefined {
  const [below, above] = [x.max < y.min, x.min > y.max];
  switch (op) {
    case "lt":
      return below ? true : x.min >= y.max ? false : undefined;
    case "ge":
      return below ? false : x.min >= y.max ? true : undefined;
    case "gt":
      return above ? true : x.max <= y.min ? false : undefined;
    case "le":
      return above ? false : x.max <= y.min ? true : undefined;
    case "eq":
      return below || above ? false : x.min === x.max && y.min === y.max && x.min === y.min ? true : undefined;
    case "ne":
      return below || above ? true : x.min === x.max && y.min === y.max && x.min === y.min ? false : undefined;
    default:
      return undefined;
  }
}
