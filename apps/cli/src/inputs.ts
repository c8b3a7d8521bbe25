import type { ElementType } from "@tilewright/artifact";
import { type NDArray, zeros } from "@tilewright/runtime";
import { badInput } from "./errors.js";
import type { BufferEntry } from "./executable.js";
import { type Io, UsageError } from "./io.js";
import { parseNpy } from "./npy.js";

/** `name=value` pairs of `--input`, by name. @throws UsageError */
export function parseInputs(pairs: readonly string[]): ReadonlyMap<string, string> {
  const inputs = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1 || at === pair.length - 1)
      throw new UsageError(`--input is name=file.npy, name=random or name=zeros, not ${JSON.stringify(pair)}`);
    inputs.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return inputs;
}

/**
 * An array for every parameter: what is read from a file, at random (the default) or zeros; zeros for what is written.
 * @throws CompileError CLI106 a name that is no input, a shape or type that differs · CLI107
 */
export async function arraysFor(
  parameters: readonly BufferEntry[],
  inputs: ReadonlyMap<string, string>,
  seed: number,
  io: Io,
): Promise<readonly NDArray[]> {
  const names = parameters.filter(({ access }) => access !== "write").map(({ name }) => name);
  for (const [name, value] of inputs) {
    if (!names.includes(name)) throw badInput(name, `one of ${names.join(", ")}`, `${name}=${value}`);
  }
  const next = generator(seed);
  const arrays: NDArray[] = [];
  for (const entry of parameters) {
    const value = entry.access === "write" ? "zeros" : (inputs.get(entry.name) ?? "random");
    if (value === "zeros") arrays.push(zeros(entry.shape, entry.dtype));
    else arrays.push(value === "random" ? randomArray(entry, next) : await fromFile(entry, value, io));
  }
  return arrays;
}

async function fromFile(entry: BufferEntry, path: string, io: Io): Promise<NDArray> {
  const bytes = await io.readFile(path).catch((error: Error) => {
    throw badInput(entry.name, "a file that can be read", error.message);
  });
  const { dtype, shape, bytes: elements } = parseNpy(path, bytes);
  const asked = `${entry.dtype} of shape (${entry.shape.join(", ")})`;
  const given = `${dtype} of shape (${shape.join(", ")})`;
  if (asked !== given) throw badInput(entry.name, asked, given);
  const array = zeros(entry.shape, entry.dtype);
  array.bytes.set(elements);
  return array;
}

/** Uniform: floats in [-1, 1), integers from 0 to 9, both truth values. Equal seeds give equal arrays. */
function randomArray({ shape, dtype }: BufferEntry, next: () => number): NDArray {
  const flat = zeros([shape.reduce((product, extent) => product * extent, 1)], dtype);
  for (let k = 0; k < flat.size; k++) flat.set(randomElement(dtype, next()), k);
  return flat.reshape(shape);
}

function randomElement(dtype: ElementType, fraction: number): number | bigint | boolean {
  if (dtype === "bool") return fraction < 0.5;
  if (dtype === "int64" || dtype === "uint64") return BigInt(Math.floor(fraction * 10));
  return dtype.includes("int") ? Math.floor(fraction * 10) : fraction * 2 - 1;
}

/** The linear congruential generator of Numerical Recipes, as fractions in [0, 1). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
