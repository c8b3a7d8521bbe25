import type { Pass, PassPoint } from "@tilewright/backend";
import { cleanUp } from "./cleanup.js";
import { expandMath } from "./expand-math.js";
import { formAddresses } from "./addresses.js";
import { shareSubexpressions } from "./common-subexpressions.js";
import { hoistInvariants } from "./hoist.js";
import { flattenBuffers } from "./flatten.js";
import { interleaveVirtualThreads } from "./virtual-threads.js";
import { outlineParallel } from "./outline-parallel.js";
import { dropTrivialLoops, partitionLoops } from "./partition-loops.js";
import { promoteAccumulators } from "./promote-accumulators.js";
import { promoteLocals } from "./promote-locals.js";
import { unrollLoops } from "./unroll.js";
import { rewriteUnsafeSelect } from "./unsafe-select.js";
import { vectorizeLoops } from "./vectorize.js";
import { versionNests } from "./version-nests.js";

/** The passes in order, and the points where a backend's own join. */
export const PIPELINE: readonly (Pass | PassPoint)[] = [
  "scheduled",
  rewriteUnsafeSelect, // before anything moves a read
  versionNests, // guards leave loops that are to become copies and lanes
  partitionLoops, // before vectorize: a guard inside would make lanes scalar
  dropTrivialLoops, // pieces of one iteration
  unrollLoops, // before vectorize: its constants decide which accesses neighbour
  vectorizeLoops,
  interleaveVirtualThreads,
  "before-flatten",
  flattenBuffers,
  "flat",
  promoteLocals, // indices are constants now
  promoteAccumulators, // what is left in memory
  expandMath, // lanes are legal now, and values that are equal still meet common-subexpressions
  outlineParallel, // before addresses: each function computes its own
  hoistInvariants, // before addresses: a read that leaves a loop takes its address along
  formAddresses,
  shareSubexpressions, // last of the three: they leave equal values behind
  cleanUp,
  "device",
];
