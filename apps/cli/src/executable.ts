import type { Artifact, Device, ParameterEntry } from "@tilewright/artifact";
import { invariant } from "@tilewright/diagnostics";
import { type LoadOptions, loadFunctions, loadModel, type NDArray } from "@tilewright/runtime";
import { badInput, chooseKernel } from "./errors.js";

export type BufferEntry = Extract<ParameterEntry, { readonly kind: "buffer" }>;

/** A function or a whole model, ready to run. */
export interface Executable {
  readonly name: string;
  /** What it reads; of a function also what it writes. */
  readonly parameters: readonly BufferEntry[];
  /** Runs once with an array for each parameter, and gives the outputs by name. */
  run(arrays: readonly NDArray[]): Promise<ReadonlyMap<string, NDArray>>;
}

/**
 * The model of an artifact, or one of its functions, on open devices, of which the first is preferred.
 * @param asked  name of a function; null: the model, or the only function
 * @throws CompileError CLI103 which function · CLI106 a function with parameters by value · RT codes
 */
export async function loadExecutable(
  file: string,
  artifact: Artifact,
  [device, ...others]: readonly Device[],
  asked: string | null,
): Promise<Executable> {
  invariant(device !== undefined, "no device for an artifact");
  const on = { device, others };
  if (artifact.manifest.model !== null && asked === null) return modelOf(artifact, on);
  const functions = await loadFunctions(artifact, on);
  const names = [...functions.entries.keys()];
  const name = asked ?? (names.length === 1 ? names[0] : undefined);
  const entry = name === undefined ? undefined : functions.entries.get(name);
  if (name === undefined || entry === undefined) throw chooseKernel(file, name, names);
  const parameters = entry.parameters.map((parameter) => {
    if (parameter.kind === "buffer") return parameter;
    throw badInput(parameter.name, "a function of buffers alone", `a ${parameter.dtype} by value`);
  });
  return {
    name,
    parameters,
    async run(arrays) {
      await functions.call(name, ...arrays);
      const outputs = new Map<string, NDArray>();
      parameters.forEach(({ name: parameter, access }, k) => {
        const array = arrays[k];
        if (access !== "read" && array !== undefined) outputs.set(parameter, array);
      });
      return outputs;
    },
  };
}

async function modelOf(artifact: Artifact, on: LoadOptions): Promise<Executable> {
  const session = await loadModel(artifact, on);
  const parameters = session.inputs.map((input): BufferEntry => ({ ...input, kind: "buffer", access: "read" }));
  return {
    name: artifact.manifest.name,
    parameters,
    async run(arrays) {
      const inputs = Object.fromEntries(
        parameters.flatMap(({ name }, k) => (arrays[k] === undefined ? [] : [[name, arrays[k]]])),
      );
      return new Map(Object.entries(await session.run(inputs)));
    },
  };
}
