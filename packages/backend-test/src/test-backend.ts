import type { ConformanceTest } from "./conformance-test.js";
import { conformanceTests } from "./conformance-tests.js";
import type { KitSubject } from "./subject.js";

/** Tests of any framework that has these two: vitest, or node:test. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

export interface TestBackendOptions extends KitSubject {
  readonly test: TestFramework;
}

/** Registers the tests of `conformanceTests` with a framework. What capabilities do not declare is not tried, but for its refusal. */
export function testBackend({ test, ...subject }: TestBackendOptions): void {
  const { describe, it } = test;
  const sections = new Map<string, ConformanceTest[]>();
  for (const each of conformanceTests(subject)) {
    const others = sections.get(each.section);
    if (others === undefined) sections.set(each.section, [each]);
    else others.push(each);
  }
  describe(`backend ${subject.backend.name} on device ${subject.device.name}`, () => {
    for (const [section, tests] of sections)
      describe(section, () => {
        for (const { name, run } of tests) it(name, run);
      });
  });
}
