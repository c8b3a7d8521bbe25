import type { Intrinsic } from "@tilewright/backend";
import type { CTemplate } from "@tilewright/codegen-c";
import type { DType, PrimFunc, Tensor } from "@tilewright/ir";
import { parseFunctionText } from "@tilewright/ir/text";
import { tensorIntrinsic } from "@tilewright/schedule";
import { cast, compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";

export interface Gemm {
  readonly A: Tensor;
  readonly B: Tensor;
  readonly C: Tensor;
}

/** C = A · B, the sums of type `result`. */
export function gemm(m: number, n: number, depth: number, dtype: DType = "float32", result: DType = dtype): Gemm {
  const A = placeholder([m, depth], { name: "A", dtype });
  const B = placeholder([depth, n], { name: "B", dtype });
  const k = reduceAxis(depth, "k");
  const widened = (value: ReturnType<typeof read>) => (dtype === result ? value : cast(value, result));
  const C = compute([m, n], (i, j) => sum(mul(widened(read(A, i, k)), widened(read(B, k, j))), k), { name: "C" });
  return { A, B, C };
}

/** C += A · B on a tile. */
export const updateTile = (m: number, n: number, depth: number, dtype: DType = "float32", result: DType = dtype) =>
  tensorIntrinsic(`gemm${m}x${n}`, gemm(m, n, depth, dtype, result).C, { accumulate: true });

/** The update of a 4 × 8 tile for WebAssembly: eight registers that hold the tile while `k` runs. */
export function wasmTile(depth: number): Intrinsic<PrimFunc> {
  const emit = parseFunctionText(`// tilewright-ir 1
prim_func @tile(A: float32[4, ${depth}] @global align 4, B: float32[${depth}, 8] @global align 4, C: float32[4, 8] @global align 4) {
  for k in 0..${depth} {
    for i: unrolled in 0..4 {
      for j.outer: unrolled in 0..2 {
        for j: vectorized in 0..4 {
          C[i, j.outer * 4 + j] = C[i, j.outer * 4 + j] +[cr] A[i, k] *[c] B[k, j.outer * 4 + j]
        }
      }
    }
  }
}`);
  return { ...updateTile(4, 8, depth), emit };
}

/** The update of a 4 × 16 tile in GNU C: eight vectors of eight lanes. */
export function cTile(depth: number): Intrinsic<CTemplate> {
  return {
    ...updateTile(4, 16, depth),
    emit: ([A, B, C]) => `
typedef float lanes __attribute__((vector_size(32), aligned(4), may_alias));
lanes c[4][2];
for (int i = 0; i < 4; i++)
  for (int v = 0; v < 2; v++) c[i][v] = *(const lanes *)&${C?.pointer}[i * ${C?.strides[0]} + v * 8];
for (int k = 0; k < ${depth}; k++) {
  const lanes b0 = *(const lanes *)&${B?.pointer}[k * ${B?.strides[0]}];
  const lanes b1 = *(const lanes *)&${B?.pointer}[k * ${B?.strides[0]} + 8];
  for (int i = 0; i < 4; i++) {
    const ${A?.type} a = ${A?.pointer}[i * ${A?.strides[0]} + k];
    c[i][0] += a * b0;
    c[i][1] += a * b1;
  }
}
for (int i = 0; i < 4; i++)
  for (int v = 0; v < 2; v++) *(lanes *)&${C?.pointer}[i * ${C?.strides[0]} + v * 8] = c[i][v];
`,
  };
}
