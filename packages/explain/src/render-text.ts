import { render } from "@tilewright/diagnostics";
import type { Bound, Explanation, LevelTraffic, NestLine, StageExplanation, Totals } from "./explanation.js";
import { count, digits, duration, memorySize, percent, quantity } from "./units.js";
import type { Vectorization } from "./vectorization.js";
import type { Work } from "./work.js";

/**
 * An explanation as text for a person: the machine, each stage (nest with the working set of one iteration of each loop, arithmetic, traffic, vectors,
 * bound), the total and the warnings. Ends with a newline.
 */
export function renderText(explanation: Explanation): string {
  const { name, machine, threads, stages, total, warnings, notes } = explanation;
  const many = threads === 1 ? "1 thread" : `${threads} threads`;
  const lines = [`${name} on ${machine.name}, ${many}: ${summary(total)}`];
  for (const stage of stages) lines.push("", ...stageLines(stage));
  if (stages.length > 1) lines.push("", `total  ${summary(total)}`, ...trafficLines(total.traffic));
  for (const note of notes) lines.push("", `note: ${note}`);
  for (const each of warnings) lines.push("", render(each));
  return `${lines.join("\n")}\n`;
}

function summary({ bound, operations }: Totals): string {
  if (operations === 0) return `at least ${duration(bound.seconds)}, bound by ${limitOf(bound)}`;
  const rate = quantity(bound.operationsPerSecond, "op/s");
  return `at least ${duration(bound.seconds)}, bound by ${limitOf(bound)}; at most ${rate}, ${percent(bound.shareOfPeak)} of the peak`;
}

const limitOf = ({ kind, limit }: Bound): string =>
  kind === "compute" ? "arithmetic" : limit === "memory" ? "memory" : `the bandwidth of ${limit}`;

function stageLines(stage: StageExplanation): readonly string[] {
  const times = stage.executions === 1 ? "" : `, ${count(stage.executions)} times`;
  const again = Math.abs(stage.computed.factor - 1) < 5e-4 ? "" : `, ${digits(stage.computed.factor)} × what is needed`;
  return [
    `${stage.name}: ${stage.type}, computed ${stage.place}${times}${again}`,
    ...drawing(stage.nest).map((line) => `  ${line}`),
    row("bound", summary(stage)),
    row("work", workText(stage.work)),
    row("vectors", ...vectorText(stage.vectorization)),
    row(
      "fits",
      stage.workingSets
        .map(
          ({ cache, loop, bytes, cacheBytes }) =>
            `${cache} ${loop === null ? "nothing" : loop === "whole stage" ? loop : `one \`${loop}\``} (${memorySize(bytes)} of ${memorySize(cacheBytes)})`,
        )
        .join(" · "),
    ),
    ...trafficLines(stage.traffic),
  ];
}

const row = (title: string, ...texts: readonly string[]): string =>
  texts.map((text, line) => `  ${(line === 0 ? title : "").padEnd(9)}${text}`).join("\n");

/** The nest, and to its right what one iteration of each loop touches. */
function drawing(nest: readonly NestLine[]): readonly string[] {
  const left = nest.map(({ depth, kind, text, loop }) => {
    const mark = loop === null || loop.loopKind === "serial" ? "" : ` ${loop.loopKind}`;
    return `${"  ".repeat(depth)}${kind === "loop" ? "for " : ""}${text}${mark}`;
  });
  const width = Math.min(56, Math.max(0, ...left.map((line, position) => (nest[position]?.loop ? line.length : 0))));
  return left.map((line, position) => {
    const set = nest[position]?.workingSet;
    if (!set) return line;
    return `${line.padEnd(width)}  | ${memorySize(set.bytes)}${set.cache === null ? ", fits no cache" : ` in ${set.cache}`}`;
  });
}

function workText({ flops, multiplyAdds, integerOperations, divisions, functions }: Work): string {
  const parts = [];
  if (flops > 0)
    parts.push(`${quantity(flops, "flop")}${multiplyAdds > 0 ? ` (${quantity(multiplyAdds, "multiply-adds")})` : ""}`);
  if (integerOperations > 0) parts.push(quantity(integerOperations, "integer operations"));
  if (divisions > 0) parts.push(quantity(divisions, "divisions"));
  for (const [name, count] of Object.entries(functions)) parts.push(`${quantity(count, "")}${name}`);
  return parts.length === 0 ? "none: data is moved" : parts.join(", ");
}

function vectorText({
  isVectorized,
  loop,
  extent,
  lanes,
  elementsPerInstruction,
  accesses,
  reasons,
  advice,
}: Vectorization): readonly string[] {
  const patterns = [
    ...new Set(
      accesses.map(
        ({ buffer, pattern, stride }) => `${buffer} ${pattern}${pattern === "strided" ? ` by ${stride}` : ""}`,
      ),
    ),
  ];
  const head = isVectorized
    ? `yes, \`${loop}\`: ${extent} iterations on ${lanes} lanes, ${digits(elementsPerInstruction)} elements an instruction; ${patterns.join(", ")}`
    : `no: ${reasons.join("; ")}`;
  const why = isVectorized ? reasons : [];
  return [head, ...why.map((reason) => `but ${reason}`), ...advice.map((each) => `try ${each}`)];
}

function trafficLines(traffic: readonly LevelTraffic[]): readonly string[] {
  return traffic.map(({ level, read, written, intensity, buffers }, position) => {
    const both = `${quantity(read, "B").padStart(8)} read, ${quantity(written, "B").padStart(8)} written`;
    const each = intensity === null || intensity === 0 ? "" : `, ${digits(intensity)} op/B`;
    const largest = [...buffers].sort((a, b) => b.read + b.written - a.read - a.written).slice(0, 4);
    const shown = largest.map(({ buffer, read: r, written: w }) => `${buffer} ${quantity(r + w, "B")}`).join(", ");
    return row(
      position === 0 ? "traffic" : "",
      `${level.padEnd(7)}${both}${each}${shown === "" ? "" : `  (${shown})`}`,
    );
  });
}
