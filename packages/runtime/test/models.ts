import type { Artifact, ModelEntry } from "@tilewright/artifact";
import { build as b, buffer, int, variable } from "@tilewright/ir";
import { artifactOf, compile, floats, func } from "./programs.js";

export const COUNT = 4;

/** `y` is `x` reversed, then `z` is `x + 1`; the state `seen` counts runs. */
export function model(): Artifact {
  const regions = [buffer("arena", { dtype: "uint8", shape: [64] }), floats("weights", 16), floats("state", 16)];
  const [x, y, z] = [floats("x", COUNT), floats("y", COUNT), floats("z", COUNT)];
  const [i, j, one, zero] = [variable("i"), variable("j"), b.const(1, "float32"), int(0)];
  const state = regions[2] as ReturnType<typeof floats>;
  const body = b.seq(
    b.store(state, [zero], b.add(b.load(state, [zero]), one)),
    b.loop(i, zero, int(COUNT), b.store(y, [i], b.load(x, [b.sub(int(COUNT - 1), i)]))),
    b.loop(j, zero, int(COUNT), b.store(z, [j], b.add(b.load(x, [j]), one))),
  );
  const tensor = (name: string) => ({ name, dtype: "float32" as const, shape: [COUNT] });
  const entry: ModelEntry = {
    entry: "run",
    prepare: null,
    arenaBytes: 64,
    weightsBytes: 64,
    stateBytes: 64,
    weights: null,
    inputs: [tensor("x")],
    outputs: [tensor("y"), tensor("z")],
    states: [{ name: "seen", dtype: "float32", shape: [1], offset: 0, initial: null }],
  };
  return artifactOf([compile([func("run", [...regions, x, y, z], body, "host")])], { model: entry });
}
