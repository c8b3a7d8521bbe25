export { type COptions, c } from "./backend.js";
export type { Cpu } from "./capabilities.js";
export type { Dialect } from "./inline-functions.js";
export { ASSERT_FILE } from "./module.js";
