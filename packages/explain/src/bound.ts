import type { Bound, LevelTraffic } from "./explanation.js";
import type { Machine } from "./machine.js";
import type { Statement } from "./nest.js";
import { elementsPerInstruction, lanesFor, vectorLoopOf } from "./vectorization.js";
import { instructionsOf } from "./work.js";

/** Bytes of the type that the peak is stated for. */
const FLOAT32_BYTES = 4;

/** Cores that a statement keeps busy on average: iterations of a parallel loop come in whole ones. */
export function busyCores({ loops }: Statement, threads: number): number {
  const fork = loops.find(({ forks }) => forks);
  if (fork === undefined || fork.extent === 0) return 1;
  return fork.extent / Math.ceil(fork.extent / Math.min(threads, fork.extent));
}

/** Seconds that the arithmetic of statements takes, when nothing waits for memory. */
export function computeSeconds(machine: Machine, statements: readonly Statement[], threads: number): number {
  const instructionsPerSecond = (machine.peakFlopsPerSecond / 2) * (FLOAT32_BYTES / machine.vectorBytes);
  return statements.reduce((sum, statement) => {
    const instructions =
      (instructionsOf(statement.work) * statement.executions) / elementsOfInstruction(machine, statement);
    return sum + instructions / instructionsPerSecond / busyCores(statement, threads);
  }, 0);
}

function elementsOfInstruction(machine: Machine, statement: Statement): number {
  if (statement.intrinsic !== null) return lanesFor(machine, [statement]);
  const loop = vectorLoopOf(statement);
  return loop === undefined ? 1 : elementsPerInstruction(loop.extent, lanesFor(machine, [statement]));
}

/** Bytes per second that each level gives to a stage, in the order of the levels. Scalar code gets a lane's part of the first cache. */
export function ratesFor(machine: Machine, main: Statement, threads: number): readonly number[] {
  const cores = busyCores(main, threads);
  const filled = Math.min(1, elementsOfInstruction(machine, main) / lanesFor(machine, [main]));
  const rates = machine.caches.map(({ bytesPerSecond, perCore }, level) => {
    const rate = perCore ? bytesPerSecond * cores : bytesPerSecond;
    return level === 0 ? rate * filled : rate;
  });
  return [...rates, machine.memoryBytesPerSecond];
}

/** The highest of the roofs. */
export function boundOf(
  machine: Machine,
  operations: number,
  compute: number,
  traffic: readonly LevelTraffic[],
  rates: readonly number[],
): Bound {
  const memory = traffic.map(({ level, read, written }, position) => ({
    limit: level,
    seconds: (read + written) / (rates[position] ?? machine.memoryBytesPerSecond),
  }));
  const roofs = [{ limit: "compute", seconds: compute }, ...memory];
  const highest = roofs.reduce((a, b) => (b.seconds > a.seconds ? b : a));
  return rateOf(machine, operations, roofs, highest.limit, highest.seconds);
}

/** Stages run one after the other, so that their times add up; the limit is that of the longest. */
export function boundOfAll(machine: Machine, operations: number, bounds: readonly Bound[]): Bound {
  const roofs = (bounds[0]?.roofs ?? []).map(({ limit }, position) => ({
    limit,
    seconds: bounds.reduce((sum, { roofs: own }) => sum + (own[position]?.seconds ?? 0), 0),
  }));
  const longest = bounds.reduce<Bound | undefined>(
    (a, b) => (a === undefined || b.seconds > a.seconds ? b : a),
    undefined,
  );
  const seconds = bounds.reduce((sum, bound) => sum + bound.seconds, 0);
  return rateOf(machine, operations, roofs, longest?.limit ?? "compute", seconds);
}

function rateOf(machine: Machine, operations: number, roofs: Bound["roofs"], limit: string, seconds: number): Bound {
  const operationsPerSecond = seconds === 0 ? 0 : operations / seconds;
  const shareOfPeak = operationsPerSecond / (machine.peakFlopsPerSecond * machine.cores);
  return { kind: limit === "compute" ? "compute" : "memory", limit, seconds, roofs, operationsPerSecond, shareOfPeak };
}
