/** An array as the IDX format of MNIST holds it: bytes of pixels or labels, row-major. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTES = 8;

/**
 * Reads an IDX file of bytes: two zeros, the type of the elements (8: unsigned byte), the rank, each length as a big-endian 32-bit number,
 * then the elements.
 * @throws Error when the file is something else, or its length is not what its header says
 */
export function parseIdx(file: Uint8Array, name: string): IdxArray {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [zero = 1, alsoZero = 1, type, rank = 0] = file;
  const headerBytes = 4 + 4 * rank;
  if (zero !== 0 || alsoZero !== 0 || type !== UNSIGNED_BYTES || file.length < headerBytes) {
    throw new Error(`${name} is not an IDX file of bytes`);
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const elements = shape.reduce((product, extent) => product * extent, 1);
  if (file.length !== headerBytes + elements) {
    throw new Error(`${name} holds ${file.length - headerBytes} bytes of data, its header says ${shape.join(" × ")}`);
  }
  return { shape, data: file.subarray(headerBytes) };
}
