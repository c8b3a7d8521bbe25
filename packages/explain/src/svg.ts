import {
  type Explanation,
  type LevelTraffic,
  type StageExplanation,
  WHOLE_NEST,
  type WorkingSet,
} from "./explanation.js";
import { bufferText, stageTitle, summary, vectorText, workText } from "./phrases.js";
import { element, textLine } from "./svg-elements.js";
import { type Drawn, drawNest } from "./svg-nest.js";
import { badge, drawRoofline } from "./svg-roofline.js";
import { STYLE } from "./svg-style.js";
import { digits, memorySize, quantity } from "./units.js";

const WIDTH = 1120;
const MARGIN = 24;
const NEST = 560;
const FACTS_X = MARGIN + NEST + 32;
const FACTS = WIDTH - MARGIN - 16 - FACTS_X;
const ROOFLINE = 260;

/**
 * An explanation as a picture: a roofline with a dot for each stage, then for each stage its nest as boxes in boxes, a bar for each cache, and the facts.
 * One self-contained SVG document, light or dark as the viewer prefers.
 */
export function renderSvg(explanation: Explanation): string {
  const { name, machine, threads, stages, total, warnings } = explanation;
  const parts = [
    textLine(MARGIN, 40, name, { class: "title" }),
    textLine(MARGIN, 62, `${machine.name}, ${threads === 1 ? "1 thread" : `${threads} threads`}`, { class: "soft" }),
    textLine(MARGIN, 80, summary(total), {}),
    drawRoofline(explanation, { x: MARGIN + 70, y: 100, width: WIDTH - 2 * MARGIN - 70, height: ROOFLINE }),
  ];
  let y = 100 + ROOFLINE + 52;
  for (const [position, stage] of stages.entries()) {
    const drawn = drawStage(stage, position + 1, y);
    parts.push(drawn.svg);
    y += drawn.height + 16;
  }
  for (const { code, message } of warnings) {
    parts.push(textLine(MARGIN, y + 8, `${code}  ${message}`, { class: "bad" }, 150));
    y += 20;
  }
  const height = y + MARGIN;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, role: "img" },
    element("title", {}, textOnly(`${name} on ${machine.name}`)),
    element("style", {}, STYLE),
    element("rect", { width: WIDTH, height, class: "paper" }),
    ...parts,
  )}\n`;
}

const textOnly = (text: string): string => text.replace(/[<>&"]/g, "");

function drawStage(stage: StageExplanation, number: number, y: number): Drawn {
  const nest = drawNest(stage.nest, MARGIN + 16, y + 44, NEST);
  const facts = drawFacts(stage, y + 44);
  const height = 44 + Math.max(nest.height, facts.height) + 16;
  const card = element("rect", { x: MARGIN, y, width: WIDTH - 2 * MARGIN, height, rx: 8, class: "card" });
  const mark = badge(number, MARGIN + 24, y + 24, stage.name);
  const title = textLine(MARGIN + 42, y + 29, stage.name, { class: "name" });
  const facet = textLine(FACTS_X, y + 29, stageTitle(stage), { class: "soft" }, 76);
  return { svg: card + mark + title + facet + nest.svg + facts.svg, height };
}

function drawFacts(stage: StageExplanation, y: number): Drawn {
  const parts: string[] = [];
  let height = 0;
  const put = (text: string, classes = ""): void => {
    for (const line of wrap(text, classes === "bold" ? 64 : 72)) {
      parts.push(textLine(FACTS_X, y + height + 12, line, { class: classes }));
      height += 17;
    }
  };
  put(summary(stage), "bold");
  put(workText(stage.work), "soft");
  height += 6;
  for (const set of stage.workingSets) {
    parts.push(drawBar(set, y + height));
    height += 30;
  }
  height += 4;
  const { isVectorized } = stage.vectorization;
  for (const [line, text] of vectorText(stage.vectorization).entries())
    put(line === 0 ? `vectors: ${text}` : text, line === 0 ? (isVectorized ? "good" : "bad") : "soft");
  height += 6;
  for (const row of [TRAFFIC_HEAD, ...stage.traffic.map(trafficRow)]) {
    parts.push(...row.map((cell, column) => drawCell(cell, column, y + height, row === TRAFFIC_HEAD)));
    height += 17;
  }
  return { svg: parts.join(""), height };
}

const TRAFFIC_HEAD: readonly string[] = ["traffic", "read", "written", "op/B", "of"];
/** Where the columns of the table end; the last begins there. */
const COLUMNS: readonly number[] = [0, 130, 205, 265, 280];

function trafficRow({ level, read, written, intensity, buffers }: LevelTraffic): readonly string[] {
  const each = intensity === null || intensity === 0 ? "" : digits(intensity);
  return [level, quantity(read, "B"), quantity(written, "B"), each, bufferText(buffers, 2).replace(/^ \(|\)$/g, "")];
}

function drawCell(text: string, column: number, y: number, isHead: boolean): string {
  const align = column === 0 || column === COLUMNS.length - 1 ? "" : " end";
  const weight = isHead ? " soft" : column === 0 ? " bold" : "";
  return textLine(FACTS_X + (COLUMNS[column] ?? 0), y + 12, text, { class: `small${align}${weight}` }, 32);
}

/** How much of a cache the outermost loop that fits takes with one iteration. */
function drawBar({ cache, cacheBytes, loop, bytes }: WorkingSet, y: number): string {
  const filled = Math.min(1, bytes / cacheBytes);
  const what = loop === null ? "no loop fits" : loop === WHOLE_NEST ? loop : `one ${loop}`;
  const x = FACTS_X + 34;
  const width = FACTS - 34;
  return [
    textLine(FACTS_X, y + 12, cache, { class: "bold" }),
    textLine(x, y + 12, what, { class: "small" }, 40),
    textLine(x + width, y + 12, `${memorySize(bytes)} of ${memorySize(cacheBytes)}`, { class: "small soft end" }),
    element("rect", { x, y: y + 17, width, height: 6, rx: 3, class: "track" }),
    element("rect", {
      x,
      y: y + 17,
      width: Math.max(3, width * filled),
      height: 6,
      rx: 3,
      class: loop === null ? "bad" : "good",
    }),
  ].join("");
}

/** Text in lines of at most `width` characters, broken at spaces. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
