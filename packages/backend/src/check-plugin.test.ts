import { describe, expect, it } from "vitest";
import { namesOf, refusalOf } from "../test/plain-backend.js";
import {
  BACKEND_SPEC_VERSION,
  checkBackend,
  checkTarget,
  checkToolchain,
  defineBackend,
  defineTarget,
  defineToolchain,
  TARGET_SPEC_VERSION,
  TOOLCHAIN_SPEC_VERSION,
} from "./index.js";

const dtypes = { float32: "stable" } as const;
const backend = namesOf({ dtypes });
const toolchain = {
  name: "cc",
  accepts: "c-source",
  produces: "shared-library",
  status: async () => ({ name: "cc", usable: true, detail: "cc 1" }),
  build: async () => defineBackend(backend).compile({} as never),
} as const;
const target = {
  specVersion: TARGET_SPEC_VERSION,
  name: "names",
  summary: "names of functions",
  backend: () => defineBackend(backend),
} as const;

const itself: { self?: unknown } = {};
itself.self = itself;

type Check = (value: unknown) => void;
const [isBackend, isToolchain, isTarget]: readonly Check[] = [checkBackend, checkToolchain, checkTarget];

/** A value, with one field changed or, by undefined, left out. */
const but = (value: object, field: string, changed: unknown): unknown => ({ ...value, [field]: changed });
const capable = (field: string, value: unknown): unknown =>
  but(backend, "capabilities", { ...backend.capabilities, [field]: value });

describe("what follows the contract passes", () => {
  it("as it is defined", () => {
    expect(() => isBackend?.(backend)).not.toThrow();
    expect(() => isToolchain?.(toolchain)).not.toThrow();
    expect(() => isToolchain?.({ ...toolchain, specVersion: TOOLCHAIN_SPEC_VERSION })).not.toThrow();
    expect(() => isTarget?.(target)).not.toThrow();
    expect(defineToolchain(toolchain)).toBe(toolchain);
    expect(defineTarget(target)).toBe(target);
  });

  it("with every field", () => {
    const intrinsics = [{ name: "my.add", semantics: {}, emit: "add" }];
    const capabilities = {
      dtypes: { float32: "stable", int8: "experimental" },
      loopKinds: { thread: "experimental" },
      atomics: { int32: "stable" },
      barriers: { shared: "stable" },
      caches: [],
      math: ["exp", "pow"],
      queues: ["load"],
      intrinsics: ["my.add", "my.other"],
      threads: 4,
    };
    const whole = { ...backend, irVersion: 1, legalize: [], passes: [], rules: [], intrinsics, capabilities };
    expect(() => isBackend?.(whole)).not.toThrow();
    const options = { toolchains: () => [], device: async () => ({}), status: async () => ({}) };
    expect(() => isTarget?.({ ...target, ...options })).not.toThrow();
  });
});

describe("capabilities that are left undefined", () => {
  it("are those that are left out", () => {
    const fields = [
      "memory",
      "vector",
      "launch",
      "caches",
      "math",
      "atomics",
      "barriers",
      "loopKinds",
      "threads",
      "hostCode",
    ];
    const undefineds = Object.fromEntries(fields.map((field) => [field, undefined]));
    const defined = defineBackend({ ...backend, capabilities: { dtypes, ...undefineds } });
    expect(defined.capabilities).toEqual(defineBackend(backend).capabilities);
    expect(defined.capabilities.memory.global).toEqual({ maxBytes: null });
  });
});

describe("BE106: a field that does not hold what it must is named", () => {
  it.each<[string, string, Check | undefined, unknown]>([
    ["a backend that is none", "value", isBackend, null],
    ["a backend that is a list", "value", isBackend, [backend]],
    ["a backend that is a function", "value", isBackend, () => backend],
    ["no name", "name", isBackend, but(backend, "name", undefined)],
    ["a name with capitals", "name", isBackend, but(backend, "name", "Names")],
    ["no version", "specVersion", isBackend, but(backend, "specVersion", undefined)],
    ["a version that is a number", "specVersion", isBackend, but(backend, "specVersion", 1)],
    ["half a version of the IR", "irVersion", isBackend, but(backend, "irVersion", 0.5)],
    ["a version of the IR before the first", "irVersion", isBackend, but(backend, "irVersion", 0)],
    ["no compile", "compile", isBackend, but(backend, "compile", undefined)],
    ["rules that are no list", "legalize", isBackend, but(backend, "legalize", {})],
    ["passes that are no list", "passes", isBackend, but(backend, "passes", "none")],
    ["schedule rules that are no list", "rules", isBackend, but(backend, "rules", () => [])],
    ["intrinsics that are no list", "intrinsics", isBackend, but(backend, "intrinsics", 1)],
    ["an intrinsic that is nothing", "intrinsics", isBackend, but(backend, "intrinsics", [null])],
    ["an intrinsic without a name", "intrinsics", isBackend, but(backend, "intrinsics", [{ emit: "" }])],
    ["no capabilities", "capabilities", isBackend, but(backend, "capabilities", undefined)],
    ["no element types", "capabilities.dtypes", isBackend, but(backend, "capabilities", {})],
    ["an unknown element type", "capabilities.dtypes", isBackend, capable("dtypes", { float8: "stable" })],
    ["an unknown level", "capabilities.dtypes.float32", isBackend, capable("dtypes", { float32: true })],
    ["loop kinds as a list", "capabilities.loopKinds", isBackend, capable("loopKinds", ["serial"])],
    ["an unknown level of a loop", "capabilities.loopKinds.thread", isBackend, capable("loopKinds", { thread: "no" })],
    ["an unknown level of atomics", "capabilities.atomics.int32", isBackend, capable("atomics", { int32: 1 })],
    ["an unknown level of barriers", "capabilities.barriers.shared", isBackend, capable("barriers", { shared: null })],
    ["math that is no list", "capabilities.math", isBackend, capable("math", "exp")],
    ["queues that are no list", "capabilities.queues", isBackend, capable("queues", {})],
    ["queues without names", "capabilities.queues", isBackend, capable("queues", [null])],
    ["no atomics", "capabilities.atomics", isBackend, capable("atomics", null)],
    ["no thread", "capabilities.threads", isBackend, capable("threads", 0)],
    ["no memory", "capabilities.memory", isBackend, capable("memory", null)],
    ["memory without an end", "capabilities.memory", isBackend, capable("memory", { shared: {} })],
    ["vectors of nothing", "capabilities.vector", isBackend, capable("vector", {})],
    ["launches without limits", "capabilities.launch", isBackend, capable("launch", { maxThreadsPerBlock: 8 })],
    ["caches of nothing", "capabilities.caches", isBackend, capable("caches", [{ bytes: 32768 }])],
    ["asserts that are a text", "capabilities.asserts", isBackend, capable("asserts", "yes")],
    ["a name that JSON cannot say", "name", isBackend, but(backend, "name", 5n)],
    ["a list that holds itself", "legalize", isBackend, but(backend, "legalize", itself)],
    [
      "an intrinsic with a template that the capabilities do not name",
      "capabilities.intrinsics",
      isBackend,
      but(backend, "intrinsics", [{ name: "my.add", semantics: {}, emit: "" }]),
    ],
    ["a toolchain that is none", "value", isToolchain, undefined],
    ["a toolchain without a name", "name", isToolchain, but(toolchain, "name", "")],
    ["a format that is none", "accepts", isToolchain, but(toolchain, "accepts", 3)],
    ["no product", "produces", isToolchain, but(toolchain, "produces", undefined)],
    ["no status", "status", isToolchain, but(toolchain, "status", undefined)],
    ["a build that is no function", "build", isToolchain, but(toolchain, "build", "cc")],
    ["a target that is none", "value", isTarget, "names"],
    ["a target without a version", "specVersion", isTarget, but(target, "specVersion", undefined)],
    ["no summary", "summary", isTarget, but(target, "summary", undefined)],
    ["a backend instead of a function", "backend", isTarget, but(target, "backend", backend)],
    ["toolchains instead of a function", "toolchains", isTarget, but(target, "toolchains", [])],
    ["a device instead of a function", "device", isTarget, but(target, "device", {})],
    ["a status instead of a function", "status", isTarget, but(target, "status", true)],
  ])("%s: `%s`", (_, field, check, value) => {
    const refusal = refusalOf(() => check?.(value));
    expect(refusal?.code).toBe("BE106");
    expect(refusal?.message).toContain(`wrong at \`${field}\``);
    expect(refusal?.hint).toContain("README");
  });

  it("says what stands there, in few words", () => {
    const refusal = refusalOf(() => checkBackend(but(backend, "passes", { long: "x".repeat(200) })));
    expect(refusal?.actual).toMatch(/^\{"long":"x+\.\.\.$/);
    expect(refusalOf(() => checkBackend(but(backend, "rules", () => [])))?.actual).toBe("a function");
    expect(refusalOf(() => checkBackend(but(backend, "name", undefined)))?.actual).toBe("nothing");
  });
});

describe("BE107: another version of the contract", () => {
  it.each<[Check | undefined, object, string, string]>([
    [isBackend, backend, BACKEND_SPEC_VERSION, "the backend `names`"],
    [isToolchain, toolchain, TOOLCHAIN_SPEC_VERSION, "the toolchain `cc`"],
    [isTarget, target, TARGET_SPEC_VERSION, "the target `names`"],
  ])("names both versions and the remedy", (check, value, ours, what) => {
    const [kind] = ours.split("/");
    const newer = refusalOf(() => check?.({ ...value, specVersion: `${kind}/99` }));
    expect(newer?.code).toBe("BE107");
    expect(newer?.message).toBe(`${what} follows the contract ${kind}/99, and this compiler knows ${ours}`);
    expect(newer?.hint).toBe(`update @tilewright/backend and the packages beside it, or install a version of ${what} for ${ours}`); // biome-ignore format: one line
    const older = refusalOf(() => check?.({ ...value, specVersion: `${kind}/0` }));
    expect(older?.message).toContain(`${kind}/0`);
    expect(older?.hint).toBe(`update ${what} to a version for ${ours}, or install a @tilewright/backend of its time`);
  });

  it("is told before its fields, which mean other things", () => {
    expect(refusalOf(() => checkBackend({ specVersion: "backend/2", name: "names" }))?.code).toBe("BE107");
  });
});

it("BE108: a backend that was written for newer loop IR", () => {
  const refusal = refusalOf(() => checkBackend({ ...backend, irVersion: 99 }));
  expect(refusal?.code).toBe("BE108");
  expect(refusal?.message).toBe("the backend `names` was written for loop IR 99, and this compiler makes loop IR 1");
  expect(refusal?.hint).toContain("update @tilewright/ir");
});
