/** Checks of launch programs: no call reaches beyond its regions, whatever the functions do within their parameters. */
import { ALIGNMENT } from "./abi.js";
import { ELEMENT_BYTES } from "./element-bytes.js";
import { arrayOf, count, fail, objectWith, oneOf, stringOf } from "./fields.js";
import type { FunctionEntry, LaunchProgram, ModelEntry, ParameterEntry, Place, TensorEntry } from "./manifest.js";

/** The functions of a name: one for each module that holds it. */
export type FunctionsByName = ReadonlyMap<string, readonly FunctionEntry[]>;

const REGIONS = ["arena", "weights", "state", "input", "output"] as const;

/** @throws CompileError `AR105` a call that its function or the regions do not allow */
export function checkProgram(program: LaunchProgram, model: ModelEntry, functions: FunctionsByName): void {
  for (const [position, call] of arrayOf(program, "model.program").entries()) {
    const path = `model.program[${position}]`;
    const { function: name, arguments: places } = objectWith(call, path, ["function", "arguments"]);
    const args = arrayOf(places, `${path}.arguments`).map((place, k) =>
      checkPlace(place, `${path}.arguments[${k}]`, model),
    );
    const holders = functions.get(stringOf(name, `${path}.function`));
    if (holders === undefined) fail(`${path}.function`, "the name of a function of a module", name);
    for (const func of holders) checkCall(func, args, path, model);
  }
  if (model.prepare === null) return;
  const regions = (["arena", "weights", "state"] as const).map(
    (region): Place => ({ region, offset: 0, bytes: model[`${region}Bytes`] }),
  );
  for (const func of functions.get(model.prepare) ?? []) {
    const { length } = func.parameters;
    if (length !== 3) fail("model.prepare", "a function of arena, weights and state", `${length} parameters`);
    for (const [k, place] of regions.entries())
      checkParameter(func.parameters[k] as ParameterEntry, place, "model.prepare", model);
  }
}

function checkPlace(value: unknown, path: string, model: ModelEntry): Place {
  const { region } = objectWith(value, path, ["region"]);
  const kind = oneOf(region, `${path}.region`, REGIONS);
  if (kind === "input" || kind === "output") {
    const { length } = model[`${kind}s`];
    const position = count(objectWith(value, path, ["position"]).position, `${path}.position`);
    if (position >= length) fail(`${path}.position`, `less than ${length}, the number of ${kind}s`, position);
    return value as Place;
  }
  const { offset, bytes } = objectWith(value, path, ["offset", "bytes"]);
  const begin = count(offset, `${path}.offset`);
  if (begin % ALIGNMENT !== 0) fail(`${path}.offset`, `a multiple of ${ALIGNMENT}`, offset);
  const most = model[`${kind}Bytes`] - begin;
  if (count(bytes, `${path}.bytes`) > most) fail(`${path}.bytes`, `at most ${most}, the rest of the region`, bytes);
  return value as Place;
}

function checkCall({ name, parameters }: FunctionEntry, args: readonly Place[], path: string, model: ModelEntry): void {
  const expected = `${parameters.length}, one for each parameter of \`${name}\``;
  if (args.length !== parameters.length) fail(`${path}.arguments`, expected, args.length);
  for (const [k, place] of args.entries()) {
    const parameter = parameters[k] as ParameterEntry;
    const at = `${path}.arguments[${k}]`;
    checkParameter(parameter, place, at, model);
    const { region } = place;
    const written = parameter.kind === "buffer" && parameter.access !== "read";
    if (written && (region === "weights" || region === "input"))
      fail(`${at}.region`, `memory that \`${parameter.name}\` of \`${name}\` may write`, region);
    if (written && args.some((other) => overlapInPart(place, other)))
      fail(at, "memory apart from that of the other arguments, or the same", place);
  }
}

/** Memory of the size that the parameter needs; sizes that are not known before the call are not judged. */
function checkParameter(parameter: ParameterEntry, place: Place, path: string, model: ModelEntry): void {
  if (parameter.kind === "scalar") fail(path, "a function of buffers alone", `the scalar \`${parameter.name}\``);
  const { dtype, shape, name } = parameter;
  if (!("offset" in place)) {
    const tensor = model[`${place.region}s`][place.position] as TensorEntry;
    if (tensor.dtype !== dtype) fail(path, `a tensor of ${dtype} for \`${name}\``, tensor.dtype);
  }
  if (shape.includes(-1)) return;
  const bytes = "offset" in place ? place.bytes : bytesOf(model[`${place.region}s`][place.position] as TensorEntry);
  const needed = bytesOf({ dtype, shape });
  if (bytes !== needed) fail(path, `${needed} bytes for \`${name}\``, bytes);
}

function bytesOf({ dtype, shape }: Pick<TensorEntry, "dtype" | "shape">): number {
  return shape.reduce((product, extent) => product * extent, ELEMENT_BYTES[dtype]);
}

function overlapInPart(one: Place, other: Place): boolean {
  if (!("offset" in one && "offset" in other) || one.region !== other.region) return false;
  if (one.offset === other.offset && one.bytes === other.bytes) return false;
  return Math.max(one.offset, other.offset) < Math.min(one.offset + one.bytes, other.offset + other.bytes);
}
