import { CompileError } from "@tilewright/diagnostics";
import { type Place, race } from "./errors.js";
import type { Backing } from "./memory.js";

export type AccessKind = "read" | "write" | "atomic";

/** Watches the accesses of concurrent agents to find two that nothing orders, at least one a write. */
export interface AccessWatcher {
  /** Agent `agent` touches granule `granule`. @throws CompileError IP306 */
  touch(agent: number, backing: Backing, granule: number, kind: AccessKind, place: () => Place): void;
}

interface Shadow {
  /** Which round the entries below belong to; those of older rounds are void. */
  readonly round: Int32Array;
  readonly writer: Int32Array;
  readonly reader: Int32Array;
  readonly updater: Int32Array;
}

const NOBODY = -1;
const SEVERAL = -2;

/**
 * The branches of one fork: iterations of a parallel loop, blocks of a launch, threads of a block, virtual threads. All are concurrent,
 * but a barrier ends a round: what lies in different rounds is ordered.
 */
export class ForkContext implements AccessWatcher {
  readonly #loop: string;
  readonly #describe: (agent: number) => string;
  readonly #shadows = new Map<Backing, Shadow>();
  readonly #rounds = { shared: 1, global: 1 };

  constructor(loop: string, describe: (agent: number) => string) {
    this.#loop = loop;
    this.#describe = describe;
  }

  /** A barrier of `scope`: orders memory of that scope and of narrower ones. */
  barrier(scope: "shared" | "global"): void {
    this.#rounds.shared++;
    if (scope === "global") this.#rounds.global++;
  }

  touch(agent: number, backing: Backing, granule: number, kind: AccessKind, place: () => Place): void {
    const shadow = this.#shadows.get(backing) ?? newShadow(backing);
    this.#shadows.set(backing, shadow);
    const round = backing.scope === "global" ? this.#rounds.global : this.#rounds.shared;
    if (shadow.round[granule] !== round) {
      shadow.round[granule] = round;
      shadow.writer[granule] = shadow.reader[granule] = shadow.updater[granule] = NOBODY;
    }
    const conflict = conflictOf(shadow, granule, agent, kind);
    if (conflict !== null) {
      const other = conflict.agent === SEVERAL ? "several others" : this.#describe(conflict.agent);
      const first = `a ${conflict.kind} by ${other}`;
      const second = `a ${kind} by ${this.#describe(agent)}`;
      throw new CompileError(race(backing.name, `\`${this.#loop}\``, first, second, place()));
    }
    const own = kind === "write" ? shadow.writer : kind === "read" ? shadow.reader : shadow.updater;
    const before = own[granule];
    own[granule] = before === NOBODY || before === agent ? agent : SEVERAL;
  }
}

function newShadow(backing: Backing): Shadow {
  const size = Math.ceil(backing.bytes.length / backing.granule);
  const table = () => new Int32Array(size);
  return { round: table(), writer: table(), reader: table(), updater: table() };
}

function conflictOf(shadow: Shadow, granule: number, agent: number, kind: AccessKind) {
  const against = (table: Int32Array, other: AccessKind) => {
    const found = table[granule] as number;
    return found === NOBODY || found === agent ? null : { kind: other, agent: found };
  };
  const written = against(shadow.writer, "write");
  if (written !== null) return written;
  if (kind !== "read") {
    const read = against(shadow.reader, "read");
    if (read !== null) return read;
  }
  return kind === "atomic" ? null : against(shadow.updater, "atomic");
}
