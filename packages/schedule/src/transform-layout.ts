import { CompileError, type Span } from "@tilewright/diagnostics";
import { badLayout, notMovable } from "./errors.js";
import { consumersOf, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { LayoutDigit, Schedule, Stage, TensorLike } from "./schedule.js";

/** A digit as the user writes it: `divisor` 1 and no modulus unless told. */
export interface LayoutDigitOptions {
  readonly dimension: number;
  readonly divisor?: number;
  readonly modulus?: number;
}

/**
 * Stores a stage's elements in another order; its loops stay. Each digit becomes one dimension of the memory:
 *
 *     transformLayout(s, B, [{ dimension: 1, divisor: 8 }, { dimension: 0 }, { dimension: 1, modulus: 8 }])
 *
 * keeps `B[k][j]` at `[j // 8][k][j % 8]`, padded up to whole panels of 8. Positions count from the first element that the stage computes.
 *
 * @throws CompileError SCH103 · SCH110 the memory is the caller's · SCH115 the digits do not name every dimension completely, once
 */
export function transformLayout(schedule: Schedule, tensor: TensorLike, digits: readonly LayoutDigitOptions[]): void {
  primitive(schedule, transformLayout, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    if (stage.operation.kind !== "Compute" || stage.isOutput) {
      throw new CompileError(
        notMovable("transformLayout", stage.name, "its memory is the caller's or an extern operation's", span),
      );
    }
    const outside = consumersOf(schedule, stage).find((reader) => reader.operation.kind === "Extern");
    if (outside !== undefined) {
      throw new CompileError(
        notMovable("transformLayout", stage.name, `\`${outside.name}\`, an extern operation, needs it dense`, span),
      );
    }
    if (!Array.isArray(digits) || digits.some((digit) => typeof digit !== "object" || digit === null)) {
      throw new CompileError(badLayout(stage.name, "no list of digits", span));
    }
    const layout = (digits as readonly LayoutDigitOptions[]).map(
      ({ dimension, divisor = 1, modulus = null as number | null }) => ({
        dimension,
        divisor,
        modulus,
      }),
    );
    checkInvertible(stage, layout, span);
    stage.layout = layout;
    record(schedule, "transformLayout", stage, { digits: layout.map((digit) => ({ ...digit })) });
  });
}

/** Every dimension's digits, from the smallest divisor, must continue each other: 1, 1·m₀, 1·m₀·m₁, …, the last without modulus. */
function checkInvertible(stage: Stage, layout: readonly LayoutDigit[], span: Span): void {
  const fail = (why: string): never => {
    throw new CompileError(badLayout(stage.name, why, span));
  };
  for (const { dimension, divisor, modulus } of layout) {
    if (!Number.isSafeInteger(dimension) || dimension < 0 || dimension >= stage.axes.length)
      fail(`there is no dimension ${dimension}`);
    if (!Number.isSafeInteger(divisor) || divisor < 1) fail(`a divisor of ${divisor}`);
    if (modulus !== null && (!Number.isSafeInteger(modulus) || modulus < 1)) fail(`a modulus of ${modulus}`);
  }
  stage.axes.forEach((axis, dimension) => {
    const digits = layout
      .filter((digit) => digit.dimension === dimension)
      .sort((a, b) => a.divisor - b.divisor || (a.modulus ?? Infinity) - (b.modulus ?? Infinity));
    let reached: number | null = 1;
    for (const { divisor, modulus } of digits) {
      if (divisor !== reached)
        fail(`\`${axis.name}\` (dimension ${dimension}) has digits that overlap or leave a gap at ${divisor}`);
      reached = modulus === null ? null : divisor * modulus;
    }
    if (reached !== null)
      fail(
        digits.length === 0
          ? `\`${axis.name}\` (dimension ${dimension}) is missing`
          : `\`${axis.name}\` (dimension ${dimension}) has no leading digit`,
      );
  });
}
