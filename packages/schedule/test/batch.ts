import type { Backend, Capabilities, CompiledModule } from "@tilewright/backend";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { evaluateTensors, type TypedArray } from "@tilewright/interp";
import type { IRModule, PrimFunc, Tensor } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import { intrinsicsOf, type Schedule, type TensorIntrinsic, toPrimFunc, traceOf } from "@tilewright/schedule";
import fc from "fast-check";
import { faultyPass } from "./find-fault.js";
import { inputFor, placeholdersOf, programs } from "./programs.js";
import { Choices, randomSchedule } from "./random-trace.js";

/** One scheduled program with what it must compute. */
export interface Case {
  readonly name: string;
  readonly inputs: readonly Float32Array[];
  readonly expected: readonly Float32Array[];
  readonly trace: string;
  readonly intrinsics: readonly TensorIntrinsic[];
}

/** What a case is made from; fast-check shrinks it. */
export interface Draw {
  readonly program: number;
  readonly sizes: readonly number[];
  readonly choices: readonly number[];
  readonly seed: number;
}

/** Up to `count` cases that are compiled together. */
export function arbitraryDraws(count: number): fc.Arbitrary<readonly Draw[]> {
  const draw = fc.record({
    program: fc.nat(programs.length - 1),
    sizes: fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 3, maxLength: 3 }),
    choices: fc.array(fc.nat(1 << 20), { maxLength: 90, size: "max" }),
    seed: fc.nat(100),
  });
  return fc.array(draw, { minLength: 1, maxLength: count, size: "max" });
}

export interface Batch {
  readonly scheduled: IRModule;
  readonly compiled: CompiledModule;
  readonly cases: readonly Case[];
}

/** A schedule to be compiled, and what made it, for the report. */
export interface Entry {
  readonly outputs: readonly Tensor[];
  readonly schedule: Schedule;
  readonly seed: number;
  readonly origin: string;
}

/** One module of all draws that make a legal schedule, lowered and compiled; null when none does. */
export function batchOf(draws: readonly Draw[], backend: Backend): Batch | null {
  const entries = draws.map(({ program: number, sizes, choices, seed }): Entry => {
    const program = programs[number] as (typeof programs)[number];
    const outputs = program.build((k) => sizes[k] ?? 2);
    const { schedule } = randomSchedule(outputs, new Choices(choices), { threads: false });
    return { outputs, schedule, seed, origin: `${program.name}, sizes ${sizes.join(", ")}` };
  });
  return batchOfSchedules(entries, backend);
}

/** One module of all schedules that lower, compiled; null when none does. */
export function batchOfSchedules(entries: readonly Entry[], backend: Backend): Batch | null {
  const functions: PrimFunc[] = [];
  const cases: Case[] = [];
  const called: TensorIntrinsic[] = [];
  for (const { outputs, schedule, seed, origin } of entries) {
    const name = `f${cases.length}`;
    try {
      functions.push(toPrimFunc(schedule, { name }));
    } catch (error) {
      if (isCompileError(error)) continue;
      throw error;
    }
    const given = placeholdersOf(outputs).map((tensor) => [tensor, inputFor(tensor, seed)] as const);
    const expected = evaluateTensors(outputs, new Map<string | Tensor, TypedArray>(given)) as Float32Array[];
    const parameters = functions.at(-1)?.parameters.map((parameter) => parameter.name) ?? [];
    const inputs = parameters.flatMap((parameter) =>
      given.filter(([tensor]) => tensor.name === parameter).map(([, array]) => array),
    );
    const intrinsics = intrinsicsOf(schedule);
    called.push(...intrinsics);
    cases.push({
      name,
      inputs,
      expected,
      intrinsics,
      trace: `${origin}\n${JSON.stringify(traceOf(schedule).records)}`,
    });
  }
  if (cases.length === 0) return null;
  const scheduled: IRModule = { kind: "IRModule", span: NO_SPAN, functions, attributes: {} };
  const { passes = [] } = backend;
  const { module } = lower(scheduled, {
    capabilities: withSome(backend.capabilities, called),
    passes,
    intrinsics: called,
  });
  return { scheduled, compiled: backend.compile(module), cases };
}

/** A target that declares every second intrinsic: those stay calls, of functions with strides. */
function withSome(capabilities: Capabilities, intrinsics: readonly TensorIntrinsic[]): Capabilities {
  return {
    ...capabilities,
    intrinsics: intrinsics.map(({ name }) => name).filter((_, position) => position % 2 === 0),
  };
}

/** Throws with the trace and the pass at fault unless a case gave what it must. */
export function expectCase(actual: readonly Float32Array[], each: Case, scheduled: IRModule, backend: Backend): void {
  const same = actual.every((array, k) => array.every((value, i) => Object.is(value, each.expected[k]?.[i])));
  if (!same) throw new Error(`${each.trace}\n${faultyPass(scheduled, backend, each)}`);
}
