/** Which bytes move between devices, and when: derived from the order of calls and what each reads and writes. */
import { firstOf, Holders } from "./holders.js";
import { type Call, STATE } from "./model-calls.js";

/** The first holder, before all devices: what comes from the caller or the artifact. A device stands behind it, by its position + 1. */
export const OUTSIDE = 1;

export function bitOf(device: number): number {
  return 2 << device;
}

/** The first device of a set, by its position; −1 for what lies outside alone. */
export function deviceIn(holders: number): number {
  return firstOf(holders & ~OUTSIDE) - 1;
}

/** Devices of a set, by their positions; without what lies outside. */
export function devicesIn(holders: number): readonly number[] {
  const devices: number[] = [];
  for (let rest = holders & ~OUTSIDE; rest !== 0; rest &= rest - 1) devices.push(firstOf(rest) - 1);
  return devices;
}

/** Bytes of a region that go from one device to another; −1 is outside. */
export interface Copy {
  readonly region: number;
  readonly begin: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** Holders by regions; nobody holds what is not there. */
export type Memory = ReadonlyMap<number, Holders>;

export interface Plan {
  /** Calls, each with the copies right before it. */
  readonly steps: readonly { readonly call: Call; readonly copies: readonly Copy[] }[];
  /** Who holds what in the end. */
  readonly memory: Memory;
}

/**
 * A call reads the newest bytes: pieces that its device lacks come from the first that holds them, and stay valid in both. What it writes is
 * its own alone. Bytes that nobody holds are not moved.
 */
export function planCopies(calls: readonly Call[], start: Memory): Plan {
  const memory = new Map(start);
  const at = (region: number): Holders => memory.get(region) ?? Holders.NONE;
  const steps = calls.map((call) => {
    const own = bitOf(call.device);
    const copies: Copy[] = [];
    for (const { region, begin, end, reads } of call.arguments) {
      if (!reads) continue;
      for (const piece of at(region).within(begin, end)) {
        if ((piece.holders & own) !== 0) continue;
        copies.push({ region, begin: piece.begin, end: piece.end, from: firstOf(piece.holders) - 1, to: call.device });
        memory.set(region, at(region).and(piece.begin, piece.end, own));
      }
    }
    for (const { region, begin, end, writes } of call.arguments)
      if (writes) memory.set(region, at(region).with(begin, end, own));
    return { call, copies: inOne(copies) };
  });
  return { steps, memory };
}

/** Neighbours with one way are one copy. */
function inOne(copies: readonly Copy[]): readonly Copy[] {
  const result: Copy[] = [];
  for (const copy of copies) {
    const last = result.at(-1);
    const follows = last?.region === copy.region && last.end === copy.begin && last.from === copy.from;
    if (last !== undefined && follows) result[result.length - 1] = { ...last, end: copy.end };
    else result.push(copy);
  }
  return result;
}

/** The plans of a program, one for each way that its states may lie when a run begins: soon each run begins as the one before ended. */
export class Plans {
  readonly #calls: readonly Call[];
  readonly #given: Memory;
  readonly #byKey = new Map<string, Plan>();
  readonly #byStates = new WeakMap<Holders, Plan>();

  /** `given`: who holds weights and inputs, always. */
  constructor(calls: readonly Call[], given: Memory) {
    this.#calls = calls;
    this.#given = given;
  }

  from(states: Holders): Plan {
    const known = this.#byStates.get(states) ?? this.#byKey.get(states.key);
    const plan = known ?? planCopies(this.#calls, new Map([...this.#given, [STATE, states]]));
    if (known === undefined) this.#byKey.set(states.key, plan);
    this.#byStates.set(states, plan);
    return plan;
  }

  /** Who holds the states when a run from `states` has come to the end of its first `count` calls. */
  statesAfter(states: Holders, count: number): Holders {
    return planCopies(this.#calls.slice(0, count), new Map([[STATE, states]])).memory.get(STATE) ?? Holders.NONE;
  }
}
