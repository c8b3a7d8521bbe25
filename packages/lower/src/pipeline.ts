import type { Pass, PassPoint } from "@tilewright/backend";
import { formAddresses } from "./addresses.js";
import { cleanUp } from "./cleanup.js";
import { expandIntrinsics } from "./expand-intrinsics.js";
import { expandMath } from "./expand-math.js";
import { flattenBuffers } from "./flatten.js";
import { foldLanes } from "./fold-lanes.js";
import { hoistInvariants } from "./hoist.js";
import { legalizeVectors } from "./legalize-vectors.js";
import { outlineParallel } from "./outline-parallel.js";
import { partitionLoops, serializeEdges } from "./partition-loops.js";
import { promoteAccumulators } from "./promote-accumulators.js";
import { promoteLocals } from "./promote-locals.js";
import { shareSubexpressions } from "./share-subexpressions.js";
import { simplification } from "./simplify.js";
import { splitLaunches } from "./split-launches.js";
import { unrollLoops } from "./unroll.js";
import { rewriteUnsafeSelect } from "./unsafe-select.js";
import { vectorizeLoops } from "./vectorize.js";
import { versionNests } from "./version-nests.js";
import { interleaveVirtualThreads } from "./virtual-threads.js";

/** The passes in order, and the points where a backend's own join. */
export const PIPELINE: readonly (Pass | PassPoint)[] = [
  expandIntrinsics, // first: what an intrinsic means is loops like all others
  "scheduled",
  rewriteUnsafeSelect, // before anything moves a read
  simplification("scheduled"), // guards that bounds decide go; the rest gets the linear form that partition solves
  versionNests, // guards leave loops that are to become copies and lanes
  partitionLoops, // before vectorize: a guard inside would make lanes scalar
  simplification("scheduled"), // pieces of one iteration, conditions that a piece decides
  serializeEdges, // after simplification: an edge that is now constant keeps its lanes
  unrollLoops, // before vectorize: its constants decide which accesses neighbour
  vectorizeLoops,
  interleaveVirtualThreads, // last of the loop kinds: it interleaves statements as they will be
  "before-flatten",
  flattenBuffers,
  legalizeVectors, // before promotion: a register holds what one access moves
  simplification("flat"), // indices of copies become constants
  "flat",
  foldLanes, // after legal vectors: their lanes; before promotion, which keeps no buffer that a loop indexes in registers
  promoteLocals, // needs constant indices
  promoteAccumulators, // what is left in memory
  hoistInvariants, // before expand-math: a function leaves its loop whole; before addresses: a read takes its address along
  expandMath, // lanes are legal now, and values that are equal still meet common-subexpressions
  splitLaunches, // after all motion: what it puts between barriers stays there; before addresses, as below
  outlineParallel, // before addresses: each function computes its own
  formAddresses, // breaks the normal form of indices: no simplification after it
  shareSubexpressions, // last of the three: they leave equal values behind
  cleanUp,
  "device",
];
