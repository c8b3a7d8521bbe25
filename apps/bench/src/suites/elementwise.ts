import { rowOperation } from "../problems/row-operation.js";
import { raceSuite } from "./race-suite.js";

const OPERATIONS = ["add", "chain", "softmax", "layer-normalization", "mean", "transpose"] as const;

/** What memory limits, on square matrices; the yardstick is a copy of as many bytes. */
export const elementwiseSuite = raceSuite({
  name: "elementwise",
  summary: "elementwise chains, softmax, normalization, reduction and transpose of square matrices",
  problems: (sizes) =>
    (sizes ?? [[256], [1024], [4096]]).flatMap(([size]) => OPERATIONS.map((each) => rowOperation(each, size, size))),
});
