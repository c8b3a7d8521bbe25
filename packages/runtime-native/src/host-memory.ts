import { ALIGNMENT, type DeviceBuffer } from "@tilewright/artifact";
import koffi from "koffi";
import { disposed, outOfMemory, outOfRange } from "./errors.js";

/** Memory of this process, aligned to 64 bytes. Native code is given its address, so it must stay referenced while in use. */
class HostBuffer implements DeviceBuffer {
  readonly byteLength: number;
  readonly bytes: Uint8Array;
  readonly address: bigint;

  constructor(byteLength: number) {
    // An ArrayBuffer of its own: its bytes never move, and their address is known.
    const room = new ArrayBuffer(byteLength + ALIGNMENT);
    const start = koffi.address(room);
    const skip = Number((BigInt(ALIGNMENT) - (start % BigInt(ALIGNMENT))) % BigInt(ALIGNMENT));
    this.byteLength = byteLength;
    this.bytes = new Uint8Array(room, skip, byteLength);
    this.address = start + BigInt(skip);
  }
}

/** The buffers of one device. */
export class HostMemory {
  readonly #live = new Set<DeviceBuffer>();
  #bytes = 0;

  get allocatedBytes(): number {
    return this.#bytes;
  }

  /** @throws CompileError `RT113` a size that is none · `RT108` more than there is */
  allocate(byteLength: number): DeviceBuffer {
    if (!Number.isSafeInteger(byteLength) || byteLength < 0)
      throw outOfRange("the size of a buffer", "an integer ≥ 0", String(byteLength));
    let buffer: HostBuffer;
    try {
      buffer = new HostBuffer(byteLength);
    } catch {
      throw outOfMemory(byteLength, this.#bytes);
    }
    this.#live.add(buffer);
    this.#bytes += byteLength;
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    this.#held(buffer);
    this.#live.delete(buffer);
    this.#bytes -= buffer.byteLength;
  }

  /** @throws CompileError `RT104` freed, or of another device · `RT113` outside */
  bytes(buffer: DeviceBuffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset): Uint8Array {
    const { bytes } = this.#held(buffer);
    checkPart(bytes.length, byteOffset, byteLength);
    return bytes.subarray(byteOffset, byteOffset + byteLength);
  }

  /** Where a part of a buffer lies. @throws CompileError `RT104` · `RT113` */
  address(buffer: DeviceBuffer, byteOffset: number, byteLength: number): bigint {
    const held = this.#held(buffer);
    checkPart(held.byteLength, byteOffset, byteLength);
    return held.address + BigInt(byteOffset);
  }

  clear(): void {
    this.#live.clear();
    this.#bytes = 0;
  }

  #held(buffer: DeviceBuffer): HostBuffer {
    if (!this.#live.has(buffer)) throw disposed("the memory");
    return buffer as HostBuffer;
  }
}

function checkPart(size: number, byteOffset: number, byteLength: number): void {
  const [begin, end] = [byteOffset, byteOffset + byteLength];
  if ([begin, end].every(Number.isInteger) && begin >= 0 && byteLength >= 0 && end <= size) return;
  throw outOfRange("a part of a buffer", `whole bytes within 0 .. ${size}`, `${begin} .. ${end}`);
}
