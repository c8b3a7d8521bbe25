import { CompileError } from "@tilewright/diagnostics";
import { type Place, undeclaredAccess, uninitialisedRead } from "./errors.js";
import type { Frame } from "./frame.js";
import { bytesOfElement, indexOf, type Memory } from "./memory.js";
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
  const [start, end] = bytesOfElement(memory, element);
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
  if (backing.initialised !== null) followInitialisation(frame, memory, element, kind, place);
}

function followInitialisation(
  frame: Frame,
  memory: Memory,
  element: number,
  kind: AccessKind,
  place: () => Place,
): void {
  const initialised = memory.backing.initialised as Uint8Array;
  const [start, end] = bytesOfElement(memory, element);
  if (kind !== "write" && initialised.subarray(start, end).includes(0)) {
    if (frame.run.uninitialised === "error") {
      throw new CompileError(uninitialisedRead(memory.name, indexOf(memory, element), place()));
    }
    frame.run.uninitialisedReads++;
  }
  if (kind !== "read") initialised.fill(1, start, end);
}
