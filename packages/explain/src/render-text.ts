import { render } from "@tilewright/diagnostics";
import {
  type Explanation,
  type LevelTraffic,
  type NestLine,
  type StageExplanation,
  WHOLE_NEST,
  type WorkingSet,
} from "./explanation.js";
import { bufferText, stageTitle, summary, vectorText, workText } from "./phrases.js";
import { digits, memorySize, quantity } from "./units.js";

/** Columns beyond which a long loop or guard pushes what stands to its right. */
const WIDEST = 56;

/**
 * An explanation as text for a person: the machine, each stage (its nest with what one iteration of each loop touches, bound, arithmetic, vectors, caches,
 * traffic), the total and the warnings. Ends with a newline.
 */
export function renderText(explanation: Explanation): string {
  const { name, machine, threads, stages, total, warnings, notes } = explanation;
  const many = threads === 1 ? "1 thread" : `${threads} threads`;
  const lines = [`${name} on ${machine.name}, ${many}: ${summary(total)}`];
  for (const stage of stages) lines.push("", ...stageLines(stage));
  if (stages.length > 1) lines.push("", `total: ${summary(total)}`, ...trafficLines(total.traffic));
  for (const note of notes) lines.push("", `note: ${note}`);
  for (const each of warnings) lines.push("", render(each));
  return `${lines.join("\n")}\n`;
}

function stageLines(stage: StageExplanation): readonly string[] {
  return [
    `${stage.name}: ${stageTitle(stage)}`,
    ...drawing(stage.nest).map((line) => `  ${line}`),
    row("bound", summary(stage)),
    row("work", workText(stage.work)),
    row("vectors", ...vectorText(stage.vectorization)),
    ...(stage.workingSets.length > 0 ? [row("fits", stage.workingSets.map(workingSetText).join(" · "))] : []),
    ...trafficLines(stage.traffic),
  ];
}

const row = (title: string, ...texts: readonly string[]): string =>
  texts.map((text, line) => `  ${(line === 0 ? title : "").padEnd(9)}${text}`).join("\n");

function workingSetText({ cache, loop, bytes, cacheBytes }: WorkingSet): string {
  const what = loop === null ? "nothing" : loop === WHOLE_NEST ? loop : `one \`${loop}\``;
  return `${cache} ${what} (${memorySize(bytes)} of ${memorySize(cacheBytes)})`;
}

/** The nest, and to its right what one iteration of each loop touches. */
function drawing(nest: readonly NestLine[]): readonly string[] {
  const left = nest.map(({ depth, kind, text, loop }) => {
    const mark = loop === null || loop.loopKind === "serial" ? "" : ` ${loop.loopKind}`;
    return `${"  ".repeat(depth)}${kind === "loop" ? "for " : ""}${text}${mark}`;
  });
  const loops = left.filter((_, position) => nest[position]?.loop);
  const width = Math.min(WIDEST, Math.max(0, ...loops.map(({ length }) => length)));
  return left.map((line, position) => {
    const set = nest[position]?.workingSet;
    if (!set) return line;
    return `${line.padEnd(width)}  | ${memorySize(set.bytes)}${set.cache === null ? ", fits no cache" : ` in ${set.cache}`}`;
  });
}

function trafficLines(traffic: readonly LevelTraffic[]): readonly string[] {
  return traffic.map(({ level, read, written, intensity, buffers }, position) => {
    const both = `${quantity(read, "B").padStart(8)} read, ${quantity(written, "B").padStart(8)} written`;
    const each = intensity === null || intensity === 0 ? "" : `, ${digits(intensity)} op/B`;
    return row(position === 0 ? "traffic" : "", `${level.padEnd(7)}${both}${each}${bufferText(buffers, 4)}`);
  });
}
