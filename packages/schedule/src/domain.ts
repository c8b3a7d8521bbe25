import type { Expr, IterVar, Var } from "@tilewright/ir";
import type { Bodies } from "./inline-stages.js";
import type { Stage } from "./schedule.js";

/** The part of an axis that is computed at one place of the loop nest: `min + (0 .. extent)`; `min` may use the loops around. */
export interface Region {
  readonly min: Expr;
  readonly extent: number;
}

/** Everything bound inference says of one stage. */
export interface Domain {
  readonly stage: Stage;
  /** Per data axis, what is computed; reduction axes have their whole domain. Extents include the room of `roundUp` tails. */
  readonly regions: ReadonlyMap<IterVar, Region>;
  /** Extents of all axes, loops among them. */
  readonly extents: ReadonlyMap<IterVar, number>;
  readonly loopVars: ReadonlyMap<IterVar, Var>;
  /** Values of the root axes, counted from their region's min. */
  readonly relative: ReadonlyMap<IterVar, Expr>;
  /** Loops around the stage, outermost first, its own not among them. */
  readonly enclosing: readonly EnclosingLoop[];
  /** Elements beyond the declared shape must not be computed, since an input would be read outside (or an output written). */
  readonly confined: boolean;
  /** Of a stage that keeps what it computed in earlier iterations of its loop; then `regions` says what an iteration adds. */
  readonly rolled: Rolled | null;
}

export interface Rolled {
  readonly dimension: number;
  /** Rows of the dimension that are needed at once. */
  readonly rows: number;
  /** Rows by which an iteration moves on, at most. */
  readonly step: number;
  /** What is computed once before the loop. */
  readonly warmUp: Domain;
}

export interface EnclosingLoop {
  readonly stage: Stage;
  readonly axis: IterVar;
  readonly variable: Var;
  readonly extent: number;
}

/** The stages that are computed, producers first, and their domains. */
export interface Domains {
  readonly order: readonly Stage[];
  readonly byStage: ReadonlyMap<Stage, Domain>;
  /** What the stages compute, after inlining. */
  readonly bodies: Bodies;
}
