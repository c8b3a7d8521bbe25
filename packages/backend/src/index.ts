export {
  BACKEND_SPEC_VERSION, type Backend, type CompiledModule, defineBackend, defineToolchain, type Target, type Toolchain,
  type ToolchainStatus,
} from "./backend.js"; // biome-ignore format: a list
export { type Capabilities, lanesOf, type SupportLevel, type VectorCapabilities } from "./capabilities.js";
export { INTRINSIC_ATTRIBUTE, type Intrinsic, type IntrinsicMeaning, intrinsicOf } from "./intrinsic.js";
export { definePass, type Level, type Pass, type PassContext, type PassPoint, type PlacedPass } from "./pass.js";
export type { Knob, KnobValues, RuleMatch, ScheduleRule } from "./schedule-rule.js";
