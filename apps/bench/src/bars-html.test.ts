import { expect, it } from "vitest";
import { barsHtml } from "./bars-html.js";

it("draws a bar as long as the time, and escapes names", () => {
  const line = { suite: "gemm", workload: "8x8x8 <N>", threads: 1 };
  const page = barsHtml(
    [
      { ...line, contender: "tilewright", medianMs: 1, gflops: 2, ratioToPeak: 0.5 },
      { ...line, contender: "peer", medianMs: 4, timesOurs: 4 },
    ],
    "wasm & all",
  );
  expect(page).toContain("<h2>gemm: 8x8x8 &#60;N&#62;</h2>");
  expect(page).toContain("<title>wasm &#38; all</title>");
  expect(page.match(/width: [\d.]+%/g)).toEqual(["width: 25.0%", "width: 100.0%"]);
  expect(page).toContain("1.00 ms, 2.00 GFLOP/s, 50 % of peak");
  expect(page).toContain("4.00 ms, 4.00 × ours");
});
