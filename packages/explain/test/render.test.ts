import { createSchedule, split, vectorize } from "@tilewright/schedule";
import { add, compute, placeholder, read } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { explain, renderText, ZEN3_NATIVE } from "../src/index.js";
import { renderSvg } from "../src/svg.js";
import { blurs, packed, product } from "./kernels.js";
import { wellFormed } from "./well-formed.js";

describe("text", () => {
  it("of a naive product is read in twenty seconds", () => {
    expect(renderText(explain(createSchedule(product(1024).C), ZEN3_NATIVE))).toMatchInlineSnapshot(`
      "C on Zen 3, 2 cores, AVX2, 2 threads: at least 811 ms, bound by the bandwidth of L2; at most 2.65 Gop/s, 1.32 % of the peak

      C: float32[1024, 1024], computed at the root
        for i in 0..1024      | 4.01 MiB in L3
          for j in 0..1024    | 68.1 KiB in L2
            initialise C
            for k in 0..1024  | 192 B in L1
              update C
        bound    at least 811 ms, bound by the bandwidth of L2; at most 2.65 Gop/s, 1.32 % of the peak
        work     2.15 Gflop (1.07 G multiply-adds)
        vectors  no: no loop of it is marked; its innermost loop \`k\` folds into one element
                 try const [, lanes] = split(s, "C", "j", { factor: 8 }); vectorize(s, "C", lanes)
                 try reorder so that \`j\` is innermost
        fits     L1 one \`k\` (192 B of 32 KiB) · L2 one \`j\` (68.1 KiB of 512 KiB) · L3 whole nest (12 MiB of 32 MiB)
        traffic  L1      8.59 GB read,  8.39 MB written, 0.25 op/B (A 4.29 GB, B 4.29 GB, C 12.6 MB)
                 L2        73 GB read,  4.19 MB written, 0.0294 op/B (B 68.7 GB, A 4.29 GB, C 4.19 MB)
                 L3       4.3 GB read,  4.19 MB written, 0.499 op/B (B 4.29 GB, C 4.19 MB, A 4.19 MB)
                 memory  8.39 MB read,  4.19 MB written, 171 op/B (C 4.19 MB, A 4.19 MB, B 4.19 MB)
      "
    `);
  });

  it("shows warnings below, as diagnostics", () => {
    const A = placeholder([100], { name: "A" });
    const B = compute([100], (i) => add(read(A, i), 1), { name: "B" });
    const s = createSchedule(B);
    vectorize(s, B, split(s, B, "i", { factor: 8 })[1]);
    const text = renderText(explain(s, ZEN3_NATIVE));
    expect(text).toContain("warning[EXP004]: the edge of `B` runs one element at a time");
    expect(text).toContain("= hint: split with tail");
    expect(text).toContain("but a guard inside it: the edge runs one element at a time");
  });

  it("has a total where there are several stages, and says where they are computed", () => {
    const text = renderText(explain(blurs(64, "i"), ZEN3_NATIVE));
    expect(text).toMatch(/^H: .*computed in `i` of V, 64 times, 2\.91 × what is needed$/m);
    expect(text).toMatch(/^ {6}H is computed here$|^ {4}H is computed here$/m);
    expect(text).toMatch(/^total: at least/m);
  });
});

describe("SVG", () => {
  it.each([
    ["a product", () => createSchedule(product(64).C)],
    ["a packed product", () => packed(64)],
    ["blurs", () => blurs(64, "i.outer")],
  ])("of %s is one well-formed document with every stage, loop and level", (_, make) => {
    const explanation = explain(make(), ZEN3_NATIVE);
    const svg = renderSvg(explanation);
    expect(wellFormed(svg)).toBe("");
    for (const { name, nest } of explanation.stages) {
      expect(svg).toContain(`>${name}<`);
      for (const { loop, text } of nest) if (loop !== null) expect(svg).toContain(`>${text}<`);
    }
    for (const { name } of ZEN3_NATIVE.caches) expect(svg).toContain(`>${name}<`);
    expect(svg.match(/class="dot"/g)?.length).toBeGreaterThanOrEqual(explanation.stages.length);
  });

  it("holds names that XML would read as its own", () => {
    const A = placeholder([8], { name: "A<&>\"'" });
    const B = compute([8], (i) => add(read(A, i), 1), { name: "<B & \u0000>" });
    const svg = renderSvg(explain(createSchedule(B), ZEN3_NATIVE));
    expect(wellFormed(svg)).toBe("");
    expect(svg).toContain("&lt;B &amp; &gt;");
  });
});
