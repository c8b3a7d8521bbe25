// Rule: index arithmetic gets its normal form, conditions that loops and guards decide go, loops of no or one iteration become their body.
// All of it is `simplifyStatement` of arith.
import { simplifyStatement } from "@tilewright/arith";
import type { Level, Pass } from "@tilewright/backend";
import { bodyPass } from "./pass.js";

/** Simplification of IR at a level. It runs several times, wherever other passes leave constants behind. */
export function simplification(level: Level): Pass {
  return bodyPass({ name: "simplify", requires: level, establishes: level, run: (body) => simplifyStatement(body) });
}
