/** Offsets of allocations and closures in a function's workspace, last in first out. */
import { ALIGNMENT } from "@tilewright/artifact";
import { CompileError } from "@tilewright/diagnostics";
import { type Buffer, bytesOf, isConst } from "@tilewright/ir";
import { workspaceTooLarge } from "./errors.js";

/** Offsets are added to addresses as signed numbers of 32 bits. */
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

  /** @throws CompileError `BE207` more bytes than addresses reach */
  allocate(buffer: Buffer): number {
    const elements = buffer.shape.reduce((count, extent) => count * (isConst(extent) ? Number(extent.value) : 0), 1);
    const bytes = bytesOf(buffer.dtype, elements);
    const small = Math.min(ALIGNMENT, Math.max(16, buffer.alignment));
    const offset = this.reserve(bytes, bytes >= ALIGNMENT ? ALIGNMENT : small);
    if (!(this.#top <= MAX_BYTES))
      throw new CompileError(workspaceTooLarge(buffer.name, MAX_BYTES, this.#top, buffer.span));
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

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
