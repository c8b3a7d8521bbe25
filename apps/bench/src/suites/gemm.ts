import type { Artifact } from "@tilewright/artifact";
import { compileTensors } from "@tilewright/compiler";
import type { Tensor } from "@tilewright/ir";
import { deviceArray, loadFunctions } from "@tilewright/runtime";
import { compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import type { FoundTarget } from "tilewright";
import { type Measurement, medianMilliseconds, type TimingOptions } from "../measurement.js";
import { randomArray } from "../random-array.js";
import { type Suite, type SuiteOptions, WrongResult } from "../suite.js";

/** Square products of float32 matrices: C = A · B. */
export const gemmSuite: Suite = {
  name: "gemm",
  summary: "products of square float32 matrices",
  defaultSizes: [512],
  async run(options) {
    const measurements: Measurement[] = [];
    for (const size of options.sizes) {
      const a = randomArray(size * size, 1);
      const b = randomArray(size * size, 2);
      for (const contender of CONTENDERS) measurements.push(await contend(contender, size, a, b, options));
    }
    return measurements;
  },
};

/** A product that is ready to run again and again. */
export interface Prepared {
  run(): Promise<void>;
  /** The product of the last run. */
  result(): Float32Array;
  close(): Promise<void>;
}

/** Somebody who multiplies matrices. Peers join the list. */
export interface Contender {
  readonly name: string;
  prepare(size: number, a: Float32Array, b: Float32Array, options: SuiteOptions): Promise<Prepared>;
}

const tilewright: Contender = { name: "tilewright", prepare: prepareTilewright };
const CONTENDERS: readonly Contender[] = [tilewright];

async function contend(
  contender: Contender,
  size: number,
  a: Float32Array,
  b: Float32Array,
  options: SuiteOptions,
): Promise<Measurement> {
  const prepared = await contender.prepare(size, a, b, options);
  const timed = await timeProduct(prepared, size, a, b, options);
  return {
    suite: "gemm",
    workload: `${size}x${size}x${size}`,
    contender: contender.name,
    threads: options.threads,
    ...timed,
  };
}

/** Checks the product, then times it, then closes it. @throws WrongResult */
export async function timeProduct(
  prepared: Prepared,
  size: number,
  a: Float32Array,
  b: Float32Array,
  options: TimingOptions,
): Promise<{ readonly medianMs: number; readonly gflops: number }> {
  try {
    await prepared.run();
    checkProduct(size, a, b, prepared.result());
    const medianMs = await medianMilliseconds(() => prepared.run(), options);
    return { medianMs, gflops: (2 * size ** 3) / medianMs / 1e6 };
  } finally {
    await prepared.close();
  }
}

async function prepareTilewright(
  size: number,
  a: Float32Array,
  b: Float32Array,
  { found }: SuiteOptions,
): Promise<Prepared> {
  const { artifact } = await compileTensors(product(size), { target: found.target, name: "gemm" });
  return prepareKernel(artifact, found, size, a, b);
}

/** A compiled function `gemm` of A, B and C on its device. */
export async function prepareKernel(
  artifact: Artifact,
  found: FoundTarget,
  size: number,
  a: Float32Array,
  b: Float32Array,
): Promise<Prepared> {
  const device = await found.open();
  const functions = await loadFunctions(artifact, device);
  const [left, right, out] = [0, 1, 2].map(() => deviceArray(device, [size, size]));
  if (left === undefined || right === undefined || out === undefined) throw new WrongResult("no memory");
  (left.data as Float32Array).set(a);
  (right.data as Float32Array).set(b);
  return {
    run: () => functions.call("gemm", left, right, out),
    result: () => out.data as Float32Array,
    async close() {
      for (const array of [left, right, out]) array.dispose();
      await functions.dispose();
      await device.close();
    },
  };
}

/** C[i, j] = Σₖ A[i, k] · B[k, j]. */
export function product(size: number): Tensor {
  const A = placeholder([size, size], { name: "A" });
  const B = placeholder([size, size], { name: "B" });
  const k = reduceAxis(size, "k");
  return compute([size, size], (i, j) => sum(mul(read(A, i, k.variable), read(B, k.variable, j)), k), { name: "C" });
}

const CHECKED_ROWS = 32;
const EPSILON = 2 ** -23;

/** Rows spread over the product against double precision; the bound of a sum's error is ε · n · Σ|x|. @throws WrongResult */
export function checkProduct(size: number, a: Float32Array, b: Float32Array, product: Float32Array): void {
  const step = Math.max(1, Math.floor(size / CHECKED_ROWS));
  for (let i = 0; i < size; i += step) {
    for (let j = 0; j < size; j++) {
      let exact = 0;
      let magnitude = 0;
      for (let k = 0; k < size; k++) {
        const term = (a[i * size + k] ?? 0) * (b[k * size + j] ?? 0);
        exact += term;
        magnitude += Math.abs(term);
      }
      const found = product[i * size + j] ?? Number.NaN;
      if (!(Math.abs(found - exact) <= EPSILON * size * magnitude)) {
        throw new WrongResult(`the product of size ${size} is ${found} at [${i}, ${j}], not ${exact}`);
      }
    }
  }
}
