import type { IntrinsicMeaning } from "@tilewright/backend";
import { NO_SPAN } from "@tilewright/diagnostics";
import { type Arguments, bfloat16OfBits, float16OfBits, interpret } from "@tilewright/interp";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { compareMemory, copyMemory, inputsFor, type Memory, type Tolerance, zeros } from "./memory.js";

/** A function with its arguments. */
export interface Trial {
  readonly func: PrimFunc;
  /** Functions of its module that it calls. */
  readonly others?: readonly PrimFunc[];
  /** What it is to compute, a function of the same parameters; what it says itself unless told. */
  readonly meaning?: PrimFunc;
  /** What the intrinsics mean that it calls. */
  readonly intrinsics?: readonly IntrinsicMeaning[];
  /** Arrays of its buffers by name. Arrays of one ArrayBuffer lie in one buffer of the device; one that is a part of it is a slice. */
  readonly memory: Memory;
  /** Scalar parameters by name. */
  readonly scalars?: { readonly [name: string]: number | bigint | boolean };
  /** Equal to the bit, but for which NaN, unless told. */
  readonly tolerance?: Tolerance;
}

/** A function with small integers as its arguments. */
export const trialOf = (func: PrimFunc, others: readonly PrimFunc[] = []): Trial => ({
  func,
  others,
  memory: inputsFor(func),
});

export const moduleOf = (functions: readonly PrimFunc[]): IRModule => ({
  kind: "IRModule",
  span: NO_SPAN,
  functions,
  attributes: {},
});

export const functionsOf = ({ func, others = [] }: Trial): readonly PrimFunc[] => [func, ...others];

/** What the arrays are after a run of the interpreter. */
export function expectedMemory(trial: Trial): Memory {
  const memory = copyMemory(trial.memory);
  const { func, meaning, intrinsics = [], scalars = {} } = trial;
  const functions = meaning === undefined ? functionsOf(trial) : [meaning];
  interpret(moduleOf(functions), { ...memory, ...scalars } as Arguments, {
    entry: (meaning ?? func).name,
    intrinsics: Object.fromEntries(intrinsics.map(({ name, semantics }) => [name, semantics])),
  });
  return memory;
}

/** What is wrong with the result of a trial, with the function's text; null when nothing is. */
export function differenceOf(trial: Trial, actual: Memory): string | null {
  const { func, tolerance = "exact" } = trial;
  const difference = compareMemory(asFloats(func, expectedMemory(trial)), asFloats(func, actual), tolerance);
  return difference === null ? null : `${func.name}: ${difference}\n${textOf(trial)}`;
}

export const textOf = (trial: Trial): string => print(moduleOf(functionsOf(trial)));

/** An error as text. */
export function textOfError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Sixteen-bit floats as float32, so that they are compared as numbers. */
export function asFloats(func: PrimFunc, memory: Memory): Memory {
  const converted = Object.entries(memory).map(([name, array]) => {
    const dtype = func.parameters.find((parameter) => parameter.name === name)?.dtype;
    if (dtype !== "float16" && dtype !== "bfloat16") return [name, array] as const;
    const decode = dtype === "float16" ? float16OfBits : bfloat16OfBits;
    const floats = zeros("float32", array.length) as Float32Array;
    array.forEach((bits, k) => {
      floats[k] = decode(Number(bits));
    });
    return [name, floats] as const;
  });
  return Object.fromEntries(converted);
}
