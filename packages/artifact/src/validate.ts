/** Checks that a manifest holds what its types say and that blobs and regions are large enough. */
import { CompileError } from "@tilewright/diagnostics";
import { ELEMENT_BYTES } from "./element-bytes.js";
import { newerArtifact } from "./errors.js";
import { arrayOf, count, fail, objectWith, oneOf, stringOf } from "./fields.js";
import {
  ARTIFACT_VERSION,
  type Artifact,
  type ElementType,
  type FunctionEntry,
  type ModelEntry,
  manifestVersion,
} from "./manifest.js";
import { checkProgram, type FunctionsByName } from "./validate-program.js";

const ELEMENT_TYPES = Object.keys(ELEMENT_BYTES) as readonly ElementType[];

type Blobs = Artifact["blobs"];

/** @throws CompileError `AR102` newer version · `AR105` a field that does not hold what it must */
export function checkArtifact(artifact: Artifact): void {
  const { manifest } = objectWith(artifact, "artifact", ["manifest", "blobs"]);
  const { blobs } = artifact;
  if (!(blobs instanceof Map)) fail("artifact.blobs", "a Map of bytes by their names", blobs);
  const root = objectWith(manifest, "manifest", ["format", "version", "name", "modules", "model"]);
  oneOf(root.format, "format", ["tilewright-artifact"]);
  const version = count(root.version, "version", 1);
  if (version > ARTIFACT_VERSION) throw new CompileError(newerArtifact(version, ARTIFACT_VERSION));
  stringOf(root.name, "name");
  const functions = arrayOf(root.modules, "modules").flatMap((module, position) =>
    checkModule(module, `modules[${position}]`, blobs),
  );
  if (root.model === null) return;
  const model = checkModel(root.model, blobs);
  const byName = new Map<string, FunctionEntry[]>();
  for (const func of functions) byName.set(func.name, [...(byName.get(func.name) ?? []), func]);
  checkHost(model, byName);
  const needed = manifestVersion(model);
  if (version < needed) fail("version", `at least ${needed}, since the model has a program`, version);
}

/** Returns the module's functions. */
function checkModule(value: unknown, path: string, blobs: Blobs): readonly FunctionEntry[] {
  const { format, blob, features, functions } = objectWith(value, path, ["format", "blob", "features", "functions"]);
  stringOf(format, `${path}.format`);
  blobOf(blob, `${path}.blob`, blobs);
  arrayOf(features, `${path}.features`).forEach(
    (feature, position) => void stringOf(feature, `${path}.features[${position}]`),
  );
  return arrayOf(functions, `${path}.functions`).map((func, position) =>
    checkFunction(func, `${path}.functions[${position}]`),
  );
}

function checkFunction(value: unknown, path: string): FunctionEntry {
  const { name, parameters, workspaceBytes } = objectWith(value, path, ["name", "parameters", "workspaceBytes"]);
  count(workspaceBytes, `${path}.workspaceBytes`);
  for (const [position, parameter] of arrayOf(parameters, `${path}.parameters`).entries())
    checkParameter(parameter, `${path}.parameters[${position}]`);
  stringOf(name, `${path}.name`);
  return value as FunctionEntry;
}

function checkParameter(value: unknown, path: string): void {
  const { kind, name, dtype } = objectWith(value, path, ["kind", "name", "dtype"]);
  stringOf(name, `${path}.name`);
  oneOf(dtype, `${path}.dtype`, ELEMENT_TYPES);
  if (oneOf(kind, `${path}.kind`, ["buffer", "scalar"]) === "scalar") return;
  const { shape, access } = objectWith(value, path, ["shape", "access"]);
  for (const [d, extent] of arrayOf(shape, `${path}.shape`).entries()) count(extent, `${path}.shape[${d}]`, -1);
  oneOf(access, `${path}.access`, ["read", "write", "readwrite"]);
}

const MODEL_FIELDS = [
  "entry",
  "prepare",
  "arenaBytes",
  "weightsBytes",
  "stateBytes",
  "weights",
  "inputs",
  "outputs",
  "states",
] as const;

function checkModel(value: unknown, blobs: Blobs): ModelEntry {
  const model = objectWith(value, "model", MODEL_FIELDS);
  count(model.arenaBytes, "model.arenaBytes");
  const weightsBytes = count(model.weightsBytes, "model.weightsBytes");
  const stateBytes = count(model.stateBytes, "model.stateBytes");
  if (model.weights !== null) {
    const { length } = blobOf(model.weights, "model.weights", blobs);
    if (length > weightsBytes)
      fail("model.weightsBytes", `at least ${length}, the bytes of \`${String(model.weights)}\``, weightsBytes);
  }
  checkTensors(model.inputs, "model.inputs");
  checkTensors(model.outputs, "model.outputs");
  checkTensors(model.states, "model.states", (state, path, bytes) => checkState(state, path, bytes, stateBytes, blobs));
  return value as ModelEntry;
}

/** An entry or a program, and functions that are there. */
function checkHost(model: ModelEntry, functions: FunctionsByName): void {
  const known = (name: unknown, path: string): void => {
    if (!functions.has(stringOf(name, path))) fail(path, "the name of a function of a module", name);
  };
  if (model.prepare !== null) known(model.prepare, "model.prepare");
  const { program = null } = model;
  if (program === null) known(model.entry, "model.entry");
  else if (model.entry !== null) fail("model.entry", "null, since there is a program", model.entry);
  else checkProgram(program, model, functions);
}

function checkTensors(
  value: unknown,
  path: string,
  more?: (entry: unknown, path: string, bytes: number) => void,
): void {
  const names = new Set<string>();
  arrayOf(value, path).forEach((entry, position) => {
    const place = `${path}[${position}]`;
    const { name, dtype, shape } = objectWith(entry, place, ["name", "dtype", "shape"]);
    if (names.has(stringOf(name, `${place}.name`))) fail(`${place}.name`, "a name of its own", name);
    names.add(name as string);
    const bytes = ELEMENT_BYTES[oneOf(dtype, `${place}.dtype`, ELEMENT_TYPES)];
    const extents = arrayOf(shape, `${place}.shape`).map((extent, d) => count(extent, `${place}.shape[${d}]`));
    const total = extents.reduce((product, extent) => product * extent, bytes);
    if (!Number.isSafeInteger(total)) fail(`${place}.shape`, "a tensor of less than 2⁵³ bytes", shape);
    more?.(entry, place, total);
  });
}

function checkState(value: unknown, path: string, bytes: number, stateBytes: number, blobs: Blobs): void {
  const { offset, initial } = objectWith(value, path, ["offset", "initial"]);
  const begin = count(offset, `${path}.offset`);
  if (begin + bytes > stateBytes)
    fail(`${path}.offset`, `at most ${stateBytes - bytes}, so that the tensor lies in the state region`, offset);
  if (initial === null) return;
  const source = objectWith(initial, `${path}.initial`, ["blob", "offset", "byteLength"]);
  const { length } = blobOf(source.blob, `${path}.initial.blob`, blobs);
  if (count(source.byteLength, `${path}.initial.byteLength`) !== bytes)
    fail(`${path}.initial.byteLength`, `${bytes}`, source.byteLength);
  if (count(source.offset, `${path}.initial.offset`) + bytes > length)
    fail(`${path}.initial.offset`, `at most ${length - bytes}`, source.offset);
}

function blobOf(name: unknown, path: string, blobs: Blobs): Uint8Array {
  return blobs.get(stringOf(name, path)) ?? fail(path, "the name of a blob", name);
}
