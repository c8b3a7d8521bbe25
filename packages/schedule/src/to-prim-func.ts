import { CompileError, type Span } from "@tilewright/diagnostics";
import { type Buffer, buffer, int, type PrimFunc, rewrite, type Stmt, sequence, type Tensor } from "@tilewright/ir";
import { checkAlias } from "./alias.js";
import { alignedStrides } from "./aligned-strides.js";
import { memoryLoop } from "./cooperative.js";
import type { Domain, Domains, EnclosingLoop } from "./domain.js";
import { allocated, type Inner, loopWith } from "./emit-loop.js";
import { type EmitContext, emitStage, type Ring, type Storage } from "./emit-stage.js";
import { badParameters } from "./errors.js";
import { inferBounds } from "./infer-bounds.js";
import { inlineStages } from "./inline-stages.js";
import { placementOf } from "./layout.js";
import { isComputedIn, lifetimeOf } from "./pipeline.js";
import { placeOf } from "./place.js";
import type { Schedule, Stage } from "./schedule.js";

export interface PrimFuncOptions {
  /** Name of the function; that of the first output unless told. */
  readonly name?: string;
  /** Placeholders and outputs in the order of the parameters; placeholders in order of use, then outputs, unless told. */
  readonly parameters?: readonly Tensor[];
  /** Pairs of an output and a placeholder of one shape that may be given the same memory. */
  readonly mayAlias?: readonly (readonly [Tensor, Tensor])[];
}

/**
 * The schedule as loop IR at level `scheduled`: one function of role `kernel` whose parameters are the placeholders and outputs, dense and
 * row-major. Intermediate stages are allocated where they are computed.
 *
 * @throws CompileError SCH104 · SCH112 · SCH116 · SCH118 · SCH121 parameters that are not exactly the placeholders and outputs · SCH122 · SCH123 an
 *   output that may not take an input's memory
 */
export function toPrimFunc(schedule: Schedule, given: PrimFuncOptions = {}): PrimFunc {
  const options = given ?? {};
  const span = placeOf(schedule, toPrimFunc);
  const { stages, bodies } = inlineStages(schedule);
  const domains = inferBounds(stages, bodies);
  const parameters = parametersOf(schedule, stages, options.parameters, span);
  const storage = storageOf(schedule, stages, domains, parameters);
  const bufferOf = (tensor: Tensor): Buffer => (storage.get(tensor) as Storage).buffer;

  const body = bodyOf(schedule, domains, storage, parameters);
  const mayAlias = pairsOf(options.mayAlias, span).map(([output, input]) => {
    for (const tensor of [output, input]) {
      if (!parameters.includes(tensor))
        throw new CompileError(badParameters(`\`${tensor?.name}\` in mayAlias`, "parameters of the function", span));
    }
    checkAlias(output, input, stages, bodies, span);
    return [bufferOf(output), bufferOf(input)] as const;
  });
  const name: unknown = options.name ?? schedule.outputs[0]?.name ?? "kernel";
  if (typeof name !== "string")
    throw new CompileError(badParameters(`${String(name)} as the name of the function`, "a string", span));
  return {
    kind: "PrimFunc",
    span,
    name,
    role: "kernel",
    parameters: parameters.map(bufferOf),
    mayAlias,
    body,
    attributes: {},
  };
}

/** The nests of all stages, each where it is computed. */
function bodyOf(
  schedule: Schedule,
  domains: Domains,
  storage: ReadonlyMap<Tensor, Storage>,
  parameters: readonly Tensor[],
): Stmt {
  const bufferOf = (tensor: Tensor): Buffer => (storage.get(tensor) as Storage).buffer;
  const ownBuffers = (stage: Stage): readonly Buffer[] =>
    stage.tensors.filter((tensor) => !parameters.includes(tensor)).map(bufferOf);
  const threadsOf = (stage: Stage): EnclosingLoop | undefined =>
    memoryLoop(stage, domains.byStage.get(stage)?.enclosing ?? []);
  const context: EmitContext = {
    bodies: domains.bodies,
    storage,
    filled: (owner, axis, loop) => {
      const inside = domains.order.filter((stage) => isComputedIn(stage, owner, axis));
      const around = domains.order.filter((stage) => {
        const outermost = threadsOf(stage);
        return outermost?.stage === owner && outermost.axis === axis;
      });
      if (inside.length === 0 && around.length === 0) return loop;
      const whole = loopWith(loop, owner, inside.map(innerOf), owner.pipelines.get(axis) ?? null);
      return allocated(around.flatMap(ownBuffers), whole);
    },
  };
  const emit = (stage: Stage): Stmt => {
    if (stage.operation.kind === "Extern") return emitExtern(stage, bufferOf);
    return emitStage(domains.byStage.get(stage) as Domain, context);
  };
  const warmUpOf = (stage: Stage): Stmt | null => {
    const rolled = domains.byStage.get(stage)?.rolled ?? null;
    return rolled === null ? null : emitStage(rolled.warmUp, context);
  };
  const innerOf = (stage: Stage): Inner => {
    const [own, isShared] = [ownBuffers(stage), threadsOf(stage) !== undefined];
    return {
      stage,
      nest: emit(stage),
      warmUp: warmUpOf(stage),
      buffers: isShared ? [] : own,
      filled: isShared ? own : [],
      lifetime: lifetimeOf(schedule, stage),
    };
  };
  const atRoot = domains.order.filter((stage) => stage.attachment.kind === "root");
  return allocated(atRoot.flatMap(ownBuffers), sequence(atRoot.map(emit)));
}

/** @throws CompileError SCH121 */
function pairsOf(given: unknown, span: Span): NonNullable<PrimFuncOptions["mayAlias"]> {
  if (given === undefined || given === null) return [];
  const isPair = (pair: unknown): boolean => Array.isArray(pair) && pair.length === 2;
  if (Array.isArray(given) && given.every(isPair)) return given as unknown as NonNullable<PrimFuncOptions["mayAlias"]>;
  throw new CompileError(badParameters(`${String(given)} as mayAlias`, "pairs of an output and an input", span));
}

function parametersOf(
  schedule: Schedule,
  stages: readonly Stage[],
  given: readonly Tensor[] | undefined,
  span: Span,
): readonly Tensor[] {
  const placeholders = stages
    .filter((stage) => stage.operation.kind === "Placeholder")
    .flatMap((stage) => stage.tensors);
  const outputs = [...new Set(schedule.outputs)];
  const needed = [...placeholders, ...outputs.filter((tensor) => !placeholders.includes(tensor))];
  for (const tensor of outputs) {
    if (tensor.operation.kind !== "Placeholder") continue;
    throw new CompileError(
      badParameters(`the placeholder \`${tensor.name}\` as an output`, "outputs that are computed", span),
    );
  }
  if (given === undefined || given === null) return needed;
  if (!Array.isArray(given))
    throw new CompileError(badParameters(`${String(given)} as parameters`, "a list of tensors", span));
  const names = (tensors: readonly Tensor[]): string => tensors.map((tensor) => tensor?.name).join(", ");
  if (
    given.some(
      (tensor) => tensor?.kind !== "Tensor" || (tensor.operation.kind !== "Placeholder" && !outputs.includes(tensor)),
    ) ||
    new Set(given).size !== given.length ||
    !needed.every((tensor) => given.includes(tensor))
  ) {
    throw new CompileError(
      badParameters(names(given), `each of ${names(needed)} once, and further placeholders at will`, span),
    );
  }
  return given;
}

function storageOf(
  schedule: Schedule,
  stages: readonly Stage[],
  domains: Domains,
  parameters: readonly Tensor[],
): ReadonlyMap<Tensor, Storage> {
  const storage = new Map<Tensor, Storage>();
  for (const tensor of parameters) storage.set(tensor, plain(tensor));
  for (const stage of stages) {
    const domain = domains.byStage.get(stage);
    for (const tensor of stage.tensors) {
      if (storage.has(tensor)) continue;
      storage.set(
        tensor,
        domain === undefined || stage.operation.kind !== "Compute"
          ? plain(tensor)
          : realised(schedule, tensor, stage, domain),
      );
    }
  }
  return storage;
}

function plain(tensor: Tensor): Storage {
  const memory = buffer(tensor.name, { dtype: tensor.dtype, shape: tensor.shape, alignment: 64 }, tensor.span);
  return { buffer: memory, mins: tensor.shape.map(() => int(0)), layout: null, ring: null };
}

/** A rolled stage begins with row 0, so that a row has one place whenever it is computed and read. */
function realised(schedule: Schedule, tensor: Tensor, stage: Stage, domain: Domain): Storage {
  const ring = ringOf(schedule, stage, domain);
  const regions = stage.axes.map((axis, dimension) =>
    ring?.dimension === dimension
      ? { min: int(0), extent: ring.rows }
      : (domain.regions.get(axis) ?? { min: int(0), extent: 1 }),
  );
  const extents = regions.map((region) => region.extent);
  const layout = stage.layout === null ? null : placementOf(stage.layout, extents);
  const shape = (layout === null ? extents : layout.map(({ extent }) => extent)).map((extent) => Math.max(1, extent));
  const memory = buffer(
    tensor.name,
    {
      dtype: tensor.dtype,
      shape,
      strides: alignedStrides(shape, stage.alignments),
      scope: stage.scope,
      alignment: 64,
    },
    tensor.span,
  );
  return { buffer: memory, mins: regions.map((region) => region.min), layout, ring };
}

/** Room for a window, for the windows of iterations that are not done with it, and up to a power of two, whose remainder is cheap. */
function ringOf(schedule: Schedule, stage: Stage, { rolled }: Domain): Ring | null {
  if (rolled === null) return null;
  const { versions } = lifetimeOf(schedule, stage);
  const needed = rolled.rows + rolled.step * (versions - 1);
  return { dimension: rolled.dimension, rows: 2 ** Math.ceil(Math.log2(Math.max(1, needed))) };
}

/** The statements of an extern operation over the buffers that now hold its tensors. */
function emitExtern(stage: Stage, bufferOf: (tensor: Tensor) => Buffer): Stmt {
  const { operation } = stage;
  if (operation.kind !== "Extern") return sequence([]);
  const replace = new Map<Buffer, Buffer>();
  for (const [k, declared] of operation.inputBuffers.entries()) {
    replace.set(declared, bufferOf(operation.inputs[k] as Tensor));
  }
  for (const [k, declared] of operation.outputBuffers.entries())
    replace.set(declared, bufferOf(stage.tensors[k] as Tensor));
  return replaceBuffers(operation.body, replace);
}

function replaceBuffers(body: Stmt, replace: ReadonlyMap<Buffer, Buffer>): Stmt {
  const swap = <N extends { readonly buffer: Buffer }>(node: N): N | undefined => {
    const to = replace.get(node.buffer);
    return to === undefined ? undefined : { ...node, buffer: to };
  };
  return rewrite(body, { Load: swap, Store: swap, Atomic: swap, BufferRegion: swap });
}
