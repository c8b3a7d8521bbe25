import type { NestLine } from "./explanation.js";
import { element, textLine } from "./svg-elements.js";
import { memorySize } from "./units.js";

/** A picture of some height; `x`, `y` and `width` were given. */
export interface Drawn {
  readonly svg: string;
  readonly height: number;
}

const HEADER = 22;
const STATEMENT = 20;
const INSET = 9;
const GAP = 5;
/** Width of a character of the fixed-width font. */
const CHARACTER = 7.3;

interface Nested {
  readonly line: NestLine;
  readonly inside: readonly Nested[];
}

/** Loops as boxes in boxes, coloured by kind, with extents and what one iteration touches. */
export function drawNest(lines: readonly NestLine[], x: number, y: number, width: number): Drawn {
  return stack(nested(lines), x, y, width);
}

function nested(lines: readonly NestLine[]): readonly Nested[] {
  const result: Nested[] = [];
  for (let position = 0; position < lines.length; ) {
    const line = lines[position] as NestLine;
    let end = position + 1;
    while (end < lines.length && (lines[end] as NestLine).depth > line.depth) end++;
    result.push({ line, inside: nested(lines.slice(position + 1, end)) });
    position = end;
  }
  return result;
}

function stack(items: readonly Nested[], x: number, y: number, width: number): Drawn {
  const parts: string[] = [];
  let height = 0;
  for (const item of items) {
    const drawn = drawOne(item, x, y + height, width);
    parts.push(drawn.svg);
    height += drawn.height + GAP;
  }
  return { svg: parts.join(""), height: Math.max(0, height - GAP) };
}

function drawOne({ line, inside }: Nested, x: number, y: number, width: number): Drawn {
  if (line.kind === "statement" || line.kind === "stage") {
    const classes = line.kind === "stage" ? "code soft" : "code bold";
    const room = Math.floor(width / CHARACTER);
    return { svg: textLine(x + 4, y + 14, line.text, { class: classes }, room), height: STATEMENT };
  }
  const kind = line.loop?.loopKind ?? "guard";
  const body = stack(inside, x + INSET, y + HEADER + GAP, width - 2 * INSET);
  const height = HEADER + GAP + body.height + (inside.length > 0 ? INSET : 0);
  const set = line.workingSet;
  const right = set === null ? "" : `${memorySize(set.bytes)}${set.cache === null ? "" : ` · ${set.cache}`}`;
  const room = Math.floor((width - 20) / CHARACTER) - right.length - (kind === "serial" ? 0 : kind.length + 1);
  const title = textLine(x + 8, y + 15, line.text, { class: "code" }, Math.max(4, room));
  const shown = Math.min(line.text.length, Math.max(4, room));
  const chip =
    kind === "serial" || kind === "guard"
      ? ""
      : textLine(x + 8 + (shown + 1) * CHARACTER, y + 15, kind, { class: "chip" });
  const box = element("rect", { x, y, width, height, rx: 5, class: `box ${kind}` });
  const edge = textLine(x + width - 8, y + 15, right, {
    class: set?.cache === null ? "code end bad" : "code end soft",
  });
  const classes = `${kind}${line.loop?.isOwn === false ? " outside" : ""}`;
  return { svg: element("g", { class: classes }, box, title, chip, right === "" ? "" : edge) + body.svg, height };
}
