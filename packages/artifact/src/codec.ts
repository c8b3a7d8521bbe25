/**
 * One file for one artifact. Little-endian. At byte 0 the signature (8 bytes), then 32-bit words: version, bytes of the header, bytes of the
 * file (low, high), CRC-32 of the header, CRC-32 of the 28 bytes before. At byte 32 the header: JSON `{manifest, blobs: [{name, offset,
 * byteLength, crc32}]}`. Then the blobs in order, each at a multiple of 64, zeros between. Every bit of a file is covered by a checksum
 * or must be zero.
 */
import { CompileError } from "@tilewright/diagnostics";
import { ALIGNMENT } from "./abi.js";
import { crc32 } from "./crc32.js";
import { badField, newerArtifact, notAnArtifact, notBytes, wrongChecksum, wrongLength } from "./errors.js";
import { arrayOf, count, objectWith, stringOf } from "./fields.js";
import { ARTIFACT_VERSION, type Artifact } from "./manifest.js";
import { checkArtifact } from "./validate.js";

const SIGNATURE = Uint8Array.of(0x89, 0x54, 0x57, 0x41, 0x0d, 0x0a, 0x1a, 0x0a);
const PREFIX_BYTES = 32;

interface BlobEntry {
  readonly name: string;
  readonly offset: number;
  readonly byteLength: number;
  readonly crc32: number;
}

/** The bytes of a file. Equal artifacts give equal bytes. @throws CompileError `AR105` a manifest that readers would refuse */
export function encodeArtifact(artifact: Artifact): Uint8Array<ArrayBuffer> {
  checkArtifact(artifact);
  const names = [...artifact.blobs.keys()].sort();
  const encoder = new TextEncoder();
  // Offsets stand in the header, whose length they change: count from the end of the header instead, which is aligned.
  let offset = 0;
  const blobs = names.map((name): BlobEntry => {
    const bytes = artifact.blobs.get(name) ?? new Uint8Array();
    const entry = { name, offset, byteLength: bytes.length, crc32: crc32(bytes) };
    offset = align(offset + bytes.length);
    return entry;
  });
  const header = encoder.encode(JSON.stringify({ manifest: artifact.manifest, blobs }));
  const start = align(PREFIX_BYTES + header.length);
  const last = blobs.at(-1);
  const out = new Uint8Array(start + (last === undefined ? 0 : last.offset + last.byteLength));
  out.set(SIGNATURE);
  out.set(header, PREFIX_BYTES);
  for (const blob of blobs) out.set(artifact.blobs.get(blob.name) ?? new Uint8Array(), start + blob.offset);
  const view = new DataView(out.buffer);
  view.setUint32(8, artifact.manifest.version, true);
  view.setUint32(12, header.length, true);
  view.setUint32(16, out.length % 2 ** 32, true);
  view.setUint32(20, Math.floor(out.length / 2 ** 32), true);
  view.setUint32(24, crc32(header), true);
  view.setUint32(28, crc32(out.subarray(0, 28)), true);
  return out;
}

/**
 * The artifact in a file. Blobs are views of its bytes, at multiples of 64 from its start.
 * @throws CompileError `AR101` no artifact · `AR102` newer version · `AR103` cut or grown · `AR104` damaged · `AR105` wrong manifest
 */
export function decodeArtifact(source: Uint8Array | ArrayBuffer): Artifact {
  const bytes = bytesOf(source);
  const { headerBytes, headerCrc } = readPrefix(bytes);
  const header = slice(bytes, PREFIX_BYTES, headerBytes, "the header");
  verifyChecksum(header, headerCrc, "the header");
  const { manifest, blobs } = objectWith(parseJson(header), "header", ["manifest", "blobs"]);
  const start = align(PREFIX_BYTES + headerBytes);
  const found = new Map<string, Uint8Array>();
  let end = PREFIX_BYTES + headerBytes;
  for (const entry of arrayOf(blobs, "blobs").map(readBlobEntry)) {
    const place = `blob \`${entry.name}\``;
    if (start + entry.offset !== align(end))
      throw new CompileError(badField(`blobs.${entry.name}.offset`, `${align(end) - start}`, `${entry.offset}`));
    const blob = slice(bytes, start + entry.offset, entry.byteLength, place);
    verifyChecksum(blob, entry.crc32, place);
    verifyPadding(bytes, end, start + entry.offset);
    end = start + entry.offset + entry.byteLength;
    found.set(entry.name, blob);
  }
  const size = found.size === 0 ? start : end;
  verifyPadding(bytes, end, size);
  if (bytes.length !== size) throw new CompileError(wrongLength("its end", size, bytes.length));
  const artifact = { manifest, blobs: found } as Artifact;
  checkArtifact(artifact);
  return artifact;
}

function bytesOf(source: unknown): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  const isObject = typeof source === "object" && source !== null;
  const shown = isObject
    ? `an object of ${source.constructor?.name ?? "no class"}`
    : `${source === null ? "null" : typeof source}`;
  throw new CompileError(notBytes(shown));
}

function readPrefix(bytes: Uint8Array): { readonly headerBytes: number; readonly headerCrc: number } {
  const begin = bytes.subarray(0, SIGNATURE.length);
  if (begin.length < SIGNATURE.length || begin.some((byte, position) => byte !== SIGNATURE[position])) {
    const shown = [...begin].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new CompileError(notAnArtifact(shown === "" ? "no bytes" : shown));
  }
  if (bytes.length < PREFIX_BYTES) throw new CompileError(wrongLength("its start", PREFIX_BYTES, bytes.length));
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES);
  verifyChecksum(bytes.subarray(0, 28), view.getUint32(28, true), "its first bytes");
  const version = view.getUint32(8, true);
  if (version > ARTIFACT_VERSION) throw new CompileError(newerArtifact(version, ARTIFACT_VERSION));
  const fileBytes = view.getUint32(16, true) + view.getUint32(20, true) * 2 ** 32;
  if (fileBytes !== bytes.length) throw new CompileError(wrongLength("its end", fileBytes, bytes.length));
  return { headerBytes: view.getUint32(12, true), headerCrc: view.getUint32(24, true) };
}

function readBlobEntry(value: unknown, position: number): BlobEntry {
  const path = `blobs[${position}]`;
  const entry = objectWith(value, path, ["name", "offset", "byteLength", "crc32"]);
  return {
    name: stringOf(entry.name, `${path}.name`),
    offset: count(entry.offset, `${path}.offset`),
    byteLength: count(entry.byteLength, `${path}.byteLength`),
    crc32: count(entry.crc32, `${path}.crc32`),
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new CompileError(badField("header", "JSON in UTF-8", error instanceof Error ? error.message : String(error)));
  }
}

function slice(bytes: Uint8Array, offset: number, length: number, place: string): Uint8Array {
  const part = bytes.subarray(offset, offset + length);
  if (part.length !== length) throw new CompileError(wrongLength(place, length, part.length));
  return part;
}

function verifyChecksum(bytes: Uint8Array, expected: number, place: string): void {
  const actual = crc32(bytes);
  if (actual !== expected) throw new CompileError(wrongChecksum(place, expected, actual));
}

function verifyPadding(bytes: Uint8Array, from: number, to: number): void {
  const padding = bytes.subarray(from, to);
  if (padding.some((byte) => byte !== 0))
    throw new CompileError(wrongChecksum("the padding between blobs", 0, crc32(padding)));
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
