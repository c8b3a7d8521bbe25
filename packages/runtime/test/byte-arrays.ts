import type { Place } from "@tilewright/artifact";
import { type NDArray, ndarray } from "../src/index.js";
import type { ByteModel } from "./byte-programs.js";

export const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, k) => (k * 13 + seed * 101) % 256);
export const inputsOf = ({ inputs = [] }: ByteModel, seed: number): Uint8Array[] =>
  inputs.map((length, k) => bytes(length, seed + k));
export const named = (arrays: readonly Uint8Array[]): Record<string, NDArray> =>
  Object.fromEntries(arrays.map((array, k) => [`x${k}`, ndarray(array)]));

export const listed = (arrays: readonly Uint8Array[]) => arrays.map((array) => [...array]);
export const outputsOf = (model: ByteModel, results: Readonly<Record<string, NDArray>>) =>
  (model.outputs ?? []).map((_, k) => results[`y${k}`]?.toArray());

export const x0: Place = { region: "input", position: 0 };
export const y0: Place = { region: "output", position: 0 };
export const arena = (offset: number, length = 64): Place => ({ region: "arena", offset, bytes: length });
export const state: Place = { region: "state", offset: 0, bytes: 64 };
