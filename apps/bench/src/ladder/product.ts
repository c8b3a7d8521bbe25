import type { Artifact } from "@tilewright/artifact";
import { deviceArray, loadFunctions } from "@tilewright/runtime";
import type { FoundTarget } from "tilewright";
import { medianMilliseconds, type TimingOptions } from "../measurement.js";
import { WrongResult } from "../suite.js";

/** A product that is ready to run again and again. */
export interface Prepared {
  run(): Promise<void>;
  /** The product of the last run. */
  result(): Float32Array;
  close(): Promise<void>;
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
