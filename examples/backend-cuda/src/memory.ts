import { type Atomic, type Buffer, bytesOf, type Expr } from "@tilewright/ir";
import type { Place } from "./expressions.js";
import type { Facts } from "./facts.js";
import { atom, type Text } from "./text.js";

type Places = ReadonlyMap<Buffer, Place>;

export const elementAt = (places: Places, buffer: Buffer, index: Text): Text =>
  atom(`${places.get(buffer)?.name}[${index.text}]`);

/** The address of neighbours, as that of a vector. */
export const vectorAt = (type: string, places: Places, buffer: Buffer, index: Text): string =>
  `(${type} *)&${elementAt(places, buffer, index).text}`;

/**
 * Neighbours that one instruction can move: aligned as the vector that they are. Memory of a thread's own is not among them, since it is
 * better off in registers.
 */
export function isVectorAccess(buffer: Buffer, index: Expr, places: Places, facts: Facts): boolean {
  if (index.kind !== "Ramp" || buffer.scope === "local") return false;
  const bytes = bytesOf(buffer.dtype, index.lanes);
  const element = bytesOf(buffer.dtype);
  return (
    bytes <= 16 && (places.get(buffer)?.alignment ?? 1) >= bytes && facts.multipleOf(index.base) * element >= bytes
  );
}

/** Operations that CUDA has an instruction for; the prelude brings a loop of compare and swap for the others. */
const NATIVE: { readonly [dtype: string]: readonly string[] } = {
  int32: ["add", "min", "max", "and", "or", "xor", "exchange"],
  uint32: ["add", "min", "max", "and", "or", "xor", "exchange"],
  int64: ["min", "max"],
  uint64: ["add", "min", "max", "and", "or", "xor", "exchange"],
  float32: ["add", "exchange"],
  float64: ["add"],
};
const FUNCTIONS: { readonly [op: string]: string } = {
  add: "atomicAdd", min: "atomicMin", max: "atomicMax", and: "atomicAnd", or: "atomicOr", xor: "atomicXor", exchange: "atomicExch",
}; // biome-ignore format: one glance

/** The function for an atomic update. */
export function atomicFunction({ op, buffer }: Atomic): string {
  return NATIVE[buffer.dtype]?.includes(op) ? (FUNCTIONS[op] ?? op) : `update_${op}`;
}
