export { type NativeDevice, type NativeDeviceOptions, nativeDevice } from "./native-device.js";
