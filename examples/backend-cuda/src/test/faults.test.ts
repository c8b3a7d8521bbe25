// Faults planted in the text: the kit must find each, in the test that is named after what is wrong.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CompiledModule, Toolchain } from "@tilewright/backend";
import { conformanceTests } from "@tilewright/backend-test";
import { nativeDevice } from "@tilewright/runtime-native";
import { cuda, cudaEmulation } from "../index.js";

interface Fault {
  readonly name: string;
  readonly change: (text: string) => string;
  /** The test that finds it. */
  readonly test: string;
}

const faults: readonly Fault[] = [
  {
    name: "barriers are left out",
    change: (text) => text.replaceAll("__syncthreads();", ""),
    test: "shares memory between the threads of a block, which wait at a barrier",
  },
  {
    name: "a barrier is waited for by some threads only",
    change: (text) => text.replaceAll("__syncthreads();", "if (threadIdx.x == 0) __syncthreads();"),
    test: "waits at barriers in each round of a uniform loop",
  },
  {
    name: "each thread has an array of its own instead of a shared one",
    change: (text) => text.replaceAll("__shared__ ", ""),
    test: "shares memory between the threads of a block, which wait at a barrier",
  },
  {
    name: "all blocks along y do the work of the first",
    change: (text) => text.replaceAll("= blockIdx.y;", "= 0;"),
    test: "runs blocks and threads along two and three axes, each in its place",
  },
  {
    name: "quotients are rounded to zero",
    change: (text) => text.replaceAll(/\bfloor_div\((?=[^T])/g, "trunc_div("),
    test: "computes every operator of int32",
  },
  {
    name: "products and sums are fused",
    change: (text) => text.replaceAll(/__fmul_rn\(([^()]*), ([^()]*)\) ([+-]) ([^;]*);/g, "__fmaf_rn($1, $2, $3($4));"),
    test: "does not contract products and sums of float32 without licence",
  },
];

const emulation = cudaEmulation({ optimization: 0 });

/** Runs the test in question on changed text. */
async function run({ test }: Fault, change: (text: string) => string): Promise<string> {
  let changed = false;
  const build: Toolchain["build"] = (module, options) => {
    const before = new TextDecoder().decode(module.bytes);
    const after = change(before);
    changed ||= after !== before;
    return emulation.build({ ...module, bytes: new TextEncoder().encode(after) } satisfies CompiledModule, options);
  };
  const subject = { backend: cuda(), toolchain: { ...emulation, build }, device: nativeDevice };
  const found = conformanceTests(subject).find(({ name }) => name === test);
  assert.ok(found !== undefined, `the kit has no test "${test}"`);
  const message = await found.run().then(
    () => "passed",
    (error: unknown) => String(error),
  );
  return changed ? message : `the text was not changed: ${message}`;
}

describe("planted faults", () => {
  for (const fault of faults)
    it(`${fault.name}: "${fault.test}" fails`, async () => {
      assert.match(await run(fault, fault.change), /^Error: |divergent barrier/);
    });
});
