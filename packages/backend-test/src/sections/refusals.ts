import { type CompiledModule, MATH_FUNCTIONS } from "@tilewright/backend";
import { isCompileError } from "@tilewright/diagnostics";
import { build, DTYPES, type PrimFunc } from "@tilewright/ir";
import type { Candidate } from "../conformance-test.js";
import { mapFunction } from "../operator-trials.js";
import { addFunction } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { declares, feature, plainType, type Subject } from "../subject.js";
import { moduleOf } from "../trial.js";

/** What the capabilities do not declare is refused, by the `compile` of this very backend. */
export function refusalTests(subject: Subject): readonly Candidate[] {
  const { refuses } = sectionOf(subject, "refusals");
  const dtype = plainType(subject);
  return [
    ...DTYPES.filter((each) => each !== "index" && !declares(subject, [feature("dtype", each)])).map((each) =>
      refuses(`refuses ${each}, which it does not declare`, [feature("dtype", each)], async () =>
        mustRefuse(subject, each, addFunction("f", 8, each)),
      ),
    ),
    refuses("refuses an intrinsic that it does not declare", [], async () => {
      const call = mapFunction("f", dtype, dtype, 8, (x) => build.call("no.such", [x], dtype));
      mustRefuse(subject, "an unknown intrinsic", call);
    }),
    ...MATH_FUNCTIONS.filter((op) => !declares(subject, [feature("math", op)])).flatMap(() => []),
  ];
}

/** @throws Error when `compile` does anything but throw a CompileError with a BE code. */
export function mustRefuse(subject: Subject, what: string, ...functions: readonly PrimFunc[]): void {
  let compiled: CompiledModule;
  try {
    compiled = subject.backend.compile(moduleOf(functions));
  } catch (error) {
    if (isCompileError(error) && error.code.startsWith("BE")) return;
    throw new Error(`${what} must be refused with a BE code, not with: ${String(error)}`);
  }
  throw new Error(`${what} must be refused, but gave a module of ${compiled.bytes.length} bytes`);
}
