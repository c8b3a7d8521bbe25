import type { Buffer } from "@tilewright/ir";
import { type LevelTraffic, WHOLE_NEST, type WorkingSet } from "./explanation.js";
import { bytesOfBuffer } from "./footprint.js";
import { groupBy } from "./group-by.js";
import type { Machine } from "./machine.js";
import type { Access, Loop, Nest, Statement } from "./nest.js";
import { type Boundary, type Bytes, hasLanes, type Traffic, TrafficModel } from "./traffic.js";

/** Bytes of a register that holds one scalar. */
const SCALAR_BYTES = 8;

/** Traffic and working sets of a nest at every level of a machine's memory. */
export interface Memory {
  /** By level, `L1` to `memory`. */
  readonly levels: readonly { readonly level: string; readonly traffic: Traffic }[];
  /** One iteration of a loop on one core: distinct bytes in lines of the first cache, and the smallest cache that holds it. */
  iteration(loop: Loop, depth: number): { readonly bytes: number; readonly cache: string | null };
  /** Of the loops around a statement. */
  workingSets(statement: Statement): readonly WorkingSet[];
  /** Buffers whose rows drive each other out of a cache that has room for one iteration of a loop. */
  crowded(loop: Loop, depth: number): readonly { readonly cache: string; readonly buffer: Buffer }[];
  /** Small arrays that live in registers, so that they cause no traffic. */
  readonly held: ReadonlySet<Buffer>;
}

export function memoryOf(nest: Nest, machine: Machine, threads: number): Memory {
  const held = heldBuffers(nest, machine);
  const none: ReadonlySet<Buffer> = new Set();
  const registers = {
    capacity: machine.registers * machine.vectorBytes, scalarCapacity: machine.registers * SCALAR_BYTES, lineBytes: 0, perCore: true, sets: null,
  } satisfies Boundary; // biome-ignore format: one glance
  const caches = machine.caches.map(({ bytes, lineBytes, perCore, name, ways }) => {
    const sets = ways === undefined ? null : { ways, wayBytes: bytes / ways, lineBytes };
    const boundary = { capacity: bytes, scalarCapacity: bytes, lineBytes, perCore, sets };
    return { name, bytes, model: new TrafficModel(nest, boundary, threads, held) };
  });
  const models = [new TrafficModel(nest, registers, threads, held), ...caches.map(({ model }) => model)];
  const names = [...machine.caches.map(({ name }) => name), "memory"];
  const first = caches[0]?.model ?? new TrafficModel(nest, { ...registers, lineBytes: 1 }, threads, none);
  return {
    held,
    levels: models.map((model, level) => ({ level: names[level] ?? "memory", traffic: model.traffic(nest.root) })),
    iteration: (loop, depth) => ({
      bytes: first.workingSet(loop.body, depth + 1),
      cache: caches.find(({ model }) => model.fits(loop.body, depth + 1))?.name ?? null,
    }),
    workingSets: (statement) =>
      caches.map(({ name, bytes, model }) => {
        const { loops } = statement;
        const [outermost] = loops;
        if (outermost === undefined || model.fits(outermost, 0)) {
          const whole = model.workingSet(outermost ?? statement, 0);
          return { cache: name, cacheBytes: bytes, loop: WHOLE_NEST, bytes: whole };
        }
        const depth = loops.findIndex((loop, position) => model.fits(loop.body, position + 1));
        const shown = loops[depth] ?? loops.at(-1) ?? outermost;
        const size = model.workingSet(shown.body, depth < 0 ? loops.length : depth + 1);
        return { cache: name, cacheBytes: bytes, loop: loops[depth]?.name ?? null, bytes: size };
      }),
    crowded: (loop, depth) =>
      caches.flatMap(({ name, bytes, model }) =>
        model.workingSet(loop.body, depth + 1) > bytes
          ? []
          : [...model.crowded(loop.body, depth + 1)].map((buffer) => ({ cache: name, buffer })),
      ),
  };
}

/** Arrays of scope `local` that fit in the registers and are only accessed at places that unrolling makes constant. */
function heldBuffers(nest: Nest, machine: Machine): ReadonlySet<Buffer> {
  const byBuffer = groupBy(nest.accesses, ({ buffer }) => buffer);
  const held = new Set<Buffer>();
  for (const [buffer, accesses] of byBuffer) {
    const room = machine.registers * (hasLanes(accesses) ? machine.vectorBytes : SCALAR_BYTES);
    if (buffer.scope === "local" && bytesOfBuffer(buffer) <= room && accesses.every(hasFixedPlace)) held.add(buffer);
  }
  return held;
}

function hasFixedPlace({ indices, loops }: Access): boolean {
  const copies = new Set(
    loops
      .filter(({ loopKind }) => loopKind === "unrolled" || loopKind === "vectorized")
      .map(({ variable }) => variable),
  );
  return indices.every(
    ({ affine, loops: used }) => affine !== undefined && [...used].every((loop) => copies.has(loop)),
  );
}

/** The traffic of one stage, or of all, level by level. */
export function levelTraffic(memory: Memory, stages: readonly string[], operations: number): readonly LevelTraffic[] {
  return memory.levels.map(({ level, traffic }) => {
    const buffers = new Map<Buffer, Bytes>();
    for (const stage of stages)
      for (const [buffer, { read, written }] of traffic.get(stage) ?? []) {
        const before = buffers.get(buffer) ?? { read: 0, written: 0 };
        buffers.set(buffer, { read: before.read + read, written: before.written + written });
      }
    const rows = [...buffers].map(([{ name }, bytes]) => ({ buffer: name, ...bytes }));
    const read = rows.reduce((sum, row) => sum + row.read, 0);
    const written = rows.reduce((sum, row) => sum + row.written, 0);
    return {
      level,
      read,
      written,
      intensity: read + written === 0 ? null : operations / (read + written),
      buffers: rows,
    };
  });
}
