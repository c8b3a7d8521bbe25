import { CompileError } from "@tilewright/diagnostics";
import type { Async, BufferRegion, PopToken, PushToken, Synchronize } from "@tilewright/ir";
import type { Action, Compilers } from "./compilers.js";
import { illTyped } from "./errors.js";
import { compileIndex } from "./expressions.js";
import { type Frame, fork } from "./frame.js";
import type { Memory } from "./memory.js";
import { type Box, checkBox, regionMap } from "./regions.js";
import { memorySlotOf, placeIn, type Scope } from "./scope.js";
import { someStatement } from "./structure.js";

const NOT_INSIDE = new Set(["Async", "PushToken", "PopToken", "Synchronize", "Barrier"]);

/** Hands the body to its queue, with the values that variables have now. */
export function compileAsync(scope: Scope, stmt: Async, compilers: Compilers): Action {
  if (someStatement(stmt.body, (inner) => NOT_INSIDE.has(inner.kind))) {
    const message = `an entry of queue \`${stmt.queue}\` holds a barrier or touches queues`;
    throw new CompileError(illTyped(message, "a body that runs to its end", "a statement that waits", stmt.span));
  }
  const reads = stmt.reads.map((region) => compileRegion(scope, region));
  const writes = stmt.writes.map((region) => compileRegion(scope, region));
  const body = compilers.action({ ...scope, forks: scope.forks + 1 }, stmt.body);
  return (frame) => {
    const { queues } = frame;
    const regions = {
      reads: regionMap(reads.map((box) => box(frame))),
      writes: regionMap(writes.map((box) => box(frame))),
    };
    const captured = fork(frame);
    queues?.hand(stmt.queue, (agent) => {
      const position = frame.tracks.findIndex((track) => track.watcher === queues);
      const tracks = position < 0 ? frame.tracks : [...frame.tracks.slice(0, position), { watcher: queues, agent }];
      body(fork(captured, { tracks, regions: { ...regions, own: new Set() }, queues: null }));
    });
  };
}

/** A region with its bounds as numbers; one bound for a buffer of another rank counts elements. @throws CompileError IP301 when it leaves its buffer. */
export function compileRegion(scope: Scope, region: BufferRegion): (frame: Frame) => Box {
  const slot = memorySlotOf(scope, region.buffer, region.span);
  const mins = region.mins.map((min) => compileIndex(scope, min));
  const extents = region.extents.map((extent) => compileIndex(scope, extent));
  const place = placeIn(scope, region.span);
  const flat = mins.length === 1 && region.buffer.shape.length !== 1;
  return (frame) => {
    const whole = frame.memories[slot] as Memory;
    const memory = flat ? { ...whole, shape: [whole.length], strides: [1] } : whole;
    const box = { memory, mins: mins.map((min) => min(frame)), extents: extents.map((extent) => extent(frame)) };
    checkBox(box, region, place(frame).notes);
    return box;
  };
}

/** Tokens and synchronisation. */
export function compileTokens(stmt: PushToken | PopToken | Synchronize): Action {
  switch (stmt.kind) {
    case "PushToken":
      return (frame) => frame.queues?.push(stmt.from, stmt.to);
    case "PopToken":
      return (frame) => frame.queues?.pop(stmt.from, stmt.to);
    case "Synchronize":
      return (frame) => frame.queues?.synchronize(stmt.queues, stmt.span);
  }
}
