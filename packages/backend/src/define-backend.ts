import { CompileError, type Diagnostic } from "@tilewright/diagnostics";
import { type IRModule, type Rules, rewrite, visit } from "@tilewright/ir";
import { verify } from "@tilewright/ir/verify";
import type { Backend, BackendDefinition, CompiledModule, Toolchain } from "./backend.js";
import { toCapabilities } from "./capabilities.js";
import { checkCapabilities } from "./check-capabilities.js";
import { checkBackend, checkToolchain } from "./check-plugin.js";
import { brokenByRules, notDeviceLevel, restlessRules } from "./errors.js";

/**
 * A backend of its definition. Its `compile` legalizes the module and refuses what the capabilities do not declare before the author's sees
 * it; uses of experimental features join the warnings.
 * @throws CompileError `BE106` a field that does not hold what it must · `BE107` another version of the contract · `BE108` written for newer
 * loop IR
 */
export function defineBackend(definition: BackendDefinition): Backend {
  checkBackend(definition);
  const { name, irVersion = 1, legalize = [] } = definition;
  const capabilities = toCapabilities(definition.capabilities);
  const compile = (module: IRModule): CompiledModule => {
    const [unlevel] = verify(module, "device");
    if (unlevel !== undefined) throw new CompileError(notDeviceLevel(name, unlevel));
    const legal = legalize.reduce((current, rules) => toFixedPoint(current, rules, name), module);
    const [broken] = legal === module ? [] : verify(legal, "device");
    if (broken !== undefined) throw new CompileError(brokenByRules(name, broken));
    const diagnostics = checkCapabilities(legal, capabilities, name);
    const [first, ...rest] = diagnostics.filter(({ severity }) => severity === "error");
    if (first !== undefined) throw new CompileError(first, ...rest);
    return withWarnings(definition.compile(legal), diagnostics);
  };
  return { ...definition, irVersion, capabilities, compile };
}

/** Rounds after which rules are given up, and how large they may make a module: what doubles each round would not end before. */
const MOST_ROUNDS = 32;
const mostNodes = (module: IRModule): number => 100_000 + 64 * nodesOf(module);

function toFixedPoint(module: IRModule, rules: Rules, backend: string): IRModule {
  let current = module;
  let round = 0;
  for (; round < MOST_ROUNDS; round++) {
    const next = rewrite(current, rules);
    if (next === current) return current;
    current = next;
    if (nodesOf(current) > mostNodes(module)) break;
  }
  throw new CompileError(restlessRules(backend, Math.min(round + 1, MOST_ROUNDS)));
}

function nodesOf(module: IRModule): number {
  let nodes = 0;
  visit(module, { enter: () => void nodes++ });
  return nodes;
}

function withWarnings(compiled: CompiledModule, warnings: readonly Diagnostic[]): CompiledModule {
  return warnings.length === 0 ? compiled : { ...compiled, warnings: [...warnings, ...compiled.warnings] };
}

/** A toolchain of its definition. @throws CompileError `BE106`, `BE107` */
export function defineToolchain(toolchain: Toolchain): Toolchain {
  checkToolchain(toolchain);
  return toolchain;
}
