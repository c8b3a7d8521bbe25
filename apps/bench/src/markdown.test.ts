import { expect, it } from "vitest";
import { withTables } from "./markdown.js";

const line = { suite: "gemm", workload: "8x8x8", threads: 1, gflops: 12.34, ratioToPeak: 0.5 };
const before = `# Title

<!-- bench gemm wasm -->
| workload | ms | limit |
|---|---:|---|
| 8x8x8 | 9 | the call |
<!-- end -->
<!-- bench gemm native -->
<!-- end -->
`;

it("writes the tables of a target anew and keeps what the hand wrote", () => {
  const measurements = [
    { ...line, contender: "tilewright", medianMs: 0.25 },
    { ...line, workload: "  a part", contender: "tilewright", medianMs: 0.2 },
    { ...line, contender: "peer", medianMs: 0.5, timesOurs: 2 },
    { ...line, contender: "tilewright", threads: 2, medianMs: 0.125, speedUp: 2 },
  ];
  const after = withTables(before, measurements, "wasm");
  expect(after).toBe(`# Title

<!-- bench gemm wasm -->
| workload | ms | GFLOP/s | of the peak | speed-up | × peer | limit |
|---|---:|---:|---:|---:|---:|---|
| 8x8x8 | 0.250 | 12.3 | 0.50 |  | 2.00 | the call |
| 8x8x8, 2 threads | 0.125 | 12.3 | 0.50 | 2.00 |  |  |

gemm: 1 workload against peer: 2.00 times as fast in geometric mean, 2.00 at least
<!-- end -->
<!-- bench gemm native -->
<!-- end -->
`);
  expect(withTables(after, measurements, "wasm")).toBe(after);
  expect(withTables(before, measurements, "c-wasm")).toBe(before);
});
