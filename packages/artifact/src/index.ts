export {
  ABI_VERSION, ALIGNMENT, ASSERT_IMPORT, ASSERT_SECTION, CLOSURE_SLOT_BYTES, IMPORT_MODULE, LOW_MEMORY_BYTES, MEMORY_IMPORT, PARALLEL_IMPORT, TABLE_EXPORT,
} from "./abi.js"; // biome-ignore format: a list
export { decodeArtifact, encodeArtifact } from "./codec.js";
export { checkDriver, defineDevice } from "./define-device.js";
export {
  DEVICE_SPEC_VERSION, type Device, type DeviceBuffer, type DeviceDriver, type DeviceSlice, type LaunchArgument, type LaunchOptions, type LoadedModule,
} from "./device.js"; // biome-ignore format: a list
export { ELEMENT_BYTES } from "./element-bytes.js";
export { defineHostDevice, type HostArgument, type HostDeviceDefinition, type HostFunction } from "./host-device.js";
export {
  type Access, ARTIFACT_VERSION, type Artifact, type ElementType, type FunctionEntry, type LaunchCall, type LaunchProgram, type Manifest,type ModelEntry, type ModuleEntry, type ModuleFormat, 
  manifestVersion, type ParameterEntry, type Place, type StateEntry, type TensorEntry,
} from "./manifest.js"; // biome-ignore format: a list
export { checkArtifact } from "./validate.js";
