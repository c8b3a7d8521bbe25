export { type CreatedProject, createBackend } from "./create-backend.js";
export type { ProjectNames } from "./project-names.js";
export { Refusal } from "./refusal.js";
