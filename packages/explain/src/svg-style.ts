/** Colours in light and dark, and the classes of the picture. */
export const STYLE = `
svg { --paper: #ffffff; --card: #f6f7f9; --line: #d9dde3; --ink: #1c2330; --soft: #667085; --serial: #8a94a6; --parallel: #d9822b;
  --vectorized: #2f7de1; --unrolled: #8b5cd6; --thread: #16988a; --good: #2e9e6b; --bad: #d6453d; }
@media (prefers-color-scheme: dark) { svg { --paper: #14171c; --card: #1d2128; --line: #353b46; --ink: #e6e9ef; --soft: #98a2b3;
  --serial: #7d889b; --parallel: #f0a35c; --vectorized: #6ba8f5; --unrolled: #b394ee; --thread: #4cc4b6; --good: #56c795; --bad: #f07a72; } }
text { font: 12px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--ink); }
.title { font-size: 20px; font-weight: 600; } .name { font-size: 15px; font-weight: 600; } .soft { fill: var(--soft); }
.code { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.small { font-size: 11px; } .end { text-anchor: end; } .middle { text-anchor: middle; } .bold { font-weight: 600; }
.paper { fill: var(--paper); } .card { fill: var(--card); stroke: var(--line); } .track { fill: var(--line); } .rule { stroke: var(--line); fill: none; }
.serial { --kind: var(--serial); } .parallel { --kind: var(--parallel); } .vectorized { --kind: var(--vectorized); }
.unrolled { --kind: var(--unrolled); } .thread, .virtual { --kind: var(--thread); } .guard { --kind: var(--soft); }
.box { fill: var(--kind); fill-opacity: 0.09; stroke: var(--kind); } .serial.box { fill-opacity: 0.03; } .guard.box { fill-opacity: 0.03; stroke-dasharray: 4 3; }
.chip { fill: var(--kind); font-weight: 600; font-size: 11px; } .outside { opacity: 0.5; }
.good { fill: var(--good); } .bad { fill: var(--bad); } .roof { fill: none; stroke: var(--soft); stroke-width: 1.5; }
.peak { stroke: var(--ink); } .dot { fill: var(--vectorized); stroke: var(--paper); stroke-width: 2; } .number { fill: #ffffff; font-weight: 700; font-size: 11px; }
`;
