import { defineConfig } from "vitest/config";
import { findTools } from "./scripts/tools.mjs";

/**
 * Three layers by what a test needs. `*.test.ts`: Node alone. `*.device.test.ts`: C compilers, or torch as a witness.
 * `*.browser.test.ts`: Chromium. A test reads TILEWRIGHT_TOOLS (names with commas) to learn which tools are here,
 * and TILEWRIGHT_PYTHON for the Python that has torch. What is missing is skipped aloud; where CI is set, it is an error.
 */
const tools = findTools();
const here = tools.filter((tool) => tool.path !== undefined);
const has = (layer: string) => here.some((tool) => tool.layer === layer);
if (process.env.TILEWRIGHT_TOOLS === undefined) reportMissing(); // once: vitest loads this file for each project
process.env.TILEWRIGHT_TOOLS = here.map((tool) => tool.name).join(",");
process.env.TILEWRIGHT_PYTHON = here.find((tool) => tool.name === "torch")?.path ?? "";

function reportMissing() {
  const missing = tools.filter((tool) => tool.path === undefined);
  const lines = missing.map(
    (tool) => `skipped: ${tool.layer} tests that need ${tool.name}; to run them: ${tool.install}\n`,
  );
  if (missing.length > 0 && process.env.CI) throw new Error(`in CI nothing may be skipped, but:\n${lines.join("")}`);
  process.stderr.write(lines.join(""));
}

const source = "@tilewright/source";
const folders = "{packages,apps}/*/{src,test}/**";
const layer = (name: string, include: string[], exclude: string[], testTimeout: number) => ({
  extends: true as const,
  test: { name, include, exclude: ["**/node_modules/**", "**/dist/**", ...exclude], testTimeout },
});

export default defineConfig({
  resolve: { conditions: [source, "module", "node", "development|production"] },
  ssr: { resolve: { conditions: [source, "module", "node", "development|production"], externalConditions: [source] } },
  test: {
    projects: [
      layer("unit", [`${folders}/*.test.ts`, "scripts/*.test.ts"], ["**/*.{device,browser}.test.ts"], 60_000),
      ...(has("device") ? [layer("device", [`${folders}/*.device.test.ts`], [], 120_000)] : []),
      ...(has("browser") ? [layer("browser", [`${folders}/*.browser.test.ts`], [], 120_000)] : []),
    ],
  },
});
