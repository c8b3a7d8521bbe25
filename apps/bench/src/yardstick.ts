import { lanesOf } from "@tilewright/backend";
import { compileFunctions } from "@tilewright/compiler";
import {
  type Buffer,
  build as b,
  buffer,
  CONTRACT,
  type Expr,
  int,
  type PrimFunc,
  type Stmt,
  variable,
} from "@tilewright/ir";
import { deviceArray, loadFunctions, type NDArray } from "@tilewright/runtime";
import type { FoundTarget } from "tilewright";
import { timeCalls } from "./contender.js";

/** A loop that does nothing but what limits a problem: the most that code for the target can reach on this machine. */
export interface Yardstick {
  /** Floating-point operations, or bytes read and written, of one run. */
  readonly work: number;
  /** Runs it that many times; milliseconds for all. */
  run(times: number): Promise<number>;
  close(): Promise<void>;
}

const ACCUMULATORS = 12;
const STEPS = 1 << 18;
/** Parts that run on threads. */
const PARTS = 8;

/** Multiply-adds on vectors in registers, as many independent ones as hide their latency. */
export function arithmeticYardstick(found: FoundTarget): Promise<Yardstick> {
  const lanes = lanesOf(found.target.backend.capabilities, 4);
  const out = buffer("out", { dtype: "float32", shape: [PARTS * ACCUMULATORS * lanes] });
  const factor = buffer("factor", { dtype: "float32", shape: [1] });
  const work = 2 * PARTS * ACCUMULATORS * lanes * STEPS;
  return yardstick(found, [out, factor], multiplyAdds(out, factor, lanes), work);
}

/** A copy that reads and writes `bytes` bytes together. */
export function copyYardstick(found: FoundTarget, bytes: number): Promise<Yardstick> {
  const lanes = lanesOf(found.target.backend.capabilities, 4);
  const vectors = Math.max(1, Math.ceil(bytes / 2 / 4 / lanes / 4 / PARTS)) * 4;
  const shape = [PARTS * vectors * lanes];
  const [out, from] = [buffer("out", { dtype: "float32", shape }), buffer("from", { dtype: "float32", shape })];
  return yardstick(found, [out, from], copy(out, from, vectors, lanes), 2 * 4 * PARTS * vectors * lanes);
}

async function yardstick(
  found: FoundTarget,
  parameters: readonly Buffer[],
  body: Stmt,
  work: number,
): Promise<Yardstick> {
  const func: PrimFunc = {
    kind: "PrimFunc",
    span: b.span,
    name: "yardstick",
    role: "kernel",
    parameters,
    mayAlias: [],
    body,
    attributes: {},
  };
  const { artifact } = await compileFunctions([func], { target: found.target });
  const device = await found.open();
  const functions = await loadFunctions(artifact, device);
  const arrays = parameters.map(({ shape }): NDArray => {
    const array = deviceArray(
      device,
      shape.map((extent) => Number((extent as { value?: number }).value)),
    );
    (array.data as Float32Array).fill(0.5);
    return array;
  });
  return {
    work,
    run: (times) => timeCalls(() => functions.call("yardstick", ...arrays), times),
    async close() {
      await functions.dispose();
      await device.close();
    },
  };
}

function multiplyAdds(out: Buffer, factor: Buffer, lanes: number): Stmt {
  const [part, step] = [variable("part"), variable("step")];
  const scale = variable("scale", "float32", lanes);
  const sums = Array.from({ length: ACCUMULATORS }, (_, k) => variable(`sum${k}`, "float32", lanes));
  const advance = sums.map((sum) =>
    b.assign(sum, b.binary("add", b.binary("mul", sum, scale, CONTRACT), scale, CONTRACT)),
  );
  const stores = sums.map((sum, k) =>
    b.store(out, [vectorAt(b.add(b.mul(part, int(ACCUMULATORS)), int(k)), lanes)], sum),
  );
  const steps = b.seq(b.loop(step, int(0), int(STEPS), b.seq(...advance)), ...stores);
  const start = (k: number): Expr => b.broadcast(b.const(k / 16, "float32"), lanes);
  const inside = sums.reduceRight<Stmt>((rest, sum, k) => b.register(sum, start(k), rest), steps);
  const whole = b.register(scale, b.broadcast(b.load(factor, [int(0)]), lanes), inside);
  return b.loop(part, int(0), int(PARTS), whole, "parallel");
}

function copy(out: Buffer, from: Buffer, vectors: number, lanes: number): Stmt {
  const [part, step] = [variable("part"), variable("step")];
  const at = (k: number): Expr => vectorAt(b.add(b.add(b.mul(part, int(vectors)), b.mul(step, int(4))), int(k)), lanes);
  const moves = [0, 1, 2, 3].map((k) => b.store(out, [at(k)], b.load(from, [at(k)])));
  return b.loop(part, int(0), int(PARTS), b.loop(step, int(0), int(vectors / 4), b.seq(...moves)), "parallel");
}

function vectorAt(vector: Expr, lanes: number): Expr {
  const base = b.mul(vector, int(lanes));
  return lanes === 1 ? base : b.ramp(base, int(1), lanes);
}
