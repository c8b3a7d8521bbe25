export { exitCodeOf } from "./errors.js";
export { describeTarget, type FoundTarget, findTarget, type TargetReport } from "./find-target.js";
export { TARGET_NAMES, type TargetName } from "./target-names.js";
