import { CompileError, NO_SPAN, type Span } from "@tilewright/diagnostics";
import { type Buffer, bytesOf, type DType, type IRModule, isWide, type PrimFunc, type Var } from "@tilewright/ir";
import { badCall, missingArgument, noEntry, tooDeep, wrongArgument } from "./errors.js";
import { type Frame, placeAt, type Run } from "./frame.js";
import { compileFunction } from "./functions.js";
import { arrayType, type Backing, type TypedArray } from "./memory.js";
import type { Argument, IntrinsicMeaning, Program } from "./scope.js";
import { slicesMemory } from "./structure.js";
import type { Precision, Scalar } from "./values.js";

export type ArgumentValue = TypedArray | Scalar;
/** Arguments by parameter name, or by the Buffer and Var objects themselves. */
export type Arguments = { readonly [name: string]: ArgumentValue } | ReadonlyMap<string | Buffer | Var, ArgumentValue>;

export interface InterpretOptions {
  /** Function of a module to run; the only host function, or the only kernel, unless told. */
  readonly entry?: string;
  /** Chooses the order of everything whose order is open, and what uninitialised memory holds. An integer ≥ 0, 0 unless told. */
  readonly seed?: number;
  /** Loop iterations after which the run counts as endless; 10^9 unless told. */
  readonly maxSteps?: number;
  /** `poison`: uninitialised memory holds a pattern that differs between seeds. `error`: reading it ends the run. */
  readonly uninitialised?: "poison" | "error";
  /** Two unordered accesses of one element, at least one a write, end the run; true unless told. */
  readonly detectRaces?: boolean;
  /** What intrinsics mean, by name. */
  readonly intrinsics?: { readonly [name: string]: IntrinsicMeaning };
}

export interface Report {
  /** Loop iterations. */
  readonly steps: number;
  /** Reads of memory that nothing had written. */
  readonly uninitialisedReads: number;
}

/**
 * Runs a function of loop IR of any level, as SEMANTICS.md gives its meaning, and changes the typed arrays in place.
 *
 * Element types: float16 and bfloat16 are bits in a Uint16Array, int64 and uint64 a BigInt64Array and BigUint64Array, bool a Uint8Array of
 * 0 and 1, packed integers bytes in a Uint8Array; every other type has the typed array of its name.
 * @throws CompileError `IP1xx` arguments · `IP2xx` ill-formed programs · `IP3xx` what goes wrong while it runs
 */
export function interpret(program: PrimFunc | IRModule, args: Arguments, options: InterpretOptions = {}): Report {
  const functions = program.kind === "IRModule" ? program.functions : [program];
  const func = entryOf(program, options.entry);
  const run = newRun(options);
  const compiled = newProgram(functions, options.intrinsics ?? {}, "exact");
  return guardStack(func.span, () => {
    const values = argumentsOf(func, lookup(args));
    compiled.call(newFrame(run), func, values, { place: placeAt(func.span), exact: true });
    return { steps: run.steps, uninitialisedReads: run.uninitialisedReads };
  });
}

/** Runs `body`; where the interpreter's own stack ends, the program is too deep for it. @throws CompileError IP206 */
export function guardStack<T>(span: Span, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof RangeError && error.message.includes("call stack")) throw new CompileError(tooDeep(span));
    throw error;
  }
}

export function newRun(options: InterpretOptions): Run {
  const { seed = 0, maxSteps = 1e9, uninitialised = "poison", detectRaces = true } = options;
  return { seed, maxSteps, uninitialised, detectRaces, steps: 0, uninitialisedReads: 0, state: seed };
}

/** A frame outside of everything. */
export function newFrame(run: Run): Frame {
  const state = { values: [], memories: [], cache: [], stamps: [], epoch: 0, mask: null, visits: new Map() };
  return { run, ...state, tracks: [], forks: [], regions: null, queues: null, group: null, thread: null };
}

export function newProgram(
  functions: readonly PrimFunc[],
  intrinsics: { readonly [name: string]: IntrinsicMeaning },
  precision: Precision,
): Program {
  const compiled = new Map<PrimFunc, ReturnType<typeof compileFunction>>();
  const active = new Set<PrimFunc>();
  const meanings = new Map(Object.entries(intrinsics));
  const all = [
    ...functions,
    ...[...meanings.values()].filter((meaning): meaning is PrimFunc => typeof meaning === "object"),
  ];
  const slices = all.some((func) => slicesMemory(func.body));
  const program: Program = {
    functions: new Map(functions.map((func) => [func.name, func])),
    intrinsics: meanings,
    precision,
    granuleOf: (elementBytes) => (slices ? 1 : elementBytes),
    call: (frame, callee, args, site) => {
      const action = compiled.get(callee) ?? compileFunction(program, callee);
      compiled.set(callee, action);
      if (active.has(callee)) {
        throw new CompileError(
          badCall(callee.name, "a function that is not running already", "a recursion", site.place),
        );
      }
      active.add(callee);
      action(frame, args, site);
      active.delete(callee);
    },
  };
  return program;
}

function entryOf(program: PrimFunc | IRModule, entry: string | undefined): PrimFunc {
  if (program.kind === "PrimFunc") return program;
  const { functions } = program;
  const names = functions.map((func) => func.name);
  const only = (role: PrimFunc["role"]): PrimFunc | undefined => {
    const found = functions.filter((func) => func.role === role);
    return found.length === 1 ? found[0] : undefined;
  };
  const func = entry === undefined ? (only("host") ?? only("kernel")) : functions.find((each) => each.name === entry);
  if (func === undefined) throw new CompileError(noEntry(entry, names, NO_SPAN));
  return func;
}

type Lookup = (parameter: Buffer | Var) => {
  readonly value: ArgumentValue | undefined;
  readonly names: readonly string[];
};

function lookup(args: Arguments): Lookup {
  const map: ReadonlyMap<unknown, ArgumentValue> = args instanceof Map ? args : new Map(Object.entries(args));
  const names = [...map.keys()].map((key) => (typeof key === "string" ? key : (key as Var).name));
  return (parameter) => ({ value: map.get(parameter) ?? map.get(parameter.name), names });
}

function argumentsOf(func: PrimFunc, find: Lookup): Argument[] {
  const backings = new Map<ArrayBufferLike, Backing>();
  const found = func.parameters.map((parameter) => {
    const { value, names } = find(parameter);
    if (value === undefined) throw new CompileError(missingArgument(parameter.name, names, parameter.span));
    return { parameter, value };
  });
  const smallest = Math.min(...func.parameters.map((parameter) => bytesOf(parameter.dtype)), 8);
  const granule = slicesMemory(func.body) ? 1 : smallest;
  return found.map(({ parameter, value }): Argument => {
    if (parameter.kind === "Var") return { kind: "scalar", value: scalarArgument(parameter, value) };
    const array = arrayArgument(parameter, value);
    const backing = backings.get(array.buffer) ?? backingOf(parameter, array, granule);
    backings.set(array.buffer, backing);
    return { kind: "slice", backing, byteOffset: array.byteOffset, byteLength: array.byteLength };
  });
}

function backingOf(parameter: Buffer, array: TypedArray, granule: number): Backing {
  const { name, scope } = parameter;
  return { bytes: new Uint8Array(array.buffer), name, granule, initialised: null, scope, privateTo: [] };
}

/** The array of a buffer parameter, if it has the type that holds its elements. */
export function arrayArgument(
  parameter: { name: string; dtype: DType; span: Span },
  value: unknown,
  precision: Precision = "exact",
): TypedArray {
  const ArrayType = arrayType(parameter.dtype, precision);
  const actual = typeof value === "object" && value !== null ? value.constructor.name : typeof value;
  if (ArrayType !== null && value instanceof ArrayType) return value;
  const expected = `a ${ArrayType?.name ?? "data type"} of ${parameter.dtype}`;
  throw new CompileError(wrongArgument(parameter.name, expected, actual, parameter.span));
}

/** A scalar of the parameter's type; numbers are taken for int64 too where they are exact. */
export function scalarArgument(parameter: Var, value: unknown): Scalar {
  const { dtype, name, span } = parameter;
  if (dtype === "bool" && typeof value === "boolean") return value;
  if (isWide(dtype) && (typeof value === "bigint" || Number.isSafeInteger(value))) return BigInt(value as number);
  if (!isWide(dtype) && dtype !== "bool" && typeof value === "number") return value;
  const expected = dtype === "bool" ? "a boolean" : isWide(dtype) ? "a bigint" : "a number";
  throw new CompileError(wrongArgument(name, `${expected} of ${dtype}`, typeof value, span));
}
