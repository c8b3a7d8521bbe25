import type { BackendUnderTest } from "@tilewright/backend-test";
import { c } from "@tilewright/codegen-c";
import { wasm } from "@tilewright/codegen-wasm";
import { lower } from "@tilewright/lower";
import { engineFeatures } from "@tilewright/runtime";
import { nodeWasmDevice } from "@tilewright/runtime/node";
import { nativeDevice } from "@tilewright/runtime-native";
import { hostCpu, sharedLibrary } from "@tilewright/toolchain-c";

/** A backend of this repository, with what finishes and runs its work; or why it cannot be tried here. */
export type Subject =
  | { readonly name: string; readonly subject: BackendUnderTest; readonly readme: string }
  | { readonly name: string; readonly missing: string };

/** The backends of this repository as they are on this machine. */
export async function subjectsHere(): Promise<readonly Subject[]> {
  const toolchain = sharedLibrary();
  const { usable, detail } = await toolchain.status();
  const threads = 2;
  const native = {
    backend: c({ threads, cpu: hostCpu() }),
    toolchain,
    device: withThreads(nativeDevice, threads),
    lower,
  };
  const shared = engineFeatures().has("threads") ? threads : 1;
  const web = { backend: wasm({ threads: shared }), device: withThreads(nodeWasmDevice, shared), lower };
  return [
    usable ? { name: "c", subject: native, readme: "packages/codegen-c/README.md" } : { name: "c", missing: detail },
    { name: "wasm", subject: web, readme: "packages/codegen-wasm/README.md" },
  ];
}

/** A driver whose devices have so many threads. */
function withThreads<D extends BackendUnderTest["device"]>(driver: D, threads: number): BackendUnderTest["device"] {
  return { ...driver, open: (options) => driver.open({ threads, ...options }) };
}
