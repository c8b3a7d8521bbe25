import { randomArray } from "../random-array.js";
import type { Facts } from "./facts.js";

/** C = A · B of `m × k` and `k × n`; an operand that is `trans` is stored transposed, as in BLAS. */
export interface Gemm {
  readonly kind: "gemm";
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA: boolean;
  readonly transB: boolean;
}

export function gemm(m: number, n: number, k: number, trans: Partial<Pick<Gemm, "transA" | "transB">> = {}): Gemm {
  return { kind: "gemm", m, n, k, transA: false, transB: false, ...trans };
}

export function gemmFacts({ m, n, k, transA, transB }: Gemm): Facts {
  const a = { name: "A", shape: transA ? [k, m] : [m, k], values: randomArray(m * k, 1) };
  const b = { name: "B", shape: transB ? [n, k] : [k, n], values: randomArray(k * n, 2) };
  const letters = `${transA ? "T" : "N"}${transB ? "T" : "N"}`;
  return {
    workload: `${m}x${n}x${k}${transA || transB ? ` ${letters}` : ""}`,
    inputs: [a, b],
    shape: [m, n],
    flops: 2 * m * n * k,
    bytes: 4 * (m * k + k * n + m * n),
    exactAt(at) {
      const [i, j] = [Math.floor(at / n), at % n];
      let [value, magnitude] = [0, 0];
      for (let p = 0; p < k; p++) {
        const left = a.values[transA ? p * m + i : i * k + p] ?? 0;
        const term = left * (b.values[transB ? j * k + p : p * n + j] ?? 0);
        value += term;
        magnitude += Math.abs(term);
      }
      return { value, error: k * magnitude };
    },
  };
}
