import type { Diagnostic } from "@tilewright/diagnostics";
import type { IRModule } from "@tilewright/ir";
import type { Capabilities } from "./capabilities.js";
import { experimentalFeature, undeclaredFeature } from "./errors.js";
import { supportedNames, supportOf, surveyOf } from "./features.js";
import { beyondLimits } from "./limits.js";

/**
 * What a target says to a module of device-level loop IR before any code is generated: an error for each feature that its capabilities do
 * not declare (`BE101`) and each limit that is exceeded (`BE102`), a warning for each feature that is experimental (`BE103`).
 * `backend` is the name in the messages.
 */
export function checkCapabilities(
  module: IRModule,
  capabilities: Capabilities,
  backend: string,
): readonly Diagnostic[] {
  const { features, widest } = surveyOf(module);
  const judged = features.flatMap((use): readonly Diagnostic[] => {
    const level = supportOf(capabilities, use);
    if (level === "stable") return [];
    if (level === "experimental") return [experimentalFeature(backend, use)];
    return [undeclaredFeature(backend, use, supportedNames(capabilities, use.kind))];
  });
  return [...judged, ...beyondLimits(module, widest, capabilities, backend)];
}
