import type { Explanation, StageExplanation } from "./explanation.js";
import { element, textLine } from "./svg-elements.js";
import { digits, quantity } from "./units.js";

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A position on a logarithmic axis. */
interface Axis {
  readonly min: number;
  readonly max: number;
}

const share = ({ min, max }: Axis, value: number): number =>
  Math.log2(Math.min(max, Math.max(min, value)) / min) / Math.log2(max / min);

/** The level whose roof is nearest, and the operations for each byte that it serves. */
interface Dot {
  readonly number: number;
  readonly stage: StageExplanation;
  readonly level: string;
  readonly intensity: number;
}

/**
 * Operations per second over operations per byte, both logarithmic (Williams, Waterman and Patterson, 2009): a diagonal for each level of memory, a
 * horizontal for the peak and for that of scalar code. A stage stands at the intensity of the level that it waits for longest.
 */
export function drawRoofline({ machine, stages, threads }: Explanation, frame: Frame): string {
  const dots = stages.flatMap((stage, position) => dotOf(stage, position + 1));
  const peak = machine.peakFlopsPerSecond * machine.cores;
  const scalar = (machine.peakFlopsPerSecond * threads * 4) / machine.vectorBytes;
  const levels = [
    ...machine.caches.map(({ name, bytesPerSecond, perCore }) => ({
      name,
      rate: bytesPerSecond * (perCore ? machine.cores : 1),
    })),
    { name: "memory", rate: machine.memoryBytesPerSecond },
  ];
  const lowest = Math.min(scalar, ...dots.map(({ stage }) => stage.bound.operationsPerSecond));
  const vertical: Axis = { min: lowest / 4, max: peak * 2 };
  const horizontal: Axis = {
    min: Math.min(2 ** -5, ...dots.map(({ intensity }) => intensity / 2)),
    max: Math.max(2 ** 7, ...dots.map(({ intensity }) => intensity * 2)),
  };
  const px = (intensity: number): number => frame.x + frame.width * share(horizontal, intensity);
  const py = (rate: number): number => frame.y + frame.height * (1 - share(vertical, rate));
  const parts = [element("rect", { ...frame, class: "card", rx: 6 }), ...grid(frame, horizontal, vertical, px, py)];
  for (const { name, rate } of levels) parts.push(...diagonal(name, rate, peak, horizontal, vertical, px, py));
  for (const [rate, label] of [
    [peak, `peak ${quantity(peak, "op/s")}`],
    [scalar, `scalar code ${quantity(scalar, "op/s")}`],
  ] as const) {
    parts.push(
      element("path", {
        d: `M${px(horizontal.min).toFixed(1)} ${py(rate).toFixed(1)}H${px(horizontal.max).toFixed(1)}`,
        class: rate === peak ? "roof peak" : "roof",
        ...(rate === peak ? {} : { "stroke-dasharray": "5 4" }),
      }),
    );
    parts.push(textLine(frame.x + frame.width - 8, py(rate) - 5, label, { class: "small soft end" }));
  }
  for (const { number, stage, intensity } of dots)
    parts.push(badge(number, px(intensity), py(stage.bound.operationsPerSecond), stage.name));
  return parts.join("");
}

function dotOf(stage: StageExplanation, number: number): readonly Dot[] {
  const memory = stage.bound.roofs.slice(1);
  const slowest = memory.reduce(
    (a, b) => (b.seconds > a.seconds ? b : a),
    memory[0] ?? { limit: "memory", seconds: 0 },
  );
  const intensity = stage.traffic.find(({ level }) => level === slowest.limit)?.intensity ?? null;
  if (stage.operations === 0 || intensity === null || intensity <= 0 || stage.bound.operationsPerSecond <= 0) return [];
  return [{ number, stage, level: slowest.limit, intensity }];
}

/** A stage's number in a disc. */
export function badge(number: number, x: number, y: number, title: string): string {
  return element(
    "g",
    {},
    element("title", {}, textOf(title)),
    element("circle", { cx: x, cy: y, r: 10, class: "dot" }),
    textLine(x, y + 4, String(number), { class: "number middle" }),
  );
}

const textOf = (text: string): string => text.replace(/[<>&"]/g, "");

function grid(
  frame: Frame,
  horizontal: Axis,
  vertical: Axis,
  px: (value: number) => number,
  py: (value: number) => number,
): readonly string[] {
  const parts: string[] = [];
  const bottom = frame.y + frame.height;
  for (let power = Math.ceil(Math.log2(horizontal.min)); 2 ** power <= horizontal.max; power += 2) {
    const x = px(2 ** power);
    parts.push(element("path", { d: `M${x.toFixed(1)} ${frame.y}V${bottom}`, class: "rule" }));
    parts.push(
      textLine(x, bottom + 15, power < 0 ? `1/${2 ** -power}` : digits(2 ** power), { class: "small soft middle" }),
    );
  }
  for (let power = Math.ceil(Math.log10(vertical.min)); 10 ** power <= vertical.max; power++) {
    const y = py(10 ** power);
    parts.push(element("path", { d: `M${frame.x} ${y.toFixed(1)}H${frame.x + frame.width}`, class: "rule" }));
    parts.push(textLine(frame.x - 6, y + 4, quantity(10 ** power, "op/s"), { class: "small soft end" }));
  }
  parts.push(
    textLine(frame.x + frame.width, bottom + 32, "operations for each byte of the level that holds the stage up", {
      class: "small soft end",
    }),
  );
  return parts;
}

function diagonal(
  name: string,
  rate: number,
  peak: number,
  horizontal: Axis,
  vertical: Axis,
  px: (value: number) => number,
  py: (value: number) => number,
): readonly string[] {
  const start = Math.max(horizontal.min, vertical.min / rate);
  const end = Math.min(horizontal.max, peak / rate);
  if (start >= end) return [];
  const d = `M${px(start).toFixed(1)} ${py(start * rate).toFixed(1)}L${px(end).toFixed(1)} ${py(end * rate).toFixed(1)}`;
  const slope = (Math.atan2(py(end * rate) - py(start * rate), px(end) - px(start)) * 180) / Math.PI;
  const at = Math.sqrt(start * end);
  const place = `translate(${px(at).toFixed(1)} ${(py(at * rate) - 5).toFixed(1)}) rotate(${slope.toFixed(1)})`;
  return [
    element("path", { d, class: "roof" }),
    textLine(0, 0, `${name} ${quantity(rate, "B/s")}`, { class: "small soft middle", transform: place }),
  ];
}
