import { gemm } from "../problems/gemm.js";
import { raceSuite } from "./race-suite.js";

/** Products of float32 matrices, both of them inputs. */
export const gemmSuite = raceSuite({
  name: "gemm",
  summary: "products of float32 matrices; sizes are of square ones, or m x n x k as in 31x1021x67",
  hasProducts: true,
  problems: (sizes) => sizes?.map(([m, n = m, k = m]) => gemm(m, n, k)) ?? ALL,
});

const ALL = [
  ...[256, 512, 1024, 2048, 255, 257, 1000].map((size) => gemm(size, size, size)),
  gemm(31, 1021, 67),
  gemm(512, 512, 512, { transA: true }),
  gemm(512, 512, 512, { transB: true }),
  gemm(512, 512, 512, { transA: true, transB: true }),
  gemm(1, 1024, 1024),
  gemm(1024, 1, 1024),
];
