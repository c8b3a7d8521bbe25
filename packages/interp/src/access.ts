import { CompileError } from "@tilewright/diagnostics";
import { type Place, undeclaredAccess, uninitialisedRead } from "./errors.js";
import type { Frame } from "./frame.js";
import { indexOf, type Memory } from "./memory.js";
import type { AccessKind } from "./races.js";
import { holds } from "./regions.js";

/** True when accesses of `memory` by `frame` need `observe`. */
export function isObserved(frame: Frame, memory: Memory): boolean {
  return memory.backing.initialised !== null || frame.tracks.length > 0 || frame.regions !== null;
}

/**
 * Called before each access that `isObserved`: finds undeclared accesses of an asynchronous body, races, and reads of memory that
 * nothing wrote. @throws CompileError IP303, IP306, IP309
 */
export function observe(frame: Frame, memory: Memory, element: number, kind: AccessKind, place: () => Place): void {
  const { backing } = memory;
  const start = memory.byteOffset + Math.floor((element * memory.elementBits) / 8);
  const end = start + Math.max(1, memory.elementBits >> 3);
  if (frame.regions !== null && !frame.regions.own.has(backing)) {
    const { reads, writes } = frame.regions;
    const declared =
      holds(writes.get(backing), start, end) || (kind === "read" && holds(reads.get(backing), start, end));
    if (!declared) throw new CompileError(undeclaredAccess(kind, memory.name, indexOf(memory, element), place()));
  }
  for (const { watcher, agent } of frame.tracks) {
    if ((backing.privateTo as readonly unknown[]).includes(watcher)) continue;
    const last = Math.ceil(end / backing.granule);
    for (let granule = Math.floor(start / backing.granule); granule < last; granule++) {
      watcher.touch(agent, backing, granule, kind, place);
    }
  }
  if (backing.initialised === null) return;
  if (kind !== "write" && !allSet(backing.initialised, start, end)) readUninitialised(frame, memory, element, place);
  if (kind !== "read") for (let byte = start; byte < end; byte++) backing.initialised[byte] = 1;
}

function allSet(initialised: Uint8Array, start: number, end: number): boolean {
  for (let byte = start; byte < end; byte++) if (initialised[byte] === 0) return false;
  return true;
}

function readUninitialised(frame: Frame, memory: Memory, element: number, place: () => Place): void {
  if (frame.run.uninitialised === "error") {
    throw new CompileError(uninitialisedRead(memory.name, indexOf(memory, element), place()));
  }
  frame.run.uninitialisedReads++;
}
