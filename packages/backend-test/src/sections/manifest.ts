import { checkDriver } from "@tilewright/artifact";
import { BACKEND_SPEC_VERSION, checkBackend, checkToolchain } from "@tilewright/backend";
import { isCompileError } from "@tilewright/diagnostics";
import { DTYPES, type DType, IR_VERSION } from "@tilewright/ir";
import type { Candidate } from "../conformance-test.js";
import { compileFunctions } from "../execute.js";
import { addFunction } from "../plain-functions.js";
import { check, sectionOf } from "../section.js";
import { plainType, type Subject } from "../subject.js";

/** What a plugin says of itself, and of what it compiles. */
export function manifestTests(subject: Subject): readonly Candidate[] {
  const { backend, toolchain, device } = subject;
  const { proves } = sectionOf(subject, "manifest");
  const dtype = plainType(subject);
  return [
    proves("has versions that this kit knows", [], async () => {
      checkBackend(backend);
      if (toolchain !== null) checkToolchain(toolchain);
      checkDriver(device);
    }),
    proves("is refused as a definition of another contract, or of newer loop IR", [], async () => {
      const next = BACKEND_SPEC_VERSION.replace(/\d+$/, (version) => String(Number(version) + 1));
      mustBeRefused({ ...backend, specVersion: next }, "BE107");
      mustBeRefused({ ...backend, irVersion: IR_VERSION + 1 }, "BE108");
    }),
    proves("declares known types and serial loops", [], async () => {
      for (const name of Object.keys(backend.capabilities.dtypes))
        check(DTYPES.includes(name as DType), `unknown type ${name}`);
      check(subject.capabilities.loopKinds.serial !== undefined, "no serial loops");
    }),
    proves("describes its functions, in a format that the device accepts", [], async () => {
      const compiled = await compileFunctions(subject, [addFunction("described", 8, dtype)], "device");
      check(toolchain === null || compiled.format === toolchain.produces, `the toolchain made ${compiled.format}`);
      check(device.accepts.includes(compiled.format), `the device does not accept ${compiled.format}`);
      const entry = compiled.functions.find(({ name }) => name === "described");
      const text = entry?.parameters.map((each) => `${each.kind} ${each.name} ${each.dtype}`).join(", ");
      const expected = ["x", "y", "out"].map((name) => `buffer ${name} ${dtype}`).join(", ");
      check(text === expected, `parameters ${text} instead of ${expected}`);
    }),
  ];
}

function mustBeRefused(definition: unknown, code: string): void {
  try {
    checkBackend(definition);
  } catch (error) {
    check(isCompileError(error) && error.code === code, `refused with ${String(error)} instead of ${code}`);
    return;
  }
  throw new Error(`a definition that must be refused with ${code} is taken`);
}
