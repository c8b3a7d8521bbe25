import { CompileError } from "@tilewright/diagnostics";
import type { Atomic, Expr, Load, Store } from "@tilewright/ir";
import { isObserved, observe } from "./access.js";
import { illTyped, outOfBounds, type Place } from "./errors.js";
import type { Evaluator, Parts } from "./expressions.js";
import type { Frame } from "./frame.js";
import type { Memory } from "./memory.js";
import { memorySlotOf, placeIn, type Scope } from "./scope.js";
import { type Scalar, type Value, zeroOf } from "./values.js";

/** Where an access goes: the memory, and from index values to the element's offset, checked against the bounds. */
export interface Address {
  readonly memory: (frame: Frame) => Memory;
  /** The offset for one lane. @throws CompileError IP301 */
  readonly element: (frame: Frame, memory: Memory, indices: readonly Value[], lane: number) => number;
  readonly place: (frame: Frame) => Place;
}

/** The address of a Load, Store or Atomic. One index into a buffer of another rank is a flat offset. */
export function addressOf(scope: Scope, node: Load | Store | Atomic, access: string): Address {
  const { buffer, indices, span } = node;
  const slot = memorySlotOf(scope, buffer, span);
  const rank = buffer.shape.length;
  const flat = indices.length === 1 && rank !== 1;
  if (!flat && indices.length !== rank) {
    throw new CompileError(
      illTyped(
        `\`${buffer.name}\` has ${rank} dimensions`,
        `${rank} indices, or one in flat form`,
        `${indices.length} indices`,
        span,
      ),
    );
  }
  const place = placeIn(scope, span);
  return {
    memory: (frame) => frame.memories[slot] as Memory,
    place,
    element: (frame, memory, values, lane) => {
      const { shape, strides } = memory;
      let element = 0;
      for (let d = 0; d < values.length; d++) {
        const value = values[d] as Value;
        const index = Number(typeof value === "object" ? value[lane] : value);
        if (!(index >= 0 && index < (flat ? memory.length : (shape[d] as number)))) {
          const tuple = values.map((each) => Number(typeof each === "object" ? each[lane] : each));
          throw new CompileError(outOfBounds(access, memory.name, tuple, flat ? [memory.length] : shape, place(frame)));
        }
        element += flat ? index : index * (strides[d] as number);
      }
      return element;
    },
  };
}

/** Lanes of an access: those of its widest index. */
export function accessLanes(indices: readonly Expr[]): number {
  return indices.reduce((lanes, index) => Math.max(lanes, index.lanes), 1);
}

/** Reads one element. */
export function readElement(frame: Frame, memory: Memory, element: number, address: Address): Scalar {
  if (isObserved(frame, memory)) observe(frame, memory, element, "read", () => address.place(frame));
  return memory.get(element);
}

/** Lanes whose predicate is false are not read and give 0; so do lanes outside of the mask of a choice by lanes. */
export function loadEvaluator(scope: Scope, node: Load, part: Parts): Evaluator {
  const address = addressOf(scope, node, "load");
  const indices = node.indices.map(part);
  const predicate = node.predicate === null ? null : part(node.predicate);
  const nothing = zeroOf(node.dtype);
  const lanes = accessLanes(node.indices);
  return (frame) => {
    const values = indices.map((index) => index(frame));
    const taken = predicate === null ? true : predicate(frame);
    if (taken === false) return lanes === 1 ? nothing : new Array<Scalar>(lanes).fill(nothing);
    const memory = address.memory(frame);
    if (lanes === 1) return readElement(frame, memory, address.element(frame, memory, values, 0), address);
    const { mask } = frame;
    return Array.from({ length: lanes }, (_, lane) => {
      if ((typeof taken === "object" && taken[lane] !== true) || (mask !== null && mask[lane] !== true)) return nothing;
      return readElement(frame, memory, address.element(frame, memory, values, lane), address);
    });
  };
}
