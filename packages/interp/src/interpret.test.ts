import { NO_SPAN } from "@tilewright/diagnostics";
import { type Buffer, buffer, build, constant, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { interpret } from "./index.js";

const func = (parameters: PrimFunc["parameters"], body: Stmt, name = "f"): PrimFunc => ({
  kind: "PrimFunc",
  span: NO_SPAN,
  name,
  role: "kernel",
  parameters,
  mayAlias: [],
  body,
  attributes: {},
});

function matmul(n: number, loopKind: "serial" | "parallel"): PrimFunc {
  const b = build;
  const [A, B, C] = ["A", "B", "C"].map((name) => buffer(name, { dtype: "float32", shape: [n, n] })) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  const [i, j, k] = [variable("i"), variable("j"), variable("k")];
  const product = b.mul(b.load(A, [i, k]), b.load(B, [k, j]));
  const update = b.store(C, [i, j], b.add(b.load(C, [i, j]), product));
  const inner = b.seq(b.store(C, [i, j], constant(0, "float32")), b.loop(k, int(0), int(n), update));
  return func([A, B, C], b.loop(i, int(0), int(n), b.loop(j, int(0), int(n), inner), loopKind));
}

describe("interpret", () => {
  it.each(["serial", "parallel"] as const)("multiplies matrices with a %s loop", (kind) => {
    const n = 64;
    const A = Float32Array.from({ length: n * n }, (_, e) => (e * 7) % 5);
    const B = Float32Array.from({ length: n * n }, (_, e) => (e * 3) % 7);
    const C = new Float32Array(n * n);
    const start = performance.now();
    interpret(matmul(n, kind), { A, B, C });
    process.stderr.write(`${kind} ${performance.now() - start}\n`);
    const expected = Float32Array.from({ length: n * n }, (_, e) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += (A[Math.floor(e / n) * n + k] ?? 0) * (B[k * n + (e % n)] ?? 0);
      return sum;
    });
    expect(C).toEqual(expected);
  });
});
