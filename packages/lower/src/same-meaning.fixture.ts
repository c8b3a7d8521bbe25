// The law of every pass: what the interpreter computes does not change.
import { type ArgumentValue, interpret } from "@tilewright/interp";
import type { Buffer, IRModule } from "@tilewright/ir";
import { expect } from "vitest";
import { type LowerOptions, lower } from "./lower.js";

/** Small integers as floats: sums of them are exact in any order. */
export function sampleArguments(module: IRModule, seed = 1): Map<string, ArgumentValue> {
  const args = new Map<string, ArgumentValue>();
  const [func] = module.functions;
  let state = seed;
  for (const parameter of func?.parameters ?? []) {
    if (parameter.kind !== "Buffer") continue;
    const array = arrayFor(parameter);
    for (let position = 0; position < array.length; position++) {
      state = (state * 1103515245 + 12345) % 2147483648;
      array[position] = (Math.floor(state / 65536) % 9) - 4;
    }
    args.set(parameter.name, array);
  }
  return args;
}

function arrayFor(buffer: Buffer): Float32Array | Float64Array | Int32Array | Int8Array {
  const length = buffer.shape.reduce((all, extent) => all * (extent.kind === "Const" ? Number(extent.value) : 1), 1);
  if (buffer.dtype === "float64") return new Float64Array(length);
  if (buffer.dtype === "int32") return new Int32Array(length);
  if (buffer.dtype === "int8") return new Int8Array(length);
  return new Float32Array(length);
}

function run(module: IRModule, args: ReadonlyMap<string, ArgumentValue>): ReadonlyMap<string, ArgumentValue> {
  const copy = new Map([...args].map(([name, value]) => [name, copyOf(value)]));
  const entry = module.functions[0]?.name;
  interpret(module, copy, entry === undefined ? {} : { entry });
  return copy;
}

function copyOf(value: ArgumentValue): ArgumentValue {
  return typeof value === "object" ? (value.slice() as ArgumentValue) : value;
}

/** Lowers, and compares the meaning after every pass with the meaning before all. */
export function expectSameMeaning(module: IRModule, options: LowerOptions, args = sampleArguments(module)): IRModule {
  const expected = run(module, args);
  const { module: lowered } = lower(module, {
    verify: true,
    ...options,
    onPass(name, after, changed) {
      if (changed) expect(run(after, args), `after ${name}`).toEqual(expected);
      options.onPass?.(name, after, changed);
    },
  });
  return lowered;
}
