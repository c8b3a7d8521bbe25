import type { Backend } from "@tilewright/backend";
import { interpret } from "@tilewright/interp";
import type { IRModule } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { lower } from "@tilewright/lower";
import type { Case } from "./batch.js";

/** The first pass after which the interpreter disagrees with what a case expects: its name and the text before and after it. */
export function faultyPass(
  scheduled: IRModule,
  backend: Backend,
  { name, inputs, expected, intrinsics }: Case,
): string {
  const meanings = Object.fromEntries(intrinsics.map((each) => [each.name, each.semantics]));
  const only: IRModule = { ...scheduled, functions: scheduled.functions.filter((func) => func.name === name) };
  let before: IRModule = only;
  let report = "every pass keeps the meaning: look at the code generator";
  const agrees = (module: IRModule): boolean => {
    const parameters = module.functions.find((func) => func.name === name)?.parameters ?? [];
    const outputs = expected.map((array) => new Float32Array(array.length).fill(Number.NaN));
    const arrays = [...inputs, ...outputs];
    try {
      interpret(module, new Map(parameters.map((parameter, k) => [parameter.name, arrays[k] as Float32Array])), {
        entry: name,
        intrinsics: meanings,
      });
    } catch (error) {
      report = String(error);
      return false;
    }
    return outputs.every((array, k) => array.every((value, i) => Object.is(value, expected[k]?.[i])));
  };
  if (!agrees(only)) return `the schedule itself\n${report}\n${print(only)}`;
  let found = false;
  lower(only, {
    capabilities: backend.capabilities,
    intrinsics,
    onPass: (pass, module) => {
      if (!found && !agrees(module)) {
        found = true;
        report = `${pass}\n${report}\n${print(before)}\n${print(module)}`;
      }
      before = module;
    },
  });
  return report;
}
