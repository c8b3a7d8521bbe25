import {
  type Capabilities,
  type Feature,
  type FeatureKind,
  MATH_FUNCTIONS,
  type SupportLevel,
  supportOf,
} from "@tilewright/backend";
import { bitsOf, DTYPES } from "@tilewright/ir";

/** A feature, what the capabilities say of it, and the tests that prove that: of what is not declared, its refusal. */
export interface MatrixRow extends Feature {
  /** Null: not declared. */
  readonly level: SupportLevel | null;
  readonly passed: number;
  readonly failed: number;
}

/** Features that a backend may declare, and those of an open kind that this one does. */
export function knownFeatures({ intrinsics, queues, memory }: Capabilities): readonly Feature[] {
  const dtypes = DTYPES.filter((dtype) => dtype !== "index");
  const names: readonly (readonly [FeatureKind, readonly string[]])[] = [
    ["dtype", dtypes],
    ["loop", ["serial", "vectorized", "unrolled", "virtual", "parallel", "thread"]],
    ["memory", [...new Set(["global", "local", "shared", ...Object.keys(memory)])]],
    ["vector", ["lanes"]],
    ["math", MATH_FUNCTIONS],
    ["intrinsic", intrinsics],
    ["atomic", dtypes.filter((dtype) => dtype !== "bool" && bitsOf(dtype) >= 8)],
    ["barrier", ["shared", "global"]],
    ["queue", queues],
    ["assert", ["assertion"]],
  ];
  return names.flatMap(([kind, list]) => list.map((name) => ({ kind, name })));
}

const keyOf = ({ kind, name }: Feature): string => `${kind} ${name}`;

/** The results of tests, feature by feature. */
export function supportMatrix(
  capabilities: Capabilities,
  results: readonly { readonly features: readonly Feature[]; readonly passed: boolean }[],
): readonly MatrixRow[] {
  const counts = new Map<string, { passed: number; failed: number }>();
  for (const { features, passed } of results) {
    for (const each of features) {
      const count = counts.get(keyOf(each)) ?? { passed: 0, failed: 0 };
      counts.set(keyOf(each), count);
      if (passed) count.passed++;
      else count.failed++;
    }
  }
  return knownFeatures(capabilities).map((each) => {
    const { passed = 0, failed = 0 } = counts.get(keyOf(each)) ?? {};
    return { ...each, level: supportOf(capabilities, each), passed, failed };
  });
}
