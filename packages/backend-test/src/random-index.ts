import { build, type Expr, int, type Var } from "@tilewright/ir";
import type { Tape } from "./tape.js";

/** An index expression, with the bounds of its values. */
export interface Bounded {
  readonly expr: Expr;
  readonly least: number;
  readonly greatest: number;
}

/** A loop variable and its range. */
export interface LoopRange extends Bounded {
  readonly expr: Var;
}

export const constantIndex = (value: number): Bounded => ({ expr: int(value), least: value, greatest: value });

/** An index over loop variables, in affine and quasi-affine forms, with small values. */
export function randomIndex(tape: Tape, loops: readonly LoopRange[], depth = 2): Bounded {
  const leaf = (): Bounded => (loops.length > 0 && !tape.once(5) ? tape.pick(loops) : constantIndex(tape.below(7)));
  if (depth === 0) return leaf();
  const a = leaf();
  switch (tape.below(8)) {
    case 1: {
      const b = randomIndex(tape, loops, depth - 1);
      return { expr: build.add(a.expr, b.expr), least: a.least + b.least, greatest: a.greatest + b.greatest };
    }
    case 2: {
      const factor = 1 + tape.below(4);
      return { expr: build.mul(a.expr, int(factor)), least: a.least * factor, greatest: a.greatest * factor };
    }
    case 3: {
      const divisor = 1 + tape.below(5);
      const least = Math.floor(a.least / divisor);
      return {
        expr: build.binary("floordiv", a.expr, int(divisor)),
        least,
        greatest: Math.floor(a.greatest / divisor),
      };
    }
    case 4: {
      const divisor = 1 + tape.below(5);
      return { expr: build.binary("floormod", a.expr, int(divisor)), least: 0, greatest: divisor - 1 };
    }
    case 5: {
      const b = randomIndex(tape, loops, depth - 1);
      return { expr: build.sub(a.expr, b.expr), least: a.least - b.greatest, greatest: a.greatest - b.least };
    }
    default:
      return a;
  }
}

/** An index in `0 .. extent`, by construction: as it is where its bounds allow, else wrapped or clamped. */
export function indexInside(tape: Tape, loops: readonly LoopRange[], extent: number): Expr {
  const index = randomIndex(tape, loops);
  if (index.least >= 0 && index.greatest < extent) return index.expr;
  if (tape.once(3)) return build.binary("max", build.binary("min", index.expr, int(extent - 1)), int(0));
  return build.binary("floormod", index.expr, int(extent));
}
