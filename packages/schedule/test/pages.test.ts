import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as schedule from "../src/index.js";
import { PRIMITIVES } from "../src/primitives.js";

const at = (path: string): URL => new URL(path, import.meta.url);
const textOf = (path: string): string => readFileSync(at(path), "utf8");
const codesIn = (text: string): string[] => [...new Set(text.match(/SCH\d+/g))].sort();

/** What is called and recorded, and what is but written with such calls or apart from a schedule. */
const NAMES = [...Object.keys(PRIMITIVES), "tile", "scan"].sort();
const SOURCES = readdirSync(at("../src")).filter((name) => name.endsWith(".ts") && !name.includes(".test."));
const sources = SOURCES.map((name) => textOf(`../src/${name}`));

/** The comment of an exported function. */
function documentationOf(name: string): string {
  const source = sources.find((text) => text.includes(`export function ${name}(`)) ?? "";
  const before = source.slice(0, source.indexOf(`export function ${name}(`));
  return before.slice(before.lastIndexOf("/**"));
}

describe("the pages of the primitives", () => {
  const overview = textOf("../../../docs/primitives/README.md");

  it("are listed in one table, each once, and nothing else is", () => {
    expect([...overview.matchAll(/^\| \[(\w+)\]\(\1\.md\)/gm)].map(([, name]) => name).sort()).toEqual(NAMES);
    const pages = readdirSync(at("../../../docs/primitives")).map((file) => file.replace(".md", ""));
    expect(pages.filter((page) => page !== "README").sort()).toEqual(NAMES);
    expect(NAMES.filter((name) => name !== "scan" && !(name in schedule))).toEqual([]);
  });

  it.each(NAMES)("%s: every error of its own is explained", (name) => {
    const explained = codesIn(textOf(`../../../docs/primitives/${name}.md`));
    expect(codesIn(documentationOf(name)).filter((code) => !explained.includes(code))).toEqual([]);
  });

  it("only such errors are explained as there are", () => {
    const raised = new Set(sources.flatMap((text) => [...text.matchAll(/error\("(SCH\d+)"/g)].map(([, code]) => code)));
    const explained = codesIn(overview + NAMES.map((name) => textOf(`../../../docs/primitives/${name}.md`)).join("\n"));
    expect(explained.filter((code) => !raised.has(code))).toEqual([]);
  });
});
