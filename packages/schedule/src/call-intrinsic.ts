import { modulusOf, type Ranges } from "@tilewright/arith";
import { CompileError, type Span } from "@tilewright/diagnostics";
import {
  type Buffer,
  type BufferRegion,
  build,
  bytesOf,
  type Const,
  type Expr,
  int,
  type Stmt,
  visit,
} from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { drawMismatch } from "./draw-mismatch.js";
import { guardedInside, misaligned, noMatch } from "./errors-tensorize.js";
import { type Match, type Mismatch, matchNest, type Operand } from "./match-nest.js";
import type { TensorIntrinsic } from "./schedule.js";

/**
 * The call that does what `nest` does. `ranges` holds the loops around it.
 * @throws CompileError SCH152 · SCH154 · SCH155
 */
export function callIntrinsic(stage: string, nest: Stmt, intrinsic: TensorIntrinsic, ranges: Ranges, span: Span): Stmt {
  const { name, semantics } = intrinsic;
  const parameters = semantics.parameters as readonly Buffer[];
  const found = matchNest(semantics.body, nest, parameters, ranges);
  if ("why" in found) throw new CompileError(mismatchError(stage, nest, intrinsic, found, span));
  const clash = sharedMemory(found, semantics.body);
  if (clash !== null) {
    const mismatch = {
      why: `\`${clash}\` would be two of its operands, one of them written`,
      pattern: null,
      nest: null,
      guard: null,
    };
    throw new CompileError(mismatchError(stage, nest, intrinsic, mismatch, span));
  }
  const args = parameters.map((parameter) => {
    const operand = found.operands.get(parameter) as Operand;
    checkAlignment(name, parameter, operand, span);
    return regionOf(parameter, operand, span);
  });
  const call: Stmt = { kind: "KernelCall", span, callee: name, args, launch: null };
  return found.guards.reduceRight<Stmt>((inner, condition) => build.when(condition, inner, "guard"), call);
}

function mismatchError(stage: string, nest: Stmt, { name, semantics }: TensorIntrinsic, found: Mismatch, span: Span) {
  if (found.guard !== null) return guardedInside(stage, name, print(found.guard), span);
  const text = (node: Mismatch["nest"], whole: string): string =>
    node === null ? whole : (print(node).split("\n")[0] ?? "");
  const picture = drawMismatch(
    { name, body: semantics.body, at: found.pattern },
    { name: stage, body: nest, at: found.nest },
  );
  return noMatch(stage, name, found.why, text(found.pattern, "one nest"), text(found.nest, "another"), picture, span);
}

/** A buffer that stands for two parameters, one of them written; null when there is none. */
function sharedMemory({ operands }: Match, body: Stmt): string | null {
  const written = new Set<Buffer>();
  visit(body, { Store: ({ buffer }) => void written.add(operands.get(buffer)?.buffer as Buffer) });
  const seen = new Set<Buffer>();
  for (const { buffer } of operands.values()) {
    if (seen.has(buffer) && written.has(buffer)) return buffer.name;
    seen.add(buffer);
  }
  return null;
}

function regionOf({ shape }: Buffer, { buffer, mins, dimensions }: Operand, span: Span): BufferRegion {
  const extents = mins.map((_, dimension) => shape[dimensions.indexOf(dimension)] ?? int(1));
  return { kind: "BufferRegion", span, buffer, mins, extents };
}

/** A parameter that promises more than its elements' own alignment needs regions that keep it. */
function checkAlignment(intrinsic: string, parameter: Buffer, { buffer, mins }: Operand, span: Span): void {
  const bytes = bytesOf(parameter.dtype);
  if (parameter.alignment <= bytes) return;
  let stride = 1;
  let start: Expr = int(0);
  for (let dimension = mins.length - 1; dimension >= 0; dimension--) {
    const own = buffer.strides?.[dimension];
    start = build.add(start, build.mul(mins[dimension] as Expr, own ?? int(stride)));
    stride *= Number((buffer.shape[dimension] as Const).value);
  }
  const { modulus, remainder } = modulusOf(start);
  const aligned = [modulus * bytes, remainder * bytes, buffer.alignment].every(
    (each) => each % parameter.alignment === 0,
  );
  if (aligned) return;
  const where = `\`${buffer.name}\`, aligned to ${buffer.alignment} bytes, from element ${print(start)}`;
  throw new CompileError(misaligned(intrinsic, parameter.name, parameter.alignment, where, span));
}
