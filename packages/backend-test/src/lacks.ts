import { type Capabilities, type FeatureKind, supportOf } from "@tilewright/backend";
import { knownFeatures } from "./support-matrix.js";

/** What one cannot do without some features of a kind. */
const CONSEQUENCES: Readonly<Record<FeatureKind, (names: string) => string>> = {
  dtype: (names) => `It does not declare the element types ${names}: functions that use them are refused.`,
  loop: (names) => `It does not declare ${names} loops: schedules that bind them are refused.`,
  memory: (names) => `It does not declare memory of scope ${names}: buffers there are refused.`,
  vector: () => "It does not declare vectors: `lower` makes all code scalar.",
  math: (names) =>
    `It does not declare ${names}: \`lower\` expands these functions into arithmetic, with integers as wide as the floats.`,
  intrinsic: (names) => `It does not declare the intrinsics ${names}.`,
  atomic: (names) => `It does not declare atomic updates of ${names}: threads cannot add up in memory of these types.`,
  barrier: (names) =>
    `It does not declare barriers over ${names} memory: threads of a block cannot exchange values there.`,
  queue: (names) => `It does not declare the queues ${names}.`,
  assert: () => "It does not declare assertions: programs that check their inputs are refused.",
};

/** What a backend does not declare, in sentences. */
export function lacksOf(capabilities: Capabilities): readonly string[] {
  const missing = new Map<FeatureKind, string[]>();
  for (const each of knownFeatures(capabilities)) {
    if (supportOf(capabilities, each) !== null) continue;
    const names = missing.get(each.kind) ?? [];
    missing.set(each.kind, names);
    names.push(each.name);
  }
  const sentences = [...missing].map(([kind, names]) => CONSEQUENCES[kind](enumeration(names)));
  return [
    ...sentences,
    ...(capabilities.intrinsics.length === 0
      ? ["It brings no intrinsics: `tensorize` finds no instruction of it."]
      : []),
    ...(capabilities.queues.length === 0 ? ["It declares no queues: `Async` and tokens are refused."] : []),
    ...(capabilities.threads === 1 && capabilities.loopKinds.parallel !== undefined
      ? ["It runs parallel loops on one thread."]
      : []),
    ...(capabilities.launch === null ? ["It declares no launches: it is no target for blocks and threads."] : []),
    ...(capabilities.hostCode ? [] : ["It holds no host program: the artifact stores one as a launch program."]),
  ];
}

function enumeration(names: readonly string[]): string {
  const [last, ...others] = [...names].reverse();
  return others.length === 0 ? `${last}` : `${others.reverse().join(", ")} and ${last}`;
}
