import { foldConstants } from "./fold-constants.js";
import { mergeEqualNodes } from "./merge-equal-nodes.js";
import type { GraphPass } from "./pass.js";
import { removeDeadNodes } from "./remove-dead-nodes.js";
import { simplifyGraph } from "./simplify.js";

/** The default passes, in order. */
export const graphPasses: readonly GraphPass[] = [
  removeDeadNodes, // gradients leave nodes that nobody reads; do not fold them
  foldConstants,
  simplifyGraph, // sees folded constants
  mergeEqualNodes, // simplified nodes are equal more often
  simplifyGraph, // merged operands allow further rules
  removeDeadNodes,
];
