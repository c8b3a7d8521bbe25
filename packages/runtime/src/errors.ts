import type { Device, ModuleEntry } from "@tilewright/artifact";
import { CompileError, type Diagnostic, NO_SPAN } from "@tilewright/diagnostics";

function error(code: string, message: string, expected: string, actual: string, hint: string): Diagnostic {
  return { code, severity: "error", message, span: NO_SPAN, expected, actual, hint };
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.map((extent) => (extent < 0 ? "?" : extent)).join(", ")}]`;
}

/** RT101: an array of another shape. */
export function wrongShape(name: string, expected: readonly number[], actual: readonly number[]): CompileError {
  const hint = "reshape the array, or compile for this shape";
  return new CompileError(
    error("RT101", `\`${name}\` has the wrong shape`, shapeText(expected), shapeText(actual), hint),
  );
}

/** RT102: an array or value of another type. */
export function wrongDtype(
  name: string,
  expected: string,
  actual: string,
  hint = "convert the array with `ndarray(values, { dtype })`",
): CompileError {
  return new CompileError(error("RT102", `\`${name}\` has the wrong type`, expected, actual, hint));
}

/** RT103: inputs, outputs or states that are not given, or given but not known. */
export function wrongNames(
  kind: "input" | "output" | "state",
  what: "missing" | "unknown",
  name: string,
  known: readonly string[],
): CompileError {
  const expected = known.length === 0 ? `no ${kind}s` : known.join(", ");
  const message = what === "missing" ? `the ${kind} \`${name}\` is not given` : `there is no ${kind} \`${name}\``;
  const hint = kind === "input" ? "pass exactly the inputs that the model names" : `use a name of \`session.${kind}s\``;
  return new CompileError(error("RT103", message, expected, what === "missing" ? "nothing" : name, hint));
}

/** RT104: something used after it was disposed. */
export function disposed(what: string): CompileError {
  return new CompileError(
    error(
      "RT104",
      `${what} is disposed`,
      "one in use",
      "one that was disposed or closed",
      "dispose it after its last use",
    ),
  );
}

/** RT105: no function of that name. */
export function unknownFunction(name: string, known: readonly string[]): CompileError {
  const expected = known.length === 0 ? "no functions" : known.join(", ");
  return new CompileError(
    error("RT105", `there is no function \`${name}\``, expected, name, "see `functions` of the manifest"),
  );
}

/** RT106: too few or too many arguments. */
export function wrongArgumentCount(name: string, expected: number, actual: number): CompileError {
  const hint = "pass one array for each buffer and one number for each scalar";
  return new CompileError(error("RT106", `\`${name}\` takes ${expected} arguments`, `${expected}`, `${actual}`, hint));
}

/** RT107: no module with a function that one of these devices can run. */
export function noVariant(name: string, devices: readonly Device[], modules: readonly ModuleEntry[]): CompileError {
  const holding = modules.filter(({ functions }) => functions.some((func) => func.name === name));
  const features = (list: Iterable<string>): string => [...list].join(", ") || "no features";
  const shared = devices.some((device) => device.features.has("threads"));
  const accepted = holding.some(({ format }) => devices.some(({ accepts }) => accepts?.includes(format) ?? true));
  const hint = !accepted
    ? "open a device for one of these formats, and give it as `device` or among `others`"
    : shared
      ? "compile with `threads` above 1, or open the device with `threads: 1`"
      : "compile a variant without those features, or use a newer engine";
  const here = devices.map((device) => `${device.name} (${features(device.features)})`).join(" or ");
  const there = holding.map((module) => `${module.format} (${features(module.features)})`).join(" | ");
  return new CompileError(
    error(
      "RT107",
      "no module of the artifact runs here",
      `a module with \`${name}\` for ${here}`,
      there || "no modules",
      hint,
    ),
  );
}

/** RT108: memory that the device, or without a limit the engine, does not give. */
export function outOfMemory(bytes: number, allocated: number, limit?: number): CompileError {
  const expected = limit === undefined ? "a size that the engine can allocate" : `at most ${limit} bytes in all`;
  const actual = `${bytes} bytes more on top of ${allocated}`;
  const hint =
    limit === undefined
      ? "use smaller arrays"
      : "dispose sessions and arrays, or open the device with a larger `maxMemoryBytes`";
  return new CompileError(error("RT108", "out of memory", expected, actual, hint));
}

/** RT109: the caller's signal. */
export function aborted(name: string, reason: unknown): CompileError {
  const actual = reason instanceof Error ? reason.message : String(reason);
  return new CompileError(
    error(
      "RT109",
      `the run of \`${name}\` was aborted`,
      "a signal that is not aborted",
      actual,
      "nothing ran; call again",
    ),
  );
}

/** RT109: the caller's signal, between two calls of a program. */
export function stopped(name: string, calls: number, total: number, reason: unknown): CompileError {
  const actual = reason instanceof Error ? reason.message : String(reason);
  const message = `the run of \`${name}\` was aborted after ${calls} of ${total} calls`;
  const hint = "states are as those calls left them: set or reset them before the next run";
  return new CompileError(error("RT109", message, "a signal that is not aborted", actual, hint));
}

/** RT110: compiled code stopped: an assertion or a trap. */
export function runFailed(name: string, reason: string): CompileError {
  const hint =
    "outputs are incomplete; an assertion names the input it needs, a trap means an address outside the memory";
  return new CompileError(error("RT110", `\`${name}\` stopped`, "a run to the end", reason, hint));
}

/** RT111: a module that the engine refuses. */
export function badModule(reason: string): CompileError {
  const hint = "compile again; if it stays, report it with the artifact";
  return new CompileError(
    error("RT111", "the engine refuses a module of the artifact", "a valid WebAssembly module", reason, hint),
  );
}

/** RT112: array data that does not fit its shape or type. */
export function badArray(expected: string, actual: string): CompileError {
  return new CompileError(
    error("RT112", "the data does not make an array", expected, actual, "give data and shape that belong together"),
  );
}

/** RT113: an element that is not there. */
export function outOfRange(index: readonly number[], shape: readonly number[]): CompileError {
  return new CompileError(
    error(
      "RT113",
      "there is no such element",
      `an index within ${shapeText(shape)}`,
      shapeText(index),
      "indices count from 0",
    ),
  );
}

/** RT113: a place outside of a buffer, or a size that is none. */
export function outsideMemory(what: string, expected: string, actual: string): CompileError {
  return new CompileError(
    error("RT113", `${what} is out of range`, expected, actual, "offsets and lengths are integers, in bytes"),
  );
}

/** RT114: an option that makes no sense. */
export function badOption(name: string, expected: string, actual: string): CompileError {
  return new CompileError(error("RT114", `the option \`${name}\` is wrong`, expected, actual, `pass ${expected}`));
}

/** RT115: workers that do not start or do not load a module. */
export function workerFailed(reason: string): CompileError {
  const hint = "allow workers from `blob:` URLs, pass `workers` of your own, or open the device with `threads: 1`";
  return new CompileError(error("RT115", "a worker thread failed", "workers that start", reason, hint));
}

/** RT116: the artifact holds functions, no model; or the other way round. */
export function noModel(name: string): CompileError {
  return new CompileError(
    error("RT116", `the artifact \`${name}\` holds no model`, "a model", "functions alone", "use `loadFunctions`"),
  );
}

/** RT117: two arrays to be written that share memory. */
export function overlapping(one: string, other: string): CompileError {
  const message = `\`${one}\` and \`${other}\` are written to the same memory`;
  const hint = "give each an array of its own; a slice or a reshaped array shares memory with where it comes from";
  return new CompileError(error("RT117", message, "arrays apart from each other", "arrays that overlap", hint));
}
