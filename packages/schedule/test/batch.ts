import type { Backend, CompiledModule } from "@tilewright/backend";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { evaluateTensors, type TypedArray } from "@tilewright/interp";
import type { IRModule, PrimFunc, Tensor } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import { toPrimFunc, traceOf } from "@tilewright/schedule";
import { inputFor, placeholdersOf, programs } from "./programs.js";
import { Choices, randomSchedule } from "./random-trace.js";

/** One scheduled program with what it must compute. */
export interface Case {
  readonly name: string;
  readonly inputs: readonly Float32Array[];
  readonly expected: readonly Float32Array[];
  readonly trace: string;
}

/** A small deterministic generator: the seed is printed with a failure. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

/** Functions of one module, each a random schedule of a random program, lowered for the backend, and its cases. */
export function randomBatch(
  seed: number,
  count: number,
  backend: Backend,
): {
  readonly module: IRModule;
  readonly scheduled: IRModule;
  readonly compiled: CompiledModule;
  readonly cases: readonly Case[];
} {
  const random = generator(seed);
  const functions: PrimFunc[] = [];
  const cases: Case[] = [];
  while (cases.length < count) {
    const program = programs[random() % programs.length] as (typeof programs)[number];
    const sizes = [random(), random(), random()].map((number) => 1 + (number % 13));
    const outputs = program.build((k) => sizes[k] ?? 2);
    const { schedule } = randomSchedule(outputs, new Choices(Array.from({ length: random() % 90 }, random)), {
      threads: false,
    });
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
    cases.push({
      name,
      inputs,
      expected,
      trace: `seed ${seed}, ${program.name}\n${JSON.stringify(traceOf(schedule).records)}`,
    });
  }
  const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions, attributes: {} };
  const lowered = lower(module, {
    capabilities: backend.capabilities,
    ...(backend.passes === undefined ? {} : { passes: backend.passes }),
  }).module;
  return { module: lowered, scheduled: module, compiled: backend.compile(lowered), cases };
}
