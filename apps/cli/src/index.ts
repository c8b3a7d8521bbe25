export { isTargetName, TARGET_NAMES, type TargetName } from "./target-names.js";
