import { compileTensors } from "@tilewright/compiler";
import type { Expr, Tensor } from "@tilewright/ir";
import { deviceArray, loadFunctions } from "@tilewright/runtime";
import { add, compute, exp, maximum, mul, placeholder, read } from "@tilewright/te";
import { type Measurement, medianMilliseconds } from "../measurement.js";
import { randomArray } from "../random-array.js";
import { type Suite, type SuiteOptions, WrongResult } from "../suite.js";

interface Case {
  readonly name: string;
  readonly element: (x: Expr, y: Expr) => Expr;
  readonly reference: (x: number, y: number) => number;
}

const CASES: readonly Case[] = [
  { name: "add", element: (x, y) => add(x, y), reference: (x, y) => x + y },
  {
    name: "multiply add relu",
    element: (x, y) => maximum(add(mul(x, y), y), 0),
    reference: (x, y) => Math.max(x * y + y, 0),
  },
  { name: "exp", element: (x, y) => add(exp(x), y), reference: (x, y) => Math.exp(x) + y },
];

/** Two matrices in, one out, element by element. */
export const elementwiseSuite: Suite = {
  name: "elementwise",
  summary: "functions of two square matrices, element by element",
  defaultSizes: [1000],
  async run(options) {
    const measurements: Measurement[] = [];
    for (const size of options.sizes) for (const each of CASES) measurements.push(await measure(each, size, options));
    return measurements;
  },
};

async function measure(each: Case, size: number, { found, threads, repetitions }: SuiteOptions): Promise<Measurement> {
  const { artifact } = await compileTensors(expression(each, size), { target: found.target, name: "elementwise" });
  const device = await found.open();
  try {
    const functions = await loadFunctions(artifact, device);
    const arrays = [1, 2, 3].map((seed) => {
      const array = deviceArray(device, [size, size]);
      (array.data as Float32Array).set(randomArray(size * size, seed));
      return array;
    });
    const run = (): Promise<void> => functions.call("elementwise", ...arrays);
    await run();
    check(
      each,
      arrays.map(({ data }) => data as Float32Array),
    );
    const medianMs = await medianMilliseconds(run, { repetitions });
    const gigabytesPerSecond = (3 * 4 * size * size) / medianMs / 1e6;
    const workload = `${each.name} ${size}x${size}`;
    return { suite: "elementwise", workload, contender: "tilewright", threads, medianMs, gigabytesPerSecond };
  } finally {
    await device.close();
  }
}

function expression({ element }: Case, size: number): Tensor {
  const X = placeholder([size, size], { name: "X" });
  const Y = placeholder([size, size], { name: "Y" });
  return compute([size, size], (i, j) => element(read(X, i, j), read(Y, i, j)), { name: "Z" });
}

function check({ name, reference }: Case, [x, y, z]: readonly Float32Array[]): void {
  z?.forEach((found, k) => {
    const exact = reference(x?.[k] ?? 0, y?.[k] ?? 0);
    if (!(Math.abs(found - exact) <= 1e-6 * Math.max(1, Math.abs(exact)))) {
      throw new WrongResult(`${name} is ${found} at ${k}, not ${exact}`);
    }
  });
}
