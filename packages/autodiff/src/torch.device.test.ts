import { execFileSync } from "node:child_process";
import { evaluateModel } from "@tilewright/compiler";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { describe, expect, it } from "vitest";
import { addGradients } from "./index.js";

const python = process.env.TILEWRIGHT_PYTHON ?? "";
const [ROWS, SIZES] = [8, [20, 16, 12, 10]] as const;

/** Reads the arrays as JSON, differentiates the same network in double precision, writes the loss and the gradients. */
const PROGRAM = `
import json, sys, torch
data = json.load(sys.stdin)
t = lambda name: torch.tensor(data[name], dtype=torch.float64)
h = t("x").reshape(${ROWS}, -1)
parameters = []
sizes = data["sizes"]
for k in range(3):
    w = t(f"w{k}").reshape(sizes[k], sizes[k + 1]).requires_grad_()
    b = t(f"b{k}").requires_grad_()
    parameters += [w, b]
    h = h @ w + b
    if k < 2: h = torch.relu(h)
loss = -(t("labels").reshape(${ROWS}, -1) * torch.log_softmax(h, 1)).sum(1).mean()
loss.backward()
print(json.dumps([loss.item()] + [p.grad.flatten().tolist() for p in parameters]))
`;

function uniform(count: number, bound: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * bound;
  });
}

/** The network of three layers, with its data by name. */
function network() {
  const b = ops.graphBuilder("network");
  const data = new Map<string, Float32Array>();
  const given = new Map<Value, Float32Array>();
  const input = (name: string, shape: readonly number[], array: Float32Array): Value => {
    const value = b.input(name, "float32", shape);
    data.set(name, array);
    given.set(value, array);
    return value;
  };
  const [inputs = 0, , , classes = 0] = SIZES;
  let h = input("x", [ROWS, inputs], uniform(ROWS * inputs, 1, 1));
  const oneHot = Float32Array.from({ length: ROWS * classes }, (_, k) => (k % classes === (k * 7) % 13 ? 1 : 0));
  const labels = input("labels", [ROWS, classes], oneHot);
  const parameters: Value[] = [];
  for (let layer = 0; layer < 3; layer++) {
    const [from = 0, to = 0] = SIZES.slice(layer);
    const w = input(`w${layer}`, [from, to], uniform(from * to, 0.5, layer + 2));
    const bias = input(`b${layer}`, [to], uniform(to, 0.5, layer + 7));
    parameters.push(w, bias);
    h = ops.add(b, ops.matmul(b, h, w), bias);
    if (layer < 2) h = ops.relu(b, h);
  }
  const loss = ops.softmaxCrossEntropy(b, h, labels);
  const gradients = addGradients(b, { of: loss, withRespectTo: parameters, operators: ops.defaultOperators });
  return { model: b.finish([loss, ...gradients]), wanted: [loss, ...gradients], data, given };
}

describe.skipIf(python === "")("gradients of a perceptron", () => {
  it("agree with torch in double precision", () => {
    const { model, wanted, data, given } = network();
    const json = JSON.stringify({
      sizes: SIZES,
      ...Object.fromEntries([...data].map(([name, array]) => [name, [...array]])),
    });
    const expected = (
      JSON.parse(execFileSync(python, ["-c", PROGRAM], { input: json, encoding: "utf8" })) as (number | number[])[]
    ).flat();
    const actual = evaluateModel(model, wanted, given, { float64: true }).flatMap((array) => Array.from(array, Number));
    expect(actual).toHaveLength(expected.length);
    const worst = Math.max(...actual.map((value, k) => Math.abs(value - (expected[k] as number))));
    expect(worst).toBeLessThan(1e-12);
  });
});
