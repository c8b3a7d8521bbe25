export { checkGraph } from "./check-graph.js";
export { foldConstants } from "./fold-constants.js";
export { type FusedGroup, type FuseOptions, fuse } from "./fuse.js";
export { attributeKey, mergeEqualNodes } from "./merge-equal-nodes.js";
export { type GraphPass, type GraphPassContext, type OnGraphPass, runGraphPasses } from "./pass.js";
export { graphPasses } from "./passes.js";
export { removeDeadNodes } from "./remove-dead-nodes.js";
export { simplifyGraph } from "./simplify.js";
export { type AccessKind, type Structure, type StructureKind, structureOf } from "./structure.js";
