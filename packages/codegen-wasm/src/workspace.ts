/** Offsets of allocations and closures in a function's workspace, last in first out. */
import { ALIGNMENT } from "@tilewright/artifact";
import { CompileError } from "@tilewright/diagnostics";
import { type Buffer, bytesOf, isConst } from "@tilewright/ir";
import { badAllocation } from "./errors.js";

const MAX_BYTES = 2 ** 31 - 1;

export class Workspace {
  #top = 0;
  #peak = 0;
  readonly #calls: { readonly callee: string; readonly offset: number }[] = [];

  /** Reserves bytes until `release` of the offset that it returns. */
  reserve(bytes: number, alignment: number): number {
    const offset = roundUp(this.#top, alignment);
    this.#top = offset + bytes;
    this.#peak = Math.max(this.#peak, this.#top);
    return offset;
  }

  release(offset: number): void {
    this.#top = offset;
  }

  /** Where a callee's workspace begins. */
  call(callee: string): number {
    const offset = roundUp(this.#top, ALIGNMENT);
    this.#calls.push({ callee, offset });
    return offset;
  }

  /** Own bytes, and what each call adds at its offset. */
  get use(): WorkspaceUse {
    return { ownBytes: this.#peak, calls: this.#calls };
  }
}

export interface WorkspaceUse {
  readonly ownBytes: number;
  readonly calls: readonly { readonly callee: string; readonly offset: number }[];
}

/** Workspace bytes of every function, callees included. Callees stand in `uses` too, and nothing calls itself. */
export function totalWorkspaceBytes(uses: ReadonlyMap<string, WorkspaceUse>): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  const total = (name: string): number => {
    const known = totals.get(name);
    if (known !== undefined) return known;
    const use = uses.get(name) ?? { ownBytes: 0, calls: [] };
    const bytes = use.calls.reduce((most, { callee, offset }) => Math.max(most, offset + total(callee)), use.ownBytes);
    totals.set(name, bytes);
    return bytes;
  };
  for (const name of uses.keys()) total(name);
  return totals;
}

/** @throws CompileError `BE207` extents that are not constant, or too many bytes */
export function allocationBytes(buffer: Buffer): number {
  let elements = 1;
  for (const extent of buffer.shape) {
    if (!isConst(extent))
      throw new CompileError(badAllocation(buffer.name, "an extent that is not a constant", buffer.span));
    elements *= Number(extent.value);
  }
  const bytes = bytesOf(buffer.dtype, elements);
  if (!(bytes >= 0 && bytes <= MAX_BYTES))
    throw new CompileError(badAllocation(buffer.name, `${bytes} bytes`, buffer.span));
  return bytes;
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
