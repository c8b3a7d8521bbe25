// What each field of capabilities holds, where it is there.
import type { Capabilities } from "./capabilities.js";

interface Kind {
  /** In messages. */
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1;
const isSize = (value: unknown): boolean => value === null || (Number.isInteger(value) && Number(value) >= 0);
const isFlag = (value: unknown): boolean => typeof value === "boolean";
const isName = (value: unknown): boolean => typeof value === "string";
const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A list of what `item` says. */
const listOf =
  (item: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(item);

/** An object whose fields hold what `fields` says. */
const objectOf =
  (fields: Readonly<Record<string, (value: unknown) => boolean>>) =>
  (value: unknown): boolean =>
    isObject(value) &&
    Object.entries(fields).every(([name, holds]) => holds((value as Readonly<Record<string, unknown>>)[name]));

const isCache = objectOf({ bytes: isCount, lineBytes: isCount, perThread: isFlag });
const isScope = objectOf({ maxBytes: isSize });
const isVector = objectOf({ bytes: isCount, registers: isCount, predicated: isFlag });
const axes = (value: unknown): boolean => listOf(isCount)(value) && (value as readonly unknown[]).length === 3;
const isLaunch = objectOf({
  maxBlocks: axes,
  maxThreads: axes,
  maxThreadsPerBlock: isCount,
  subgroupThreads: (value) => value === null || isCount(value),
});

const names: Kind = { expected: "a list of names", holds: listOf(isName) };
const flag: Kind = { expected: "true or false", holds: isFlag };

/** Fields that hold more than names with a level. */
export const CAPABILITY_FIELDS: Readonly<
  Record<Exclude<keyof Capabilities, "dtypes" | "loopKinds" | "atomics" | "barriers">, Kind>
> = {
  memory: {
    expected: "scopes, each with `maxBytes`: an integer of at least 0, or null",
    holds: (value) => isObject(value) && Object.values(value).every((scope) => scope === undefined || isScope(scope)),
  },
  vector: {
    expected: "null, or `bytes` and `registers`, integers of at least 1, and `predicated`, true or false",
    holds: (value) => value === null || isVector(value),
  },
  threads: { expected: "an integer of at least 1", holds: isCount },
  launch: {
    expected: "null, or all limits of `LaunchCapabilities`, integers of at least 1",
    holds: (value) => value === null || isLaunch(value),
  },
  caches: { expected: "a list of `bytes`, `lineBytes` and `perThread`", holds: listOf(isCache) },
  math: names,
  fusedMultiplyAdd: flag,
  intrinsics: names,
  queues: names,
  asserts: flag,
  hostCode: flag,
};
