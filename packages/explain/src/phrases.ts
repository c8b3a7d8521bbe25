import type { Bound, LevelTraffic, StageExplanation, Totals } from "./explanation.js";
import { amount, count, digits, duration, percent, quantity } from "./units.js";
import type { Vectorization } from "./vectorization.js";
import type { Work } from "./work.js";

/** Time, what it is bound by, and the rate. */
export function summary({ bound, operations }: Totals): string {
  const time = `at least ${duration(bound.seconds)}, bound by ${limitOf(bound)}`;
  if (operations === 0) return time;
  return `${time}; at most ${quantity(bound.operationsPerSecond, "op/s")}, ${percent(bound.shareOfPeak)} of the peak`;
}

const limitOf = ({ kind, limit }: Bound): string =>
  kind === "compute" ? "arithmetic" : limit === "memory" ? "memory" : `the bandwidth of ${limit}`;

/** What a stage makes, where and how often. */
export function stageTitle({ type, place, executions, computed }: StageExplanation): string {
  const times = executions === 1 ? "" : `, ${count(executions)} times`;
  const again = Math.abs(computed.factor - 1) < 5e-4 ? "" : `, ${digits(computed.factor)} × what is needed`;
  return `${type}, computed ${place}${times}${again}`;
}

/** What is computed. */
export function workText({ flops, multiplyAdds, integerOperations, divisions, functions }: Work): string {
  const fused = multiplyAdds > 0 ? ` (${amount(multiplyAdds, "multiply-adds")})` : "";
  const parts = [
    ...(flops > 0 ? [`${quantity(flops, "flop")}${fused}`] : []),
    ...(integerOperations > 0 ? [amount(integerOperations, "integer operations")] : []),
    ...(divisions > 0 ? [amount(divisions, "divisions")] : []),
    ...Object.entries(functions).map(([name, times]) => amount(times, name)),
  ];
  return parts.length === 0 ? "none: data is moved" : parts.join(", ");
}

/** Whether vectors are used, why, and what to try: a line each. */
export function vectorText(vectorization: Vectorization): readonly string[] {
  const { isVectorized, loop, extent, lanes, elementsPerInstruction, accesses, reasons, advice } = vectorization;
  if (vectorization.intrinsic !== null) return [`by the intrinsic \`${vectorization.intrinsic}\``];
  const tries = advice.map((each) => `try ${each}`);
  if (!isVectorized) return [`no: ${reasons.join("; ")}`, ...tries];
  const patterns = accesses.map(
    ({ buffer, pattern, stride }) => `${buffer} ${pattern}${pattern === "strided" ? ` by ${stride}` : ""}`,
  );
  const filled = `${extent} iterations on ${lanes} lanes, ${digits(elementsPerInstruction)} elements an instruction`;
  const head = `yes, \`${loop}\`: ${filled}; ${[...new Set(patterns)].join(", ")}`;
  return [head, ...reasons.map((reason) => `but ${reason}`), ...tries];
}

/** The buffers that move most, in brackets, with a space before. */
export function bufferText(buffers: LevelTraffic["buffers"], most: number): string {
  const moved = buffers.map(({ buffer, read, written }) => ({ buffer, bytes: read + written }));
  const largest = moved.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const shown = largest.slice(0, most).map(({ buffer, bytes }) => `${buffer} ${quantity(bytes, "B")}`);
  const rest = largest.length > most ? `, ${largest.length - most} more` : "";
  return shown.length === 0 ? "" : ` (${shown.join(", ")}${rest})`;
}
