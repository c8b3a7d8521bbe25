import { type Diagnostic, NO_SPAN, type Span } from "@tilewright/diagnostics";
import type { FeatureKind, FeatureUse } from "./features.js";

const error = (code: string, message: string, span: Span, more: Partial<Diagnostic>): Diagnostic => ({
  code,
  severity: "error",
  message,
  span,
  ...more,
});

/** What a feature is called in a sentence, and what to do without it. */
const WORDS: Readonly<Record<FeatureKind, readonly [what: (name: string) => string, hint: string]>> = {
  dtype: [(name) => `\`${name}\``, "cast to a type that it declares"],
  loop: [(name) => `\`${name}\` loops`, "schedule without them"],
  memory: [(name) => `memory of scope \`${name}\``, "keep the buffer in another scope"],
  vector: [
    (name) => (name === "lanes" ? "vectors" : `${name} of vectors`),
    "lower the module with the capabilities of this backend",
  ],
  math: [(name) => `\`${name}\``, "lower the module with the capabilities of this backend: that expands it"],
  intrinsic: [(name) => `the intrinsic \`${name}\``, "give `lower` its meaning"],
  atomic: [(name) => `atomic updates of \`${name}\``, "compute without them, as with a reduction"],
  barrier: [(name) => `barriers over ${name} memory`, "schedule without threads that exchange values"],
  queue: [(name) => `the queue \`${name}\``, "use a queue that it declares"],
  assert: [() => "assertions", "check the condition before the call"],
};

/** BE101: a module uses what the capabilities do not declare. */
export function undeclaredFeature(
  backend: string,
  { kind, name, span }: FeatureUse,
  declared: readonly string[],
): Diagnostic {
  const [what, hint] = WORDS[kind];
  return error("BE101", `the backend \`${backend}\` does not declare ${what(name)}`, span, {
    expected: declared.length === 0 ? "a module without" : declared.join(", "),
    actual: name,
    hint: `${hint}, or compile for a target that declares it`,
  });
}

/** BE102: more than the capabilities allow. */
export function beyondLimit(backend: string, what: string, most: string, actual: string, span: Span): Diagnostic {
  return error("BE102", `too much for the backend \`${backend}\`: ${what}`, span, {
    expected: `at most ${most}`,
    actual,
    hint: "choose smaller tiles, or another target",
  });
}

/** BE103 (warning): an experimental feature is used. */
export function experimentalFeature(backend: string, { kind, name, span }: FeatureUse): Diagnostic {
  return {
    code: "BE103",
    severity: "warning",
    message: `experimental in the backend \`${backend}\`: ${WORDS[kind][0](name)}`,
    span,
    hint: "check the results; the conformance kit shows what passes",
  };
}

/** BE104: rules of a backend that never come to rest. */
export function restlessRules(backend: string, rounds: number): Diagnostic {
  return error("BE104", `the rules of \`${backend}\` still change the module after ${rounds} rounds`, NO_SPAN, {
    expected: "rules that reach a fixed point",
    actual: `${rounds} rounds, each with a change`,
    hint: "a rule must not match what it, or another one, makes",
  });
}

/** BE105: a module that is not at the device level. */
export function notDeviceLevel(backend: string, first: Diagnostic): Diagnostic {
  return error("BE105", `the backend \`${backend}\` was given loop IR that is not at the device level`, first.span, {
    expected: "the result of `lower`",
    actual: first.message,
    hint: "run `lower(module, { capabilities, passes, intrinsics })` with what the backend brings",
  });
}

/** BE106: a definition that does not hold what the contract asks for. */
export function badDefinition(what: string, field: string, expected: string, actual: string): Diagnostic {
  return error("BE106", `the definition of ${what} is wrong at \`${field}\``, NO_SPAN, {
    expected,
    actual,
    hint: "see the README of @tilewright/backend: each field with its meaning",
  });
}

/** BE107: two versions of a contract. */
export function otherContract(what: string, theirs: string, ours: string, place: string): Diagnostic {
  const newer = generation(theirs) > generation(ours);
  return error("BE107", `${what} follows the contract ${theirs}, and this compiler knows ${ours}`, NO_SPAN, {
    expected: ours,
    actual: theirs,
    hint: newer
      ? `update ${place} and the packages beside it, or install a version of ${what} for ${ours}`
      : `update ${what} to a version for ${ours}, or install a ${place} of its time`,
  });
}

function generation(version: string): number {
  return Number(/\/(\d+)$/.exec(version)?.[1] ?? Number.POSITIVE_INFINITY);
}

/** BE108: a backend written for loop IR that is newer than this. */
export function newerIR(what: string, theirs: number, ours: number): Diagnostic {
  return error("BE108", `${what} was written for loop IR ${theirs}, and this compiler makes loop IR ${ours}`, NO_SPAN, {
    expected: `an \`irVersion\` of at most ${ours}`,
    actual: `${theirs}`,
    hint: `update @tilewright/ir and the packages beside it, or install a version of ${what} for loop IR ${ours}`,
  });
}

/** BE109: rules of a backend that make what no code generator takes. */
export function brokenByRules(backend: string, first: Diagnostic): Diagnostic {
  return error("BE109", `the rules of \`${backend}\` made loop IR that is not at the device level`, first.span, {
    expected: "rules that give device-level loop IR for device-level loop IR",
    actual: first.message,
    hint: "correct the rules of `legalize`; what needs other loops belongs into a pass",
  });
}
