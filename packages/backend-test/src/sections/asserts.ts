import { NO_SPAN } from "@tilewright/diagnostics";
import { type Assert, build, type DType, type Expr, int, type PrimFunc, variable } from "@tilewright/ir";
import { runTrials } from "../batch.js";
import type { Candidate } from "../conformance-test.js";
import { compileFunctions, runTrial, withDevice, withModule } from "../execute.js";
import { addFunction, array, forEach, kernelOf } from "../plain-functions.js";
import { check, sectionOf } from "../section.js";
import { feature, plainType, type Subject } from "../subject.js";
import { differenceOf, type Trial, textOfError, trialOf } from "../trial.js";

const MESSAGE = 'the count must be at most 7: "é" \\ %d';

/** Assertions that hold, and those that fail. */
export function assertTests(subject: Subject): readonly Candidate[] {
  const { compares, proves } = sectionOf(subject, "assertions");
  const dtype = plainType(subject);
  const asserts = [feature("assert", "assertion")];
  return [
    compares("runs through assertions that hold", asserts, () => [trialFor("assertion_holds", dtype, 7)]),
    proves("ends a run whose assertion fails with its message", asserts, async () => {
      const [outcome] = await runTrials(subject, [trialFor("assertion_fails", dtype, 8)], "device");
      if (outcome === undefined || !("error" in outcome)) throw new Error("the run ended as if nothing had failed");
      const text = textOfError(outcome.error);
      check(text.includes(MESSAGE), `the message ${JSON.stringify(MESSAGE)} is missing in: ${text}`);
    }),
    proves("goes on after a failed assertion", asserts, async () => {
      const [wrong, right] = [trialFor("assertion_before", dtype, 9), trialFor("assertion_after", dtype, 3)];
      const other = trialOf(addFunction("beside_assertions", 9, dtype));
      const compiled = await compileFunctions(subject, [wrong.func, right.func, other.func], "device");
      await withDevice(subject.device, (device) =>
        withModule(device, compiled, async (loaded) => {
          const before = device.allocatedBytes;
          for (const trial of [wrong, right, wrong, other]) {
            const failed = await runTrial(device, loaded, trial).then(
              (memory) => differenceOf(trial, memory),
              () => "failed",
            );
            const expected = trial === wrong ? "failed" : null;
            check(failed === expected, `${trial.func.name} after a failed assertion: ${failed ?? "did not fail"}`);
          }
          check(device.allocatedBytes === before, "a failed run leaves memory allocated");
        }),
      );
    }),
  ];
}

/** Asserts `count ≤ 7` before a loop. */
function trialFor(name: string, dtype: DType, count: number): Trial {
  return { ...trialOf(asserting(name, dtype)), scalars: { count } };
}

function asserting(name: string, dtype: DType): PrimFunc {
  const [x, out] = [array("x", dtype, 9), array("out", dtype, 9)];
  const count = variable("count");
  const condition: Expr = build.binary("le", count, int(7));
  const assertion: Assert = { kind: "Assert", span: NO_SPAN, condition, message: MESSAGE };
  const copy = forEach("i", count, (i) => build.store(out, [i], build.load(x, [i])));
  return kernelOf(name, [x, out, count], build.seq(assertion, copy));
}
