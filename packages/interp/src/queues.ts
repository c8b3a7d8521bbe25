import { CompileError, type Span } from "@tilewright/diagnostics";
import { deadlock, leftoverTokens, type Place, race } from "./errors.js";
import { orderOf, type Run, randomBelow } from "./frame.js";
import type { Backing } from "./memory.js";
import type { AccessKind, AccessWatcher } from "./races.js";

/** For each agent, how many of its steps are known to lie before: entry k of a vector clock is about agent k. */
type Clock = number[];

type Entry =
  | { readonly kind: "run"; readonly handed: Clock; readonly run: (agent: number) => void }
  | { readonly kind: "push" | "pop"; readonly handed: Clock; readonly channel: string };

interface Queue {
  readonly name: string;
  readonly agent: number;
  readonly entries: Entry[];
}

interface Shadow {
  readonly writer: Int32Array;
  readonly writeClock: Int32Array;
  /** By agent: the clock of its last read of each granule. */
  readonly readClock: Map<number, Int32Array>;
}

/** The agent that hands entries to queues. */
export const HOST = 0;

/**
 * The queues of one thread of control. Each runs its entries in order; which queue goes on is chosen by the run's seed: at once for seed
 * 0, as late as possible for 1, at random for others. Happens-before is kept with vector clocks (Lamport 1978; Mattern 1988), and since
 * a channel has one producer and one consumer its k-th pop takes the k-th push in every schedule: a race is found in any schedule.
 */
export class QueueSystem implements AccessWatcher {
  readonly #run: Run;
  readonly #queues = new Map<string, Queue>();
  readonly #clocks: Clock[] = [[1]];
  readonly #tokens = new Map<string, Clock[]>();
  readonly #shadows = new Map<Backing, Shadow>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** Hands work to a queue. `work` is called with the agent that runs it. */
  hand(queue: string, work: (agent: number) => void): void {
    this.#append(queue, { kind: "run", handed: this.#handOff(), run: work });
  }

  push(from: string, to: string): void {
    this.#append(from, { kind: "push", handed: this.#handOff(), channel: channelOf(from, to) });
  }

  pop(from: string, to: string): void {
    this.#append(to, { kind: "pop", handed: this.#handOff(), channel: channelOf(from, to) });
  }

  /** Runs until the named queues (all, when none is named) are empty; what they did then lies before what follows. */
  synchronize(names: readonly string[], span: Span): void {
    const awaited = names.length === 0 ? [...this.#queues.keys()] : names;
    const busy = () => awaited.some((name) => (this.#queues.get(name)?.entries.length ?? 0) > 0);
    while (busy()) if (!this.#advance()) throw new CompileError(deadlock(this.#waiting(), span));
    for (const name of awaited) {
      const queue = this.#queues.get(name);
      if (queue !== undefined) join(this.#clock(HOST), this.#clock(queue.agent));
    }
  }

  /** Runs everything to the end. @throws CompileError IP308, IP310 */
  finish(span: Span): void {
    this.synchronize([], span);
    const left = [...this.#tokens].filter(([, tokens]) => tokens.length > 0);
    const texts = left.map(([channel, tokens]) => `${tokens.length} on ${channel}`);
    if (left.length > 0) throw new CompileError(leftoverTokens(texts, span));
  }

  touch(agent: number, backing: Backing, granule: number, kind: AccessKind, place: () => Place): void {
    const shadow = this.#shadowOf(backing);
    const clock = this.#clock(agent);
    const writer = shadow.writer[granule] as number;
    if (this.#unordered(clock, agent, writer, shadow.writeClock[granule] as number)) {
      throw this.#race(backing, [writer, "write"], [agent, kind], place());
    }
    const now = clock[agent] ?? 0;
    if (kind === "read") {
      const reads = shadow.readClock.get(agent) ?? new Int32Array(shadow.writer.length);
      shadow.readClock.set(agent, reads);
      reads[granule] = now;
      return;
    }
    for (const [reader, clocks] of shadow.readClock) {
      if (this.#unordered(clock, agent, reader, clocks[granule] as number)) {
        throw this.#race(backing, [reader, "read"], [agent, kind], place());
      }
    }
    shadow.writer[granule] = agent;
    shadow.writeClock[granule] = now;
  }

  /** True when step `at` of another agent (0: there is none) does not lie before what `clock` knows. */
  #unordered(clock: Clock, agent: number, other: number, at: number): boolean {
    return other !== agent && at !== 0 && (clock[other] ?? 0) < at;
  }

  #race(
    backing: Backing,
    [first, how]: readonly [number, string],
    [second, kind]: readonly [number, string],
    place: Place,
  ): CompileError {
    const [a, b] = [this.#nameOf(first), this.#nameOf(second)];
    return new CompileError(
      race(backing.name, `the queues of \`${a}\` and \`${b}\``, `a ${how} by ${a}`, `a ${kind} by ${b}`, place),
    );
  }

  #shadowOf(backing: Backing): Shadow {
    const known = this.#shadows.get(backing);
    if (known !== undefined) return known;
    const size = Math.ceil(backing.bytes.length / backing.granule);
    const shadow = {
      writer: new Int32Array(size),
      writeClock: new Int32Array(size),
      readClock: new Map<number, Int32Array>(),
    };
    this.#shadows.set(backing, shadow);
    return shadow;
  }

  #nameOf(agent: number): string {
    return agent === HOST
      ? "the host"
      : ([...this.#queues.values()].find((queue) => queue.agent === agent)?.name ?? "");
  }

  #clock(agent: number): Clock {
    return this.#clocks[agent] as Clock;
  }

  #tick(agent: number): void {
    const clock = this.#clock(agent);
    clock[agent] = (clock[agent] ?? 0) + 1;
  }

  #handOff(): Clock {
    const handed = [...this.#clock(HOST)];
    this.#tick(HOST);
    return handed;
  }

  #append(name: string, entry: Entry): void {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = { name, agent: this.#clocks.length, entries: [] };
      this.#clocks.push([]);
      this.#tick(queue.agent);
      this.#queues.set(name, queue);
    }
    queue.entries.push(entry);
    if (this.#run.seed === 1) return;
    if (this.#run.seed === 0) while (this.#advance());
    else for (let steps = randomBelow(this.#run, 3); steps > 0; steps--) this.#advance();
  }

  /** Runs one entry of some queue; false when none can go on. */
  #advance(): boolean {
    const queues = [...this.#queues.values()];
    return orderOf(this.#run, queues.length).some((position) => this.#runHead(queues[position] as Queue));
  }

  #runHead(queue: Queue): boolean {
    const [head] = queue.entries;
    if (head === undefined) return false;
    const clock = this.#clock(queue.agent);
    if (head.kind === "pop") {
      const token = this.#tokens.get(head.channel)?.shift();
      if (token === undefined) return false;
      join(clock, token);
    }
    queue.entries.shift();
    join(clock, head.handed);
    if (head.kind === "run") head.run(queue.agent);
    if (head.kind === "push") this.#tokens.set(head.channel, [...(this.#tokens.get(head.channel) ?? []), [...clock]]);
    this.#tick(queue.agent);
    return true;
  }

  #waiting(): string[] {
    return [...this.#queues.values()].flatMap(({ name, entries: [head] }) =>
      head?.kind === "pop" ? [`queue \`${name}\` waits for a token of ${head.channel}`] : [],
    );
  }
}

const channelOf = (from: string, to: string): string => `\`${from} → ${to}\``;

function join(clock: Clock, other: Clock): void {
  other.forEach((value, agent) => {
    clock[agent] = Math.max(clock[agent] ?? 0, value);
  });
}
