export { cuda } from "./backend.js";
export { cudaEmulation, type EmulationOptions } from "./emulation.js";
export { nvcc } from "./nvcc.js";
export { target } from "./target.js";
export type { ToolOptions } from "./tool.js";
