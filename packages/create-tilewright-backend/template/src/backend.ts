import { defineBackend, functionEntries } from "@tilewright/backend";
import { functionText } from "./code.js";

export const FORMAT = "{{target}}";

/**
 * Loop IR to code. Declare here what the target holds, and no more: what is not declared is refused before `compile` is called, and what is
 * declared the kit proves.
 */
export const backend = defineBackend({
  specVersion: "backend/1",
  name: "{{target}}",
  capabilities: {
    dtypes: { float32: "stable", int32: "stable" },
  },
  compile(module) {
    const functions = module.functions.map((func) => `${functionText(func)},\n`).join("");
    return {
      format: FORMAT,
      bytes: new TextEncoder().encode(`const functions = {\n${functions}};\nreturn functions;\n`),
      features: [],
      functions: functionEntries(module),
      files: new Map(),
      warnings: [],
    };
  },
});
