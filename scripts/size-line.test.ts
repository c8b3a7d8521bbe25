import { describe, expect, it } from "vitest";
import { sizeLine, sizeProblems, withSizeLine } from "./size-line.mjs";

const footprint = { own: 148_300, whole: 1_234_500, packages: 5, loaded: 9_480 };
const line = sizeLine(footprint, 14.4);
const readme = "# A package\n\n<!-- example -->\n```ts\n1;\n```\n\n## API\nMuch.\n";
const said = withSizeLine(readme, line);
const problems = (measured: Partial<typeof footprint>, text = said): string[] =>
  sizeProblems(text, { ...footprint, ...measured }, "node update");

describe("the line of a README that says what a package costs", () => {
  it("says sizes, packages, time, and with what they were measured", () => {
    expect(line).toMatch(
      /^Measured with Node [\d.]+ on .*: 148 kB installed, 1,235 kB in 5 packages with all it needs; importing it loads 9\.5 kB \(minified, gzip\) in 14 ms\.$/,
    );
    expect(sizeLine({ ...footprint, packages: 1 }, 3.21)).toMatch(/1 package with .* in 3\.2 ms\.$/);
  });

  it("stands before the API, once, and takes the place of an older one", () => {
    expect(said).toBe(readme.replace("## API", `<!-- size -->\n${line}\n\n## API`));
    const newer = sizeLine({ ...footprint, own: 900_000 }, 20);
    expect(withSizeLine(said, newer)).toBe(said.replace(line, newer));
    expect(withSizeLine("# A package\n", line)).toContain(`<!-- size -->\n${line}\n`);
  });

  it("is true within a tenth, or half a kilobyte", () => {
    expect(problems({})).toEqual([]);
    expect(problems({ own: 162_000, whole: 1_120_000, loaded: 10_400 })).toEqual([]);
    const small = { own: 900, whole: 900, packages: 1, loaded: 200 };
    expect(sizeProblems(withSizeLine(readme, sizeLine(small, 1)), { ...small, loaded: 600 }, "node update")).toEqual(
      [],
    );
  });

  it.each([
    ["it takes 164 kB, and its README says 148 kB", { own: 164_000 }],
    ["it takes 120 kB, and its README says 148 kB", { own: 120_000 }],
    ["with all it needs it takes 1,400 kB, and its README says 1,235 kB", { whole: 1_400_000 }],
    ["an import loads 11 kB, and its README says 9.5 kB", { loaded: 10_900 }],
    ["it installs 6 packages, and its README says 5", { packages: 6 }],
  ])("fails clearly: %s", (sentence, measured) => {
    expect(problems(measured)).toEqual([`${sentence}: \`node update\` writes what is so`]);
  });

  it.each([readme, said.replace("Measured with", "With"), said.replace("148 kB", "some kB")])(
    "fails where it is missing or says something else",
    (text) => {
      expect(problems({}, text)).toEqual([
        "its README does not say its size after <!-- size -->: `node update` writes it",
      ]);
    },
  );
});
