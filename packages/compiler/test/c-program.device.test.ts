import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { c } from "@tilewright/codegen-c";
import { compile } from "@tilewright/compiler";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { hostCpu } from "@tilewright/toolchain-c";
import { afterAll, describe, expect, it } from "vitest";
import { arrayFor, reference } from "./models.js";

const tools = (process.env.TILEWRIGHT_TOOLS ?? "").split(",");
const cpu = hostCpu();
const compiler = ["gcc", "clang"].find((tool) => tools.includes(tool));
const folder = mkdtempSync(join(tmpdir(), "tilewright-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [ROWS, WIDTH] = [8, 32];

/** A product with a constant, which is packed into panels. */
function layer(): ops.Model {
  const b = ops.graphBuilder("layer");
  const w = b.constant(
    Float32Array.from({ length: WIDTH * WIDTH }, (_, k) => ((k * 7) % 5) - 2),
    { dtype: "float32", shape: [WIDTH, WIDTH] },
  );
  return b.finish([ops.relu(b, ops.matmul(b, b.input("x", "float32", [ROWS, WIDTH]), w))]);
}

const numbersText = (values: ArrayLike<number>): string => Array.from(values).join(", ");

/** A program that knows the header, the manifest and the blob of constants; it runs the model twice. */
function programText(
  { weightsBytes, arenaBytes, entry, prepare }: Record<string, unknown>,
  weights: Uint8Array,
  input: Float32Array,
) {
  return `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "layer.h"

static const unsigned char constants[] = {${numbersText(weights)}};
static const float numbers[] = {${numbersText(input)}};

static void *region(size_t bytes) { return aligned_alloc(64, (bytes + 64) / 64 * 64); }

int main(void) {
  unsigned char *weights = region(${weightsBytes}), *arena = region(${arenaBytes}), *state = region(0);
  float *x = region(sizeof numbers), *y = region(${ROWS * WIDTH} * sizeof(float));
  void *workspace = region(1 << 20);
  memset(weights, 0xff, ${weightsBytes});
  memcpy(weights, constants, sizeof constants);
  memcpy(x, numbers, sizeof numbers);
  ${prepare}(arena, weights, state, workspace);
  for (int run = 0; run < 2; run++) ${entry}(arena, weights, state, x, y, workspace);
  for (int k = 0; k < ${ROWS * WIDTH}; k++) printf("%g\\n", y[k]);
}
`;
}

describe("a program in C", () => {
  it.skipIf(compiler === undefined)("prepares a model once, as its header says, and runs it", async () => {
    const model = layer();
    const { artifact, report } = await compile(model, { target: c({ cpu, name: "layer" }) });
    const { manifest, blobs } = artifact;
    const weights = blobs.get("weights") as Uint8Array;
    const header = new TextDecoder().decode(report.files.get("layer.h"));
    expect(manifest.model).toMatchObject({ entry: "layer_run", prepare: "layer_prepare", weightsBytes: 8192 });
    expect(header).toContain(`/*
 * layer_run
 * constants: bytes 0 .. 4096 of weights
 * before: layer_prepare(arena, weights, state), once: makes bytes 4096 .. 8192 of weights from the constants
`);
    const input = arrayFor(model.graph.inputs[0] as Value, 0);
    writeFileSync(join(folder, "layer.c"), blobs.get("module.c-source") as Uint8Array);
    writeFileSync(join(folder, "layer.h"), header);
    writeFileSync(join(folder, "main.c"), programText({ ...manifest.model }, weights, input));
    const march = cpu === "aarch64" ? [] : [`-march=${cpu}`];
    const run = (command: string, args: readonly string[]): string =>
      execFileSync(command, args, { cwd: folder, encoding: "utf8" });
    run(compiler ?? "", ["-O1", "-ffp-contract=off", ...march, "main.c", "layer.c", "-lm", "-o", "layer"]);
    const printed = run(join(folder, "layer"), []).trim().split("\n").map(Number);
    expect([printed.map((value) => value + 0)]).toEqual(reference(model, [input], 1).outputs);
  });
});
