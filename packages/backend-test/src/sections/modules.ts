import type { Device } from "@tilewright/artifact";
import type { CompiledModule } from "@tilewright/backend";
import type { Candidate } from "../conformance-test.js";
import { compileFunctions, entryOf, runTrial, withDevice, withModule } from "../execute.js";
import type { Memory } from "../memory.js";
import { addFunction } from "../plain-functions.js";
import { check, sectionOf } from "../section.js";
import { plainType, type Subject } from "../subject.js";
import { differenceOf, type Trial, trialOf } from "../trial.js";

/** Modules as a whole: their bytes, their life in a file and in devices, and the memory of those. */
export function moduleTests(subject: Subject): readonly Candidate[] {
  const { proves } = sectionOf(subject, "modules and memory");
  const dtype = plainType(subject);
  const functions = [addFunction("first", 17, dtype), addFunction("second", 5, dtype)];
  const trials = functions.map((func) => trialOf(func));
  const compiledModule = () => compileFunctions(subject, functions, "device");
  return [
    proves("gives equal bytes for equal modules", [], async () => {
      const [a, b] = [await compiledModule(), await compiledModule()];
      check(equalBytes(a.bytes, b.bytes), "two compilations differ");
    }),
    proves("runs a module that was stored and read again", [], async () => {
      const compiled = await compiledModule();
      const stored = JSON.stringify(entryOf(compiled));
      const again = {
        ...compiled,
        ...(JSON.parse(stored) as ReturnType<typeof entryOf>),
        bytes: compiled.bytes.slice(),
      };
      await withDevice(subject.device, (device) => runAll(device, again, trials));
    }),
    proves("frees what it allocates, on two devices at once", [], async () => {
      const compiled = await compiledModule();
      await withDevice(subject.device, (one) =>
        withDevice(subject.device, async (two) => {
          const before = [one.allocatedBytes, two.allocatedBytes];
          await runAll(one, compiled, trials);
          await runAll(two, compiled, trials);
          check(one.allocatedBytes === before[0] && two.allocatedBytes === before[1], "memory is left allocated");
        }),
      );
    }),
    proves("refuses a buffer that was freed", [], async () => {
      await withDevice(subject.device, async (device) => {
        const freed = device.allocate(16);
        device.free(freed);
        check(await fails(() => device.read(freed)), "a freed buffer can be read");
      });
    }),
  ];
}

/** Runs trials of a module. @throws Error for the first that differs from the interpreter */
async function runAll(device: Device, compiled: CompiledModule, trials: readonly Trial[]): Promise<void> {
  await withModule(device, compiled, async (loaded) => {
    for (const trial of trials) {
      const memory: Memory = await runTrial(device, loaded, trial);
      const difference = differenceOf(trial, memory);
      if (difference !== null) throw new Error(difference);
    }
  });
}

async function fails(use: () => Promise<unknown>): Promise<boolean> {
  return use().then(
    () => false,
    () => true,
  );
}

const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, k) => byte === b[k]);
