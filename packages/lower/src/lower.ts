import type { Capabilities, IntrinsicMeaning, Level, PassPoint, PlacedPass } from "@tilewright/backend";
import { CompileError, type Diagnostic } from "@tilewright/diagnostics";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { verify } from "@tilewright/ir/verify";
import { nestingOf } from "./each-statement.js";
import { nestedTooDeep } from "./errors.js";
import { PIPELINE } from "./pipeline.js";

export interface LowerOptions {
  /** Facts about the target. */
  readonly capabilities: Capabilities;
  /** Passes of a backend, run when their point of the pipeline is reached, in the given order. */
  readonly passes?: readonly PlacedPass[];
  /** What the intrinsics mean that the module calls; those that the capabilities name stay calls. */
  readonly intrinsics?: readonly IntrinsicMeaning[];
  /** Check the grammar of the level after every pass. */
  readonly verify?: boolean;
  /** Called after every pass. */
  readonly onPass?: (name: string, module: IRModule, changed: boolean) => void;
}

export interface Lowered {
  readonly module: IRModule;
  /** Warnings. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Loop IR as `schedule` made it (level `scheduled`) to what codegens accept (level `device`).
 * @throws CompileError `LOW101`, `LOW201` to `LOW206`, and `IR` codes of the verifier under `verify`
 */
export function lower(module: IRModule, options: LowerOptions): Lowered {
  const diagnostics: Diagnostic[] = [];
  const context = {
    capabilities: options.capabilities,
    intrinsics: options.intrinsics ?? [],
    report: (diagnostic: Diagnostic) => void diagnostics.push(diagnostic),
  };
  for (const func of module.functions) checkNesting(func);
  let current = module;
  for (const pass of passesOf(options.passes ?? [])) {
    const after = pass.run(current, context);
    options.onPass?.(pass.name, after, after !== current);
    if (options.verify === true && after !== current) checkLevel(after, pass.establishes);
    current = after;
  }
  const [first, ...rest] = diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  if (first !== undefined) throw new CompileError(first, ...rest);
  return { module: current, diagnostics };
}

/** Passes recur over loops and branches, as people nest them; over sequences, lets and expressions none does. */
const DEEPEST_NEST = 256;

function checkNesting(func: PrimFunc): void {
  const depth = nestingOf(func.body);
  if (depth > DEEPEST_NEST) throw new CompileError(nestedTooDeep(func.name, depth, DEEPEST_NEST, func.span));
}

function checkLevel(module: IRModule, level: Level): void {
  const [first, ...rest] = verify(module, level);
  if (first !== undefined) throw new CompileError(first, ...rest);
}

/** The pipeline with a backend's passes where they join. */
function passesOf(placed: readonly PlacedPass[]): readonly PlacedPass["pass"][] {
  const at = (point: PassPoint) => placed.filter((entry) => entry.at === point).map((entry) => entry.pass);
  return PIPELINE.flatMap((entry) => (typeof entry === "string" ? at(entry) : [entry]));
}
