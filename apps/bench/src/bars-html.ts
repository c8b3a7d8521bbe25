import type { Measurement } from "./measurement.js";
import { ratiosOf, ratioText } from "./ratios.js";

/** A page that shows the measurements as bars, as long as the times, those of one workload side by side. */
export function barsHtml(measurements: readonly Measurement[], title: string): string {
  const groups = new Map<string, Measurement[]>();
  for (const measurement of measurements) {
    const key = `${measurement.suite}: ${measurement.workload}`;
    groups.set(key, [...(groups.get(key) ?? []), measurement]);
  }
  const sections = [...groups].map(([name, group]) => section(name, group));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 72em; color: #222; background: #fff; }
h1 { font-size: 18px; }
h2 { font-size: 14px; margin: 1.2em 0 .3em; }
.line { display: grid; grid-template-columns: 10em 1fr 26em; gap: .6em; align-items: center; }
.bar { height: 1em; min-width: 1px; background: #b9c4d0; border-radius: 2px; }
.ours .bar { background: #2b6cb0; }
.ours { font-weight: 600; }
.figures { white-space: nowrap; font-variant-numeric: tabular-nums; }
</style>
<h1>${escaped(title)}</h1>
<p>Bars are times of a run, medians: shorter is better.</p>
${ratiosOf(measurements)
  .map((ratio) => `<p>${escaped(ratioText(ratio))}</p>`)
  .join("\n")}
${sections.join("\n")}
</html>
`;
}

function section(name: string, group: readonly Measurement[]): string {
  const longest = Math.max(...group.map(({ medianMs }) => medianMs));
  const lines = group.map((measurement, k) => {
    const width = ((100 * measurement.medianMs) / longest).toFixed(1);
    const bar = `<span><div class="bar" style="width: ${width}%"></div></span>`;
    const figures = `<span class="figures">${escaped(figuresOf(measurement))}</span>`;
    const { contender, threads } = measurement;
    const name = escaped(threads === 1 ? contender : `${contender}, ${threads} threads`);
    const ours = k === 0 || contender === group[0]?.contender;
    return `<div class="line${ours ? " ours" : ""}"><span>${name}</span>${bar}${figures}</div>`;
  });
  return `<h2>${escaped(name)}</h2>\n${lines.join("\n")}`;
}

function figuresOf({ medianMs, gflops, gigabytesPerSecond, ratioToPeak, timesOurs, speedUp }: Measurement): string {
  const parts = [
    `${medianMs.toPrecision(3)} ms`,
    gflops === undefined ? "" : `${gflops.toPrecision(3)} GFLOP/s`,
    gigabytesPerSecond === undefined ? "" : `${gigabytesPerSecond.toPrecision(3)} GB/s`,
    ratioToPeak === undefined ? "" : `${(100 * ratioToPeak).toFixed(0)} % of peak`,
    timesOurs === undefined ? "" : `${timesOurs.toPrecision(3)} × ours`,
    speedUp === undefined ? "" : `${speedUp.toPrecision(3)} × as fast`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
