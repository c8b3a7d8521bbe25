export { type MemoryPlan, type PlanOptions, planMemory } from "./plan.js";
export type { MemoryRequest } from "./request.js";
