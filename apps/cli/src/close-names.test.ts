import { expect, it } from "vitest";
import { closeNames } from "./close-names.js";

const NAMES = ["wasm", "native", "c-wasm", "tilewright-backend-chip"];

it.each([
  ["wsam", ["wasm"]],
  ["natve", ["native"]],
  ["c-wsm", ["c-wasm"]],
  ["wasm", ["wasm", "c-wasm"]],
  ["WASM", ["wasm", "c-wasm"]],
  ["chip", ["tilewright-backend-chip"]],
  ["gpu", []],
  ["", []],
  ["./wasm.js", []],
])("of %j are meant %j", (asked, expected) => {
  expect(closeNames(asked, NAMES)).toEqual(expected);
});
