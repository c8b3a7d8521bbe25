import { ALIGNMENT } from "@tilewright/artifact";

interface Hole {
  address: number;
  bytes: number;
}

/** First fit over a range of addresses; neighbouring holes join. All addresses and sizes are multiples of 64. */
export class Allocator {
  /** In order of addresses; the last one reaches to `end`. */
  readonly #holes: Hole[];
  readonly #sizes = new Map<number, number>();
  #end: number;

  constructor(begin: number, end: number) {
    this.#holes = [{ address: begin, bytes: end - begin }];
    this.#end = end;
  }

  /** The address, or the number of bytes by which the range must grow. */
  allocate(byteLength: number): { readonly address: number } | { readonly missing: number } {
    const bytes = Math.max(ALIGNMENT, Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT);
    const position = this.#holes.findIndex((hole) => hole.bytes >= bytes);
    const hole = this.#holes[position];
    if (hole === undefined) {
      const last = this.#holes.at(-1);
      const atEnd = last !== undefined && last.address + last.bytes === this.#end ? last.bytes : 0;
      return { missing: bytes - atEnd };
    }
    const { address } = hole;
    hole.address += bytes;
    hole.bytes -= bytes;
    if (hole.bytes === 0) this.#holes.splice(position, 1);
    this.#sizes.set(address, bytes);
    return { address };
  }

  free(address: number): void {
    const bytes = this.#sizes.get(address);
    if (bytes === undefined) return;
    this.#sizes.delete(address);
    this.#insert({ address, bytes });
  }

  grow(bytes: number): void {
    this.#insert({ address: this.#end, bytes });
    this.#end += bytes;
  }

  #insert(hole: Hole): void {
    const after = this.#holes.findIndex((other) => other.address > hole.address);
    const position = after < 0 ? this.#holes.length : after;
    this.#holes.splice(position, 0, hole);
    this.#join(position);
    this.#join(position - 1);
  }

  #join(position: number): void {
    const hole = this.#holes[position];
    const next = this.#holes[position + 1];
    if (hole === undefined || next === undefined || hole.address + hole.bytes !== next.address) return;
    hole.bytes += next.bytes;
    this.#holes.splice(position + 1, 1);
  }
}
