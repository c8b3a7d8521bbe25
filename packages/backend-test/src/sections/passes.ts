import type { Pass, PlacedPass } from "@tilewright/backend";
import { interpret } from "@tilewright/interp";
import { type IRModule, type PrimFunc, structuralEqual } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { verify } from "@tilewright/ir/verify";
import fc from "fast-check";
import type { Candidate } from "../conformance-test.js";
import { compareMemory, copyMemory, inputsFor } from "../memory.js";
import { arbitraryPrimFunc } from "../random-functions.js";
import { check, sectionOf } from "../section.js";
import { dtypesOf, type Subject } from "../subject.js";
import { moduleOf } from "../trial.js";
import { loopKindsOf, randomTypesOf } from "./random.js";

/** The passes that a backend adds to the pipeline, each on its own. */
export function passTests(subject: Subject): readonly Candidate[] {
  const { proves } = sectionOf(subject, "passes");
  const { passes = [] } = subject.backend;
  if (dtypesOf(subject).length === 0) return [];
  return passes.map((placed, k) =>
    proves(`keeps meaning and level in its pass ${placed.pass.name}${numberOf(passes, k)}`, [], async () => {
      const { runs: numRuns, seed } = subject;
      const functions = arbitraryPrimFunc({ dtypes: randomTypesOf(subject), loopKinds: loopKindsOf(subject) });
      const property = fc.property(functions, (func) => tryPass(subject, placed, func));
      fc.assert(property, { numRuns, seed, includeErrorInReport: true });
    }),
  );
}

/** Passes of one name are told apart by their place. */
function numberOf(passes: readonly PlacedPass[], k: number): string {
  const { name } = (passes[k] as PlacedPass).pass;
  const before = passes.slice(0, k).filter(({ pass }) => pass.name === name).length;
  return passes.filter(({ pass }) => pass.name === name).length === 1 ? "" : ` (${before + 1})`;
}

/** @throws Error when the pass, where the pipeline reaches it, changes what the function computes, or leaves its level */
function tryPass({ backend, capabilities, lower }: Subject, placed: PlacedPass, func: PrimFunc): void {
  const { passes = [], intrinsics = [] } = backend;
  const { pass } = placed;
  const memory = inputsFor(func);
  const watched: Pass = {
    ...pass,
    run(before, context) {
      const after = pass.run(before, context);
      const [wrong] = verify(after, pass.establishes);
      check(wrong === undefined, `it does not establish the level ${pass.establishes}: ${wrong?.message}\n${print(after)}`); // biome-ignore format: one call
      check(structuralEqual(pass.run(before, context), after), `it gives another result the second time\n${print(before)}`); // biome-ignore format: one call
      const [expected, actual] = [before, after].map((module) => meaningOf(module, func.name, memory));
      const difference = compareMemory(expected as typeof memory, actual as typeof memory, "exact");
      check(difference === null, `${difference}\nbefore ${pass.name}:\n${print(before)}\nafter:\n${print(after)}`);
      return after;
    },
  };
  const others = passes.map((each) => (each === placed ? { ...placed, pass: watched } : each));
  lower(moduleOf([func]), { capabilities, passes: others, intrinsics });
}

function meaningOf(module: IRModule, entry: string, memory: ReturnType<typeof inputsFor>): typeof memory {
  const copy = copyMemory(memory);
  interpret(module, copy, { entry });
  return copy;
}
