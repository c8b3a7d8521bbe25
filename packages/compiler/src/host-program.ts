import { NO_SPAN } from "@tilewright/diagnostics";
import {
  type Buffer,
  type BufferRegion,
  buffer,
  build,
  type Graph,
  int,
  type PrimFunc,
  sequence,
  type Stmt,
  type Value,
} from "@tilewright/ir";
import { countOf } from "./group-tensors.js";
import type { Location } from "./memory.js";

/** A call of a kernel: memory in the order of its parameters. */
export interface HostCall {
  readonly kernel: string;
  readonly arguments: readonly Location[];
}

export interface HostRegions {
  readonly arenaBytes: number;
  readonly weightsBytes: number;
  readonly stateBytes: number;
}

/**
 * The function that runs a model: `name(arena, weights, state, ...inputs, ...outputs)`, the calls in order. Regions are bytes; inputs and
 * outputs are flat.
 */
export function hostProgram(name: string, graph: Graph, calls: readonly HostCall[], regions: HostRegions): PrimFunc {
  const bytes = (region: string, count: number): Buffer =>
    buffer(region, { dtype: "uint8", shape: [count], alignment: 64 });
  const flat =
    (prefix: string) =>
    (value: Value, position: number): Buffer =>
      buffer(`${prefix}${position}`, { dtype: value.dtype, shape: [countOf(value)], alignment: 64 });
  const memory = {
    arena: bytes("arena", regions.arenaBytes),
    weights: bytes("weights", regions.weightsBytes),
    state: bytes("state", regions.stateBytes),
  };
  const inputs = graph.inputs.map(flat("input"));
  const outputs = graph.outputs.map(flat("output"));
  const regionOf = (location: Location): BufferRegion => {
    if ("offset" in location) return build.region(memory[location.kind], [int(location.offset)], [int(location.bytes)]);
    const whole = (location.kind === "input" ? inputs : outputs)[location.position];
    return whole === undefined
      ? build.region(memory.arena, [int(0)], [int(0)])
      : build.region(whole, [int(0)], whole.shape);
  };
  const body = calls.map(
    ({ kernel, arguments: args }): Stmt => ({
      kind: "KernelCall",
      span: NO_SPAN,
      callee: kernel,
      args: args.map(regionOf),
      launch: null,
    }),
  );
  return {
    kind: "PrimFunc",
    span: NO_SPAN,
    name,
    role: "host",
    parameters: [memory.arena, memory.weights, memory.state, ...inputs, ...outputs],
    mayAlias: [],
    body: sequence(body),
    attributes: {},
  };
}
