import type { Peer } from "../contender.js";
import { jaxJs } from "./jax-js.js";
import { numpy } from "./numpy.js";
import { onnxruntimeNode, onnxruntimeWeb } from "./onnxruntime.js";
import { tfjsWasm } from "./tfjs-wasm.js";

export const PEERS: readonly Peer[] = [onnxruntimeWeb, tfjsWasm, jaxJs, onnxruntimeNode, numpy];

/** Whom users of a target would take instead: WebAssembly against WebAssembly, native code against native code. */
export function peersOf(target: string): readonly Peer[] {
  return target === "native" ? [onnxruntimeNode, numpy] : [onnxruntimeWeb, tfjsWasm, jaxJs];
}
