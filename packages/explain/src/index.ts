export { type ExplainOptions, explain } from "./explain.js";
export type {
  Bound, Computed, Explanation, LevelTraffic, NestLine, StageExplanation, Totals, WorkingSet,
} from "./explanation.js"; // biome-ignore format: a list
export { type Cache, type Machine, type MachineRates, machineOf } from "./machine.js";
export { WASM_ON_V8, ZEN3_NATIVE } from "./machines.js";
export { renderText } from "./render-text.js";
export type { LaneAccess, LanePattern, Vectorization } from "./vectorization.js";
export type { Work } from "./work.js";
