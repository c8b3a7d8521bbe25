export { type Autoschedule, type AutoscheduleOptions, autoschedule, defaultRules } from "./autoschedule.js";
export { contractionRule } from "./contraction.js";
export { elementwiseRule } from "./elementwise.js";
export { matmulRule, registerTile } from "./matmul.js";
export { nakedRule } from "./naked.js";
export { reductionRule } from "./reduction.js";
export { stencilRule } from "./stencil.js";
