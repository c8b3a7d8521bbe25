export {
  BACKEND_SPEC_VERSION, type Backend, type BackendDefinition, type CompiledModule, type Target, TOOLCHAIN_SPEC_VERSION,type Toolchain, 
  type ToolchainStatus,
} from "./backend.js"; // biome-ignore format: a list
export {
  type Capabilities, type CapabilitiesDefinition, type LaunchCapabilities, lanesOf, MATH_FUNCTIONS, type MathOperator, type Support,
  type SupportLevel, toCapabilities, type VectorCapabilities,
} from "./capabilities.js"; // biome-ignore format: a list
export { checkCapabilities } from "./check-capabilities.js";
export { checkBackend, checkToolchain } from "./check-plugin.js";
export { defineBackend, defineToolchain } from "./define-backend.js";
export { type Feature, type FeatureKind, type FeatureUse, featuresOf, supportOf } from "./features.js";
export { functionEntries } from "./function-entries.js";
export { INTRINSIC_ATTRIBUTE, type Intrinsic, type IntrinsicMeaning, intrinsicOf } from "./intrinsic.js";
export { definePass, type Level, type Pass, type PassContext, type PassPoint, type PlacedPass } from "./pass.js";
export type { GroupFacts, Knob, KnobValues, RuleMatch, ScheduleRule } from "./schedule-rule.js";
export {
  checkTarget,
  defineTarget,
  TARGET_SPEC_VERSION,
  type TargetOptions,
  type TargetPlugin,
} from "./target-plugin.js";
