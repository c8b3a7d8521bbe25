import { isCompileError } from "@tilewright/diagnostics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkDriver, DEVICE_SPEC_VERSION, type DeviceDriver, defineDevice } from "./index.js";

const driver: DeviceDriver = {
  specVersion: DEVICE_SPEC_VERSION,
  name: "gpu",
  accepts: ["spirv"],
  open: async () => {
    throw new Error("not here");
  },
};

describe("defineDevice", () => {
  it("gives back what follows the contract", () => {
    expect(defineDevice(driver)).toBe(driver);
  });

  it("names both versions of the contract and what to install", () => {
    const newer = { ...driver, specVersion: "device/2", accepts: 3 } as never;
    expect(() => defineDevice(newer)).toThrow(
      /AR107.*the device `gpu` follows the contract device\/2, and this runtime knows device\/1[\s\S]*hint: update @tilewright\/artifact/,
    );
    expect(() => defineDevice({ ...driver, specVersion: "device/0" } as never)).toThrow(
      /AR107[\s\S]*hint: update the device `gpu` to a version for device\/1/,
    );
  });

  it.each<[string, unknown]>([
    ["value", null],
    ["name", { ...driver, name: "My GPU" }],
    ["specVersion", { ...driver, specVersion: undefined }],
    ["accepts", { ...driver, accepts: [] }],
    ["accepts", { ...driver, accepts: [1n] }],
    ["open", { ...driver, open: "later" }],
  ])("names the field %s", (field, wrong) => {
    expect(() => defineDevice(wrong as never)).toThrow(new RegExp(`AR106.*is wrong at \`${field}\``));
  });

  it("ends any value with a code", () => {
    const fields = fc.record(
      { specVersion: fc.anything(), name: fc.anything(), accepts: fc.anything(), open: fc.anything() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fields,
          fields.map((some) => ({ ...driver, ...some })),
        ),
        (value) => {
          try {
            checkDriver(value);
          } catch (error) {
            expect(isCompileError(error) && /^AR10[67]$/.test(error.code)).toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
