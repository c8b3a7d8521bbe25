import { interpreterPlugin } from "@tilewright/backend-test";
import { wasm } from "@tilewright/codegen-wasm";
import { nodeWasmDevice } from "@tilewright/runtime/node";
import type { Fault, Plugin } from "./fault.js";
import { wrongTemplate } from "./plugin.js";

/** The plugins that faults are planted in, right as they are but for one instruction whose template is a fault. */
export async function pluginsToSpoil(): Promise<Readonly<Record<Fault["copyOf"], Plugin>>> {
  return {
    wasm: { backend: wasm(), device: nodeWasmDevice },
    instruction: { backend: wasm({ intrinsics: [wrongTemplate()] }), device: nodeWasmDevice },
    interpreter: interpreterPlugin(),
  };
}
