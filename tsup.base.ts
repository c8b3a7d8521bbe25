import { readFileSync } from "node:fs";
import { defineConfig } from "tsup";

/** The condition under which a package resolves to its TypeScript sources, without a build. */
const SOURCE = "@tilewright/source";

type Exports = Record<string, null | string | Record<string, string>>;

/**
 * The build of every package: its entries are what `exports` names under the source condition, and the files of
 * `bin`; the output is ESM with source maps. Declarations come from `tsc -p tsconfig.build.json`, which is faster.
 */
export function config() {
  const manifest = JSON.parse(readFileSync("package.json", "utf8"));
  const targets = Object.values((manifest.exports ?? {}) as Exports);
  const sources = targets.flatMap((target) => (target !== null && typeof target === "object" ? [target[SOURCE]] : []));
  const bins = Object.values((manifest.bin ?? {}) as Record<string, string>).map((file) =>
    file.replace("./dist/", "./src/").replace(/\.js$/, ".ts"),
  );
  const files = [...sources, ...bins].filter((file) => file !== undefined);
  return defineConfig({
    entry: Object.fromEntries(files.map((file) => [file.replace("./src/", "").replace(/\.ts$/, ""), file])),
    format: "esm",
    target: "es2022",
    platform: "neutral",
    // An app that is not published finds its development dependencies where it stands.
    external: [/^node:/, ...(manifest.private === true ? Object.keys(manifest.devDependencies ?? {}) : [])],
    sourcemap: true,
    splitting: true,
    clean: true,
    silent: true,
  });
}
