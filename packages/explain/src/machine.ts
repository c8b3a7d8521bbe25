import type { Capabilities } from "@tilewright/backend";
import { CompileError, callSite } from "@tilewright/diagnostics";
import { badMachine } from "./errors.js";

/** A data cache. */
export interface Cache {
  readonly name: string;
  readonly bytes: number;
  readonly lineBytes: number;
  /** Lines whose addresses are equal modulo bytes / ways share so many places; absent: any line may lie anywhere. */
  readonly ways?: number;
  /** Each core has one of its own. */
  readonly perCore: boolean;
  /** Bytes per second that this cache serves: to one core when `perCore`, else to all cores together. Write-allocate fills do not count. */
  readonly bytesPerSecond: number;
}

/** What `explain` needs to know of a processor. */
export interface Machine {
  readonly name: string;
  readonly cores: number;
  /** Of one register; that of a float64 on a machine without vectors. */
  readonly vectorBytes: number;
  /** Vector registers that code may use. */
  readonly registers: number;
  /** Of one core, float32, a multiply-add counted as 2, vectors of full width. */
  readonly peakFlopsPerSecond: number;
  /** From the smallest to the largest. */
  readonly caches: readonly Cache[];
  /** Of all cores together. */
  readonly memoryBytesPerSecond: number;
}

/** What capabilities do not say: how fast the machine is. */
export interface MachineRates {
  readonly name: string;
  /** Default: the threads of the capabilities. */
  readonly cores?: number;
  readonly peakFlopsPerSecond: number;
  /** One for each cache of the capabilities, from the smallest. */
  readonly cacheBytesPerSecond: readonly number[];
  readonly memoryBytesPerSecond: number;
}

/**
 * The machine that a backend's capabilities describe, with measured or documented rates.
 * @throws CompileError EXP101 rates that are not positive, or not one for each cache
 */
export function machineOf(capabilities: Capabilities, rates: MachineRates): Machine {
  const { vector, caches } = capabilities;
  const given = rates.cacheBytesPerSecond;
  if (!Array.isArray(given) || given.length !== caches.length) {
    throw new CompileError(
      badMachine(
        "cacheBytesPerSecond",
        `${caches.length} numbers, one for each cache`,
        JSON.stringify(given),
        callSite(machineOf),
      ),
    );
  }
  const machine: Machine = {
    name: rates.name,
    cores: rates.cores ?? capabilities.threads,
    vectorBytes: vector?.bytes ?? 8,
    registers: vector?.registers ?? 16,
    peakFlopsPerSecond: rates.peakFlopsPerSecond,
    caches: caches.map(({ bytes, lineBytes, perThread }, level) => ({
      name: `L${level + 1}`,
      bytes,
      lineBytes,
      perCore: perThread,
      bytesPerSecond: given[level] as number,
    })),
    memoryBytesPerSecond: rates.memoryBytesPerSecond,
  };
  checkMachine(machine, machineOf);
  return machine;
}

/** @throws CompileError EXP101 the first field that no machine has */
export function checkMachine(machine: Machine, above: (...args: never[]) => unknown): void {
  const refuse = (field: string, expected: string, actual: unknown): never => {
    throw new CompileError(badMachine(field, expected, String(actual), callSite(above)));
  };
  if (typeof machine !== "object" || machine === null) refuse("machine", "a machine as data", machine);
  if (!Array.isArray(machine.caches)) refuse("caches", "a list", machine.caches);
  const { cores, vectorBytes, registers } = machine;
  for (const [field, value] of Object.entries({ cores, vectorBytes, registers }))
    if (!Number.isSafeInteger(value) || value < 1) refuse(field, "a positive integer", value);
  const { peakFlopsPerSecond, memoryBytesPerSecond } = machine;
  for (const [field, value] of Object.entries({ peakFlopsPerSecond, memoryBytesPerSecond }))
    if (!(Number.isFinite(value) && value > 0)) refuse(field, "a positive number", value);
  let smaller = 0;
  for (const [level, cache] of machine.caches.entries()) {
    for (const field of ["bytes", "lineBytes", "bytesPerSecond"] as const)
      if (!(Number.isFinite(cache?.[field]) && cache[field] > 0))
        refuse(`caches[${level}].${field}`, "a positive number", cache?.[field]);
    const { ways = 1 } = cache;
    if (!Number.isSafeInteger(ways) || ways < 1) refuse(`caches[${level}].ways`, "a positive integer", ways);
    if (cache.bytes < smaller) refuse(`caches[${level}].bytes`, "caches from the smallest to the largest", cache.bytes);
    smaller = cache.bytes;
  }
}
