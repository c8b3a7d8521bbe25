import {
  type Backend, type BackendDefinition, checkBackend, checkToolchain, defineBackend, type Target, toCapabilities,
} from "@tilewright/backend"; // biome-ignore format: a list
import { CompileError } from "@tilewright/diagnostics";
import type { Graph } from "@tilewright/ir";
import type { Model } from "@tilewright/ops";
import { badArgument } from "./errors.js";

/** A graph alone is a model without blobs. @throws CompileError `CO107` for anything else. */
export function toModel(input: Model | Graph): Model {
  const given: unknown = input;
  if (isKind(given, "Graph")) return { graph: given as Graph, blobs: new Map() };
  const model = isObject(given) ? given : {};
  if (isKind(model.graph, "Graph") && model.blobs instanceof Map) return input as Model;
  throw new CompileError(badArgument("model", "a graph, or a model: `{ graph, blobs }`", given));
}

/**
 * A backend alone is a target without a toolchain. `option` is the name in messages.
 * @throws CompileError `CO107` for anything else · `BE106`, `BE107`, `BE108` for a plugin that does not follow the contract
 */
export function toTarget(given: unknown, option = "target"): Target {
  const { backend, toolchain = null } = isObject(given) && "backend" in given ? given : { backend: given };
  if (!isObject(backend) || !["specVersion", "compile", "capabilities"].some((field) => field in backend)) {
    throw new CompileError(badArgument(option, "a backend as `wasm()`, or `{ backend, toolchain }`", given));
  }
  if (toolchain !== null && !(isObject(toolchain) && ["specVersion", "build"].some((field) => field in toolchain))) {
    throw new CompileError(badArgument("toolchain", "a toolchain, or null", toolchain));
  }
  checkBackend(backend);
  if (toolchain !== null) checkToolchain(toolchain);
  return { backend: complete(backend), toolchain } as Target;
}

/** A definition that did not go through `defineBackend` does so now. */
function complete(backend: BackendDefinition): Backend {
  const { capabilities } = backend;
  const fields = Object.keys(toCapabilities(capabilities)) as readonly (keyof typeof capabilities)[];
  return fields.every((field) => capabilities[field] !== undefined) ? (backend as Backend) : defineBackend(backend);
}

/** @throws CompileError `CO107` for a choice of schedule that does not exist; `traces`: a trace is one. */
export function checkSchedule(schedule: unknown, traces: boolean): void {
  if (schedule === undefined || schedule === "auto" || schedule === "none") return;
  if (traces && isObject(schedule) && Array.isArray(schedule.records)) return;
  throw new CompileError(badArgument("schedule", `"auto"${traces ? ', "none" or a trace' : ' or "none"'}`, schedule));
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null;
}

function isKind(value: unknown, kind: string): boolean {
  return isObject(value) && value.kind === kind;
}
