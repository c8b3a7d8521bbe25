import type { ConformanceTest } from "./conformance-test.js";
import { candidatesOf } from "./conformance-tests.js";
import { lacksOf } from "./lacks.js";
import { type KitSubject, resolveSubject } from "./subject.js";
import { type MatrixRow, supportMatrix } from "./support-matrix.js";
import { textOfError } from "./trial.js";

/** What the kit found; it survives JSON. */
export interface KitReport {
  readonly backend: string;
  readonly device: string;
  readonly passed: number;
  readonly failed: number;
  /** Tests of what the capabilities do not declare. */
  readonly skipped: number;
  readonly failures: readonly { readonly name: string; readonly message: string }[];
  readonly matrix: readonly MatrixRow[];
  /** What the backend does not declare, in sentences. */
  readonly lacks: readonly string[];
}

export interface KitProgress {
  readonly test: ConformanceTest;
  /** Tests that ended, this one too, and all that are tried. */
  readonly done: number;
  readonly total: number;
  /** Why it failed; null: it passed. */
  readonly failure: string | null;
}

export interface KitOptions {
  readonly onProgress?: (progress: KitProgress) => void;
}

/** Runs the tests of `conformanceTests`, one after the other, without a framework. */
export async function runKit(given: KitSubject, { onProgress }: KitOptions = {}): Promise<KitReport> {
  const candidates = candidatesOf(given);
  const { backend, device, capabilities } = resolveSubject(given);
  const tests = candidates.filter(({ isDeclared }) => isDeclared);
  const results: { readonly test: ConformanceTest; readonly failure: string | null }[] = [];
  for (const test of tests) {
    const failure = await test.run().then(
      () => null,
      (error: unknown) => textOfError(error),
    );
    results.push({ test, failure });
    onProgress?.({ test, failure, done: results.length, total: tests.length });
  }
  const failures = results.flatMap(({ test: { name }, failure }) =>
    failure === null ? [] : [{ name, message: failure }],
  );
  return {
    backend: backend.name,
    device: device.name,
    passed: tests.length - failures.length,
    failed: failures.length,
    skipped: candidates.length - tests.length,
    failures,
    matrix: supportMatrix(
      capabilities,
      results.map(({ test, failure }) => ({ features: test.features, passed: failure === null })),
    ),
    lacks: lacksOf(capabilities),
  };
}
