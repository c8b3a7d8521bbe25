import type { Candidate, ConformanceTest } from "./conformance-test.js";
import { allocationTests } from "./sections/allocations.js";
import { assertTests } from "./sections/asserts.js";
import { atomicTests } from "./sections/atomics.js";
import { callTests } from "./sections/calls.js";
import { controlTests } from "./sections/control.js";
import { deviceTests } from "./sections/devices.js";
import { intrinsicTests } from "./sections/intrinsics.js";
import { launchTests } from "./sections/launches.js";
import { limitTests } from "./sections/limits.js";
import { loopTests } from "./sections/loops.js";
import { manifestTests } from "./sections/manifest.js";
import { mathTests } from "./sections/math.js";
import { moduleTests } from "./sections/modules.js";
import { operatorTests } from "./sections/operators.js";
import { parameterTests } from "./sections/parameters.js";
import { passTests } from "./sections/passes.js";
import { queueTests } from "./sections/queues.js";
import { randomTests } from "./sections/random.js";
import { refusalTests } from "./sections/refusals.js";
import { ruleTests } from "./sections/rules.js";
import { strictTests } from "./sections/strict.js";
import { variantTests } from "./sections/variants.js";
import { vectorTests } from "./sections/vectors.js";
import { type KitSubject, resolveSubject, type Subject } from "./subject.js";

/** The chapters of the kit, in order. */
const SECTIONS: readonly ((subject: Subject) => readonly Candidate[])[] = [
  manifestTests,
  operatorTests,
  mathTests,
  strictTests,
  parameterTests,
  vectorTests,
  loopTests,
  controlTests,
  allocationTests,
  callTests,
  atomicTests,
  assertTests,
  launchTests,
  queueTests,
  intrinsicTests,
  passTests,
  ruleTests,
  variantTests,
  randomTests,
  refusalTests,
  limitTests,
  moduleTests,
  deviceTests,
];

/** All tests, those too that the capabilities do not let be tried. */
export function candidatesOf(given: KitSubject): readonly Candidate[] {
  const subject = resolveSubject(given);
  return SECTIONS.flatMap((section) => section(subject));
}

/**
 * What is to be proved of a backend, with the toolchain that finishes its work and the device that runs it: everything that its
 * capabilities declare, against the reference interpreter, and that the rest is refused.
 */
export function conformanceTests(subject: KitSubject): readonly ConformanceTest[] {
  return candidatesOf(subject).filter(({ isDeclared }) => isDeclared);
}
