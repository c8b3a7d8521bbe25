import type { LaunchProgram, Place } from "@tilewright/artifact";
import { NO_SPAN } from "@tilewright/diagnostics";
import {
  type Buffer,
  type BufferRegion,
  buffer,
  build,
  type Graph,
  int,
  type PrimFunc,
  type Stmt,
  sequence,
  type Value,
} from "@tilewright/ir";
import { countOf } from "./group-tensors.js";
import type { Location, MemoryLayout } from "./memory.js";

/** A call of a kernel: memory in the order of its parameters. */
export interface HostCall {
  readonly kernel: string;
  readonly arguments: readonly Location[];
}

/** The calls as data, for targets without host code and for several targets. */
export function launchProgram(calls: readonly HostCall[]): LaunchProgram {
  return calls.map(({ kernel, arguments: args }) => ({
    function: kernel,
    arguments: args.map(({ kind, ...rest }) => ({ region: kind, ...rest }) as Place),
  }));
}

/** What whoever calls the host functions of a model himself must know, as attributes for the comments of generated code. */
export function callerNotes(
  { constantBytes, weightsBytes }: MemoryLayout,
  prepare: string | null,
): Readonly<Record<string, string>> {
  const constants = constantBytes === 0 ? {} : { constants: `bytes 0 .. ${constantBytes} of weights` };
  if (prepare === null) return constants;
  const made = `bytes ${constantBytes} .. ${weightsBytes} of weights`;
  return { ...constants, before: `${prepare}(arena, weights, state), once: makes ${made} from the constants` };
}

/**
 * The function that runs a model or prepares it: `name(arena, weights, state, ...inputs, ...outputs)`, the calls in order. Regions are bytes;
 * inputs and outputs are flat. `notes` become its attributes.
 */
export function hostProgram(
  name: string,
  calls: readonly HostCall[],
  layout: MemoryLayout,
  given: Pick<Graph, "inputs" | "outputs">,
  notes: Readonly<Record<string, string>>,
): PrimFunc {
  const bytes = (region: string, count: number): Buffer =>
    buffer(region, { dtype: "uint8", shape: [count], alignment: 64 });
  const flat =
    (prefix: string) =>
    (value: Value, position: number): Buffer =>
      buffer(`${prefix}${position}`, { dtype: value.dtype, shape: [countOf(value)], alignment: 64 });
  const memory = {
    arena: bytes("arena", layout.plan.arenaBytes),
    weights: bytes("weights", layout.weightsBytes),
    state: bytes("state", layout.stateBytes),
  };
  const inputs = given.inputs.map(flat("input"));
  const outputs = given.outputs.map(flat("output"));
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
    attributes: notes,
  };
}
