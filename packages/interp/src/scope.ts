import { CompileError, type Span } from "@tilewright/diagnostics";
import type { Buffer, PrimFunc, Tensor, Var } from "@tilewright/ir";
import { type Place, unbound } from "./errors.js";
import type { Frame } from "./frame.js";
import type { Backing } from "./memory.js";
import type { Precision, Value } from "./values.js";

/** The meaning of an intrinsic: a function over its arguments' values, or loop IR. */
export type IntrinsicMeaning = PrimFunc | ((...args: readonly Value[]) => Value);

/** What all functions of a run are compiled against. */
export interface Program {
  readonly functions: ReadonlyMap<string, PrimFunc>;
  readonly intrinsics: ReadonlyMap<string, IntrinsicMeaning>;
  readonly precision: Precision;
  /** Bytes that race detection tells apart, for an element of so many; 1 where memory is sliced and seen as other types. */
  readonly granuleOf: (elementBytes: number) => number;
  /** Calls a function from `frame`. */
  readonly call: (frame: Frame, callee: PrimFunc, args: readonly Argument[], site: CallSite) => void;
}

/** What a parameter is given: a scalar, or bytes of a backing. */
export type Argument =
  | { readonly kind: "scalar"; readonly value: Value }
  | { readonly kind: "slice"; readonly backing: Backing; readonly byteOffset: number; readonly byteLength: number };

/** Who calls: for messages. `exact`: a memory that is larger than its buffer is an error too. */
export interface CallSite {
  readonly place: Place;
  readonly exact: boolean;
}

/** A slot of `Frame.values` and of `Frame.memories` for everything that a function binds. */
export interface Scope {
  readonly program: Program;
  readonly variables: Map<Var, { readonly slot: number; readonly forks: number }>;
  readonly memories: Map<Buffer | Tensor, number>;
  readonly counters: { cache: number };
  /** Loops around the node that is being compiled, for messages. */
  readonly loops: readonly Var[];
  /** Loops around it whose iterations run at once: a register of outside may not be assigned there. */
  readonly forks: number;
}

export function newScope(program: Program): Scope {
  return { program, variables: new Map(), memories: new Map(), counters: { cache: 0 }, loops: [], forks: 0 };
}

/** The slot of a variable that is bound here. */
export function bindVariable(scope: Scope, variable: Var): number {
  const slot = scope.variables.get(variable)?.slot ?? scope.variables.size;
  scope.variables.set(variable, { slot, forks: scope.forks });
  return slot;
}

/** The slot of a buffer or tensor that is bound here. */
export function bindMemory(scope: Scope, buffer: Buffer | Tensor): number {
  const slot = scope.memories.get(buffer) ?? scope.memories.size;
  scope.memories.set(buffer, slot);
  return slot;
}

/** @throws CompileError IP201 */
export function slotOf(scope: Scope, variable: Var, span: Span): number {
  const bound = scope.variables.get(variable);
  if (bound === undefined) throw new CompileError(unbound("variable", variable.name, span));
  return bound.slot;
}

/** @throws CompileError IP201 */
export function memorySlotOf(scope: Scope, buffer: Buffer | Tensor, span: Span): number {
  const slot = scope.memories.get(buffer);
  if (slot === undefined) throw new CompileError(unbound(buffer.kind.toLowerCase(), buffer.name, span));
  return slot;
}

/** The place of a node in a run: its span, and the values of the loops around it. */
export function placeIn(scope: Scope, span: Span): (frame: Frame) => Place {
  const loops = scope.loops.map((loop) => ({ name: loop.name, slot: slotOf(scope, loop, span) }));
  return (frame) => {
    const values = loops.map(({ name, slot }) => `${name} = ${String(frame.values[slot])}`);
    return { span, notes: values.length === 0 ? [] : [`where ${values.join(", ")}`] };
  };
}
