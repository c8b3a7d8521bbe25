import { build, type Expr, int } from "@tilewright/ir";
import type { LoopRange } from "./random-index.js";
import type { Visible } from "./random-stmt.js";
import type { Tape } from "./tape.js";

/**
 * What of a buffer belongs to one of several agents that run at once. An agent's part of a part is made by entering one more loop: a
 * dimension is fixed to its variable, or cut into rooms.
 */
export interface Part {
  readonly visible: Visible;
  /** The rooms `base .. base + size` of a dimension, which are to be told apart further. */
  readonly room: Room | null;
  /** When the part is inside of the buffer. */
  readonly guards: readonly Expr[];
  /** No agent has a part. */
  readonly dropped: boolean;
}

interface Room {
  readonly dimension: number;
  readonly base: Expr;
  readonly size: number;
  /** An element of the room is one of the agent only when, counted from each room around, it is inside of that one. */
  readonly limits: readonly { readonly offset: Expr; readonly greatest: number; readonly size: number }[];
}

/** The coordinate of an agent, from 0. */
export interface Agent {
  readonly coordinate: Expr;
  readonly extent: number;
}

export const partOf = (visible: Visible): Part => ({ visible, room: null, guards: [], dropped: false });

export function agentOf({ expr, least, greatest }: LoopRange): Agent {
  return { coordinate: least === 0 ? expr : build.sub(expr, int(least)), extent: greatest - least + 1 };
}

/** The part of one agent of a part. */
export function enter(tape: Tape, part: Part, agent: Agent): Part {
  const { visible, room } = part;
  if (part.dropped || agent.extent === 1) return part;
  const free = visible.extents.flatMap((extent, d) =>
    d === room?.dimension || visible.fixed.has(d) || extent === 1 ? [] : [d],
  );
  const cut = room !== null && room.size > 1;
  if (free.length === 0 && !cut) return { ...part, dropped: true };
  if (cut && (free.length === 0 || !tape.once(3))) return withRoom(part, room, agent);
  const dimension = tape.pick(free);
  const extent = visible.extents[dimension] as number;
  if (room === null && !tape.once(3))
    return withRoom(part, { dimension, base: int(0), size: extent, limits: [] }, agent);
  const guards =
    agent.extent > extent ? [...part.guards, build.binary("lt", agent.coordinate, int(extent))] : part.guards;
  const fixed = new Map(visible.fixed).set(dimension, agent.coordinate);
  return { ...part, visible: { ...visible, fixed }, guards };
}

/** The room of one agent: as many elements as all need for theirs. */
function withRoom(part: Part, { dimension, base, size, limits }: Room, agent: Agent): Part {
  const own = Math.ceil(size / agent.extent);
  const shift = own === 1 ? agent.coordinate : build.mul(agent.coordinate, int(own));
  const greatest = (agent.extent - 1) * own;
  const outer = limits.map((limit) => ({
    ...limit,
    offset: build.add(limit.offset, shift),
    greatest: limit.greatest + greatest,
  }));
  const start = base.kind === "Const" ? shift : build.add(base, shift);
  return {
    ...part,
    room: { dimension, base: start, size: own, limits: [...outer, { offset: shift, greatest, size }] },
  };
}

/** A part as plain statements see it, with the guard under which they may: of a room one element. */
export function settled(
  tape: Tape,
  { visible, room, guards }: Part,
): { readonly visible: Visible; readonly guard: Expr | null } {
  const all = [...guards];
  let { fixed } = visible;
  if (room !== null) {
    const step = tape.below(room.size);
    const at = (expr: Expr): Expr => (step === 0 ? expr : build.add(expr, int(step)));
    fixed = new Map(fixed).set(room.dimension, at(room.base));
    for (const { offset, greatest, size } of room.limits)
      if (greatest + step >= size) all.push(build.binary("lt", at(offset), int(size)));
  }
  const guard = all.length === 0 ? null : all.reduce((some, next) => build.binary("and", some, next));
  return { visible: { ...visible, fixed }, guard };
}
