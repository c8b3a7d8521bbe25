// A driver as a value, judged before it is opened: first the version of its contract, then its fields.
import { CompileError } from "@tilewright/diagnostics";
import { DEVICE_SPEC_VERSION, type DeviceDriver } from "./device.js";
import { badDriver, otherDriver } from "./errors.js";
import { describe } from "./fields.js";

/**
 * A device driver of its definition.
 * @throws CompileError `AR106` a field that does not hold what it must · `AR107` another version of the contract
 */
export function defineDevice<Options = object>(driver: DeviceDriver<Options>): DeviceDriver<Options> {
  checkDriver(driver);
  return driver;
}

/** For whoever opens a driver that is handed over as a value. @throws CompileError `AR106`, `AR107` */
export function checkDriver(value: unknown): asserts value is DeviceDriver {
  if (typeof value !== "object" || value === null)
    fail("a device", "value", "an object, as `defineDevice` takes", value);
  const { name, specVersion, accepts, open } = value as { readonly [field: string]: unknown };
  if (typeof name !== "string" || !/^[a-z][a-z0-9-]*$/.test(name))
    fail("a device", "name", "lower-case letters, digits and `-`", name);
  const what = `the device \`${name}\``;
  if (typeof specVersion !== "string") fail(what, "specVersion", `"${DEVICE_SPEC_VERSION}"`, specVersion);
  if (specVersion !== DEVICE_SPEC_VERSION) throw new CompileError(otherDriver(what, specVersion, DEVICE_SPEC_VERSION));
  if (!Array.isArray(accepts) || accepts.length === 0 || accepts.some((format) => typeof format !== "string"))
    fail(what, "accepts", "a list of formats of modules, at least one", accepts);
  if (typeof open !== "function") fail(what, "open", "a function of options", open);
}

function fail(what: string, field: string, expected: string, actual: unknown): never {
  throw new CompileError(badDriver(what, field, expected, describe(actual)));
}
