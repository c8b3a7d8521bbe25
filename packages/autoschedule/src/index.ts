export { type Autoschedule, type AutoscheduleOptions, autoschedule, defaultRules } from "./autoschedule.js";
export { contractionRule } from "./contraction.js";
export { elementwiseRule } from "./elementwise.js";
export { matmulRule } from "./matmul.js";
export { nakedRule } from "./naked.js";
export { reductionRule } from "./reduction.js";
export { type RegisterTile, registerTile } from "./register-tile.js";
export { stencilRule } from "./stencil.js";
