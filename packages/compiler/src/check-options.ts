import type { Backend, Target } from "@tilewright/backend";
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

/** A backend alone is a target without a toolchain. @throws CompileError `CO107` for anything else. */
export function toTarget(options: { readonly target: Target | Backend }): Target {
  const given: unknown = options?.target;
  const { backend, toolchain = null } = isObject(given) && "backend" in given ? given : { backend: given };
  if (!isObject(backend) || typeof backend.compile !== "function" || !isObject(backend.capabilities)) {
    throw new CompileError(badArgument("target", "a backend as `wasm()`, or `{ backend, toolchain }`", given));
  }
  if (toolchain !== null && !(isObject(toolchain) && typeof toolchain.build === "function")) {
    throw new CompileError(badArgument("toolchain", "a toolchain, or null", toolchain));
  }
  return { backend, toolchain } as unknown as Target;
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
