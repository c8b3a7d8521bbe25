export { type COptions, c } from "./backend.js";
export type { Cpu } from "./capabilities.js";
export type { COperand, CTemplate } from "./intrinsic-template.js";
export { ASSERT_FILE } from "./module.js";
export type { Dialect } from "./short-types.js";
