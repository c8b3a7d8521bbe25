import { boundsOf, type Interval } from "@tilewright/arith";
import { CompileError, callSite, type Span } from "@tilewright/diagnostics";
import {
  type Buffer,
  bytesOf,
  type Expr,
  isConst,
  type PrimFunc,
  type Stmt,
  type Tensor,
  type Var,
  visit,
  withParameters,
} from "@tilewright/ir";
import { newSchedule } from "./create-schedule.js";
import { decomposeReduction } from "./decompose-reduction.js";
import { badIntrinsic } from "./errors-tensorize.js";
import type { TensorIntrinsic } from "./schedule.js";
import { toPrimFunc } from "./to-prim-func.js";

export interface TensorIntrinsicOptions {
  /** The intrinsic adds to (folds into) what the output holds; unless told it begins with the identity. */
  readonly accumulate?: boolean;
  /** Placeholders and the output in the order of the parameters; placeholders in order of use, then the output, unless told. */
  readonly parameters?: readonly Tensor[];
  /** Bytes that every operand is aligned to; those of one element unless told. */
  readonly alignment?: number;
}

/**
 * An instruction whose meaning is the tensor expression `output`, of one operation over placeholders. (TVM: decl_tensor_intrin with its
 * `body`, `reset` and `update` forms; Exo: instr.)
 *
 * @throws CompileError SCH153 more than one operation, or `accumulate` without a reduction; what createSchedule and toPrimFunc throw
 */
export function tensorIntrinsic(name: string, output: Tensor, options: TensorIntrinsicOptions = {}): TensorIntrinsic {
  const span = callSite(tensorIntrinsic);
  const { accumulate = false, parameters, alignment } = options ?? {};
  const schedule = newSchedule(output, span);
  const refuse = (why: string): never => {
    throw new CompileError(badIntrinsic(String(name), why, span));
  };
  const computed = schedule.stages.filter(({ operation }) => operation.kind !== "Placeholder");
  const [stage, ...others] = computed;
  if (stage === undefined || others.length > 0) return refuse(`${computed.length} operations make its output`);
  const [outermost] = stage.leaves;
  if (accumulate && (stage.reduceAxes.length === 0 || outermost === undefined)) return refuse("it folds nothing");
  if (accumulate && outermost !== undefined) decomposeReduction(schedule, stage.name, outermost);
  const func = toPrimFunc(schedule, parameters === undefined ? { name } : { name, parameters });
  const body = accumulate && func.body.kind === "Seq" ? (func.body.stmts.at(-1) as Stmt) : func.body;
  const semantics = withParameters({ ...func, body }, (buffer) => ({
    ...buffer,
    alignment: alignment ?? bytesOf(buffer.dtype),
  }));
  const intrinsic = { name, semantics };
  checkIntrinsic(intrinsic, span);
  return intrinsic;
}

/** @throws CompileError SCH153 for what no nest can match */
export function checkIntrinsic(intrinsic: TensorIntrinsic, span: Span): void {
  const why = whyNoIntrinsic(intrinsic);
  if (why !== null)
    throw new CompileError(badIntrinsic(String((intrinsic as unknown as { name?: unknown })?.name), why, span));
}

function whyNoIntrinsic(intrinsic: TensorIntrinsic): string | null {
  const name: unknown = intrinsic?.name;
  const semantics: PrimFunc | undefined = intrinsic?.semantics;
  if (typeof name !== "string" || !/^[A-Za-z_]\w*$/.test(name)) return "its name is no identifier";
  if (semantics?.kind !== "PrimFunc") return "its semantics is no function";
  const touched = touchedBy(semantics.body);
  if (touched === null) return "it reads or writes under a condition";
  for (const parameter of semantics.parameters) {
    if (parameter.kind !== "Buffer") return `\`${parameter.name}\` is a scalar`;
    if (parameter.strides !== null) return `\`${parameter.name}\` has strides`;
    const places = touched.get(parameter);
    if (places === undefined) return `it never touches \`${parameter.name}\``;
    for (const [dimension, { min, max }] of places.entries()) {
      const extent = parameter.shape[dimension];
      if (extent === undefined || !isConst(extent)) return `the shape of \`${parameter.name}\` is not constant`;
      if (min !== 0 || max !== Number(extent.value) - 1)
        return `it touches \`${parameter.name}\` from ${min} to ${max} along a dimension of ${extent.value}`;
    }
  }
  return null;
}

/** What the accesses of each buffer reach along every dimension; null when a condition decides over some. */
function touchedBy(body: Stmt): ReadonlyMap<Buffer, readonly Interval[]> | null {
  const ranges = new Map<Var, Interval>();
  const found = new Map<Buffer, readonly Interval[]>();
  let conditional = false;
  const touch = ({ buffer, indices }: { readonly buffer: Buffer; readonly indices: readonly Expr[] }): void => {
    const before = found.get(buffer);
    const now = indices.map((index, dimension) => {
      const [own, other] = [boundsOf(index, ranges), before?.[dimension] ?? boundsOf(index, ranges)];
      return { min: Math.min(own.min, other.min), max: Math.max(own.max, other.max) };
    });
    found.set(buffer, now);
  };
  const note = (): void => {
    conditional = true;
  };
  visit(body, {
    For: ({ loopVar, min, extent }) => {
      const [first, last] = [boundsOf(min, ranges), boundsOf(extent, ranges)];
      ranges.set(loopVar, { min: first.min, max: first.max + last.max - 1 });
    },
    Load: touch,
    Store: touch,
    If: note,
    IfThenElse: note,
    While: note,
  });
  return conditional ? null : found;
}
