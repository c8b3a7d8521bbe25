import { ARTIFACT_VERSION, type Artifact, decodeArtifact, encodeArtifact } from "@tilewright/artifact";
import type { CompiledModule } from "@tilewright/backend";
import type { TypedArray } from "@tilewright/interp";
import { build, type DType, type PrimFunc } from "@tilewright/ir";
import { loadFunctions, NDArray } from "@tilewright/runtime";
import type { Candidate } from "../conformance-test.js";
import { compileFunctions, deviceModule, entryOf, withDevice } from "../execute.js";
import { copyMemory } from "../memory.js";
import { mapFunction } from "../operator-trials.js";
import { addFunction, combine } from "../plain-functions.js";
import { check, runAll, sectionOf } from "../section.js";
import { feature, plainType, type Subject } from "../subject.js";
import { differenceOf, type Trial, trialOf } from "../trial.js";

/** Modules as a whole: their bytes, what compiling others does to them, and their life in a file. */
export function moduleTests(subject: Subject): readonly Candidate[] {
  const { proves } = sectionOf(subject, "modules");
  const dtype = plainType(subject);
  const plain = [feature("dtype", dtype)];
  const functions = [addFunction("first", 17, dtype), addFunction("second", 5, dtype), different("third", dtype)];
  const trials = functions.map((func) => trialOf(func));
  const compile = (of: readonly PrimFunc[]) => compileFunctions(subject, of, "device");
  const runs = (compiled: CompiledModule, of = trials): Promise<void> =>
    withDevice(subject.device, (device) => runAll(device, compiled, of));
  return [
    proves("gives equal bytes for equal modules, twice and after others", plain, async () => {
      const [a, b] = [subject.backend.compile(deviceModule(subject, functions)), subject.backend.compile(deviceModule(subject, functions))]; // biome-ignore format: a pair
      check(equalBytes(a.bytes, b.bytes), "two compilations of a module differ");
      subject.backend.compile(deviceModule(subject, [different("other", dtype), different("first", dtype)]));
      const c = subject.backend.compile(deviceModule(subject, functions));
      check(equalBytes(a.bytes, c.bytes), "a compilation differs after another module was compiled");
      check(JSON.stringify(a.functions) === JSON.stringify(c.functions), "the functions are described in another way");
    }),
    proves("does not take a new body for one of the same name, as a stale cache would", plain, async () => {
      const others = [different("first", dtype), ...functions.slice(1)];
      for (const each of [functions, others, functions])
        await runs(
          await compile(each),
          each.map((func) => trialOf(func)),
        );
    }),
    proves("computes the same whatever the order of the functions", plain, async () =>
      runs(await compile([...functions].reverse())),
    ),
    proves("runs a module that was stored in an artifact and read again", plain, async () =>
      storedAndRead(subject, await compile(functions), trials),
    ),
  ];
}

/** As `addFunction` of 17 elements, but for what it computes. */
const different = (name: string, dtype: DType): PrimFunc =>
  mapFunction(name, dtype, dtype, 17, (x, y) => combine(combine(x, y), build.const(1, dtype)));

async function storedAndRead(subject: Subject, compiled: CompiledModule, trials: readonly Trial[]): Promise<void> {
  const artifact: Artifact = {
    manifest: {
      format: "tilewright-artifact",
      version: ARTIFACT_VERSION,
      name: "kit",
      modules: [entryOf(compiled)],
      model: null,
    },
    blobs: new Map([["module", compiled.bytes]]),
  };
  const read = decodeArtifact(encodeArtifact(artifact));
  await withDevice(subject.device, async (device) => {
    const functions = await loadFunctions(read, device);
    for (const trial of trials) {
      const memory = copyMemory(trial.memory);
      const arrays = trial.func.parameters.map(({ name, dtype }) => new NDArray(dtype as "int8", [memory[name]?.length ?? 0], { kind: "host", data: memory[name] as TypedArray })); // biome-ignore format: one call
      await functions.call(trial.func.name, ...arrays);
      const difference = differenceOf(trial, memory);
      if (difference !== null) throw new Error(difference);
    }
    await functions.dispose();
    check(device.allocatedBytes === 0, `${device.allocatedBytes} bytes are left allocated by the runtime's calls`);
  });
}

const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, k) => byte === b[k]);
