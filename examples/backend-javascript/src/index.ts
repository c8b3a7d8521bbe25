import { defineHostDevice, type HostFunction } from "@tilewright/artifact";
import { defineBackend, defineTarget, functionEntries } from "@tilewright/backend";
import { PRELUDE } from "./expressions.js";
import { functionText } from "./statements.js";
import { TYPES } from "./types.js";

const format = "javascript";
const stable = Object.fromEntries(TYPES.map((dtype) => [dtype, "stable"] as const));

/** Device-level loop IR as JavaScript: the body of a function that returns the functions of the module. */
export const javascript = defineBackend({
  specVersion: "backend/1",
  name: "javascript",
  capabilities: {
    dtypes: stable,
    math: ["exp", "log", "sin", "cos", "tanh"],
    atomics: stable, // on one thread each update is a step of its own
    asserts: true,
    hostCode: true,
  },
  compile(module) {
    const functions = module.functions.map((func) => `${functionText(func)},\n`).join("");
    const bytes = new TextEncoder().encode(`${PRELUDE}const functions = {\n${functions}};\nreturn functions;\n`);
    return { format, bytes, features: [], functions: functionEntries(module), files: new Map(), warnings: [] };
  },
});

/** This process. */
export const device = defineHostDevice({
  name: "javascript",
  accepts: [format],
  load: (_, bytes) => new Map(Object.entries<HostFunction>(new Function(new TextDecoder().decode(bytes))())),
});

/** What programs look for when they are given the name of this package. */
export const target = defineTarget({
  specVersion: "target/1",
  name: "javascript",
  summary: "plain JavaScript in this process",
  backend: () => javascript,
  device: async () => device,
});
