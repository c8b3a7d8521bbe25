export { describeTarget, type FoundTarget, findTarget, type TargetOptions, type TargetReport } from "./find-target.js";
export { isTargetName, TARGET_NAMES, type TargetName } from "./target-names.js";
