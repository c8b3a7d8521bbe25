import { checkCapabilities as old } from "./zzold/check-capabilities.js";
import { checkCapabilities, featuresOf } from "@tilewright/backend";
import { wasm } from "@tilewright/codegen-wasm";
import { compile } from "@tilewright/compiler";
import type { IRModule } from "@tilewright/ir";
import { verify } from "@tilewright/ir/verify";
import { MLP, trainingStep } from "./src/networks.js";

const backend = wasm();
const modules: IRModule[] = [];
let inside = 0;
const spy = {
  ...backend,
  compile: (m: IRModule) => {
    modules.push(m);
    const t = performance.now();
    const r = backend.compile(m);
    inside += performance.now() - t;
    return r;
  },
};
const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1]!;
const time = (f: () => void, n = 15) =>
  median(
    Array.from({ length: n }, () => {
      const t = performance.now();
      f();
      return performance.now() - t;
    }),
  );
const totals: number[] = [],
  insides: number[] = [];
for (let k = 0; k < 7; k++) {
  modules.length = 0;
  inside = 0;
  const t = performance.now();
  await compile(trainingStep(MLP, 100, 1), { target: { backend: spy, toolchain: null } as never });
  totals.push(performance.now() - t);
  insides.push(inside);
}
const each = (f: (m: IRModule) => void) =>
  time(() => {
    for (const m of modules) f(m);
  });
console.log(
  "modules",
  modules.length,
  "functions",
  modules.reduce((s, m) => s + m.functions.length, 0),
);
console.log(
  "total ms",
  median(totals).toFixed(1),
  "backend",
  median(insides).toFixed(1),
  "verify",
  each((m) => void verify(m, "device")).toFixed(2),
  "check",
  each((m) => void checkCapabilities(m, backend.capabilities, "wasm")).toFixed(2),
  "old", each((m) => void old(m, backend.capabilities as never, "wasm")).toFixed(2), "features",
  each((m) => void featuresOf(m)).toFixed(2),
);
