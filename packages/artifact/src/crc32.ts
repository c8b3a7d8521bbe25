const POLYNOMIAL = 0xedb88320;

const TABLE = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest;
});

/** CRC-32 of ISO 3309, as PNG and zip use it: 0 ≤ result < 2³². */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let position = 0; position < bytes.length; position++) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[position] as number)) & 0xff] as number);
  }
  return ~crc >>> 0;
}
