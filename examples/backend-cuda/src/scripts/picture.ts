import { readFileSync } from "node:fs";
import { type KitReport, supportTable } from "@tilewright/backend-test";
import type { IRModule } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { lower } from "@tilewright/lower";
import { cuda } from "../index.js";
import { vectorAdd } from "./vector-add.js";

/** The folder of the package. */
export const packageFolder = new URL("../../", import.meta.url);

/** From tensor expressions to CUDA C++, as Markdown: the program, its loop IR, the text. */
export function picture(): string {
  const program = readFileSync(new URL("src/scripts/vector-add.ts", packageFolder), "utf8");
  const backend = cuda();
  const module: IRModule = { kind: "IRModule", span: vectorAdd.span, functions: [vectorAdd], attributes: {} };
  const { bytes } = backend.compile(lower(module, { capabilities: backend.capabilities }).module);
  const text = new TextDecoder().decode(bytes);
  const functions = text.slice(
    text.indexOf("/* `vector_add_kernel0`"),
    text.indexOf('extern "C" void *tilewright_find'),
  );
  const places = /, vector-add\.[jt]s:\d+/g; // of the built program
  return [
    "The program:",
    fence("ts", program),
    "Its loop IR, two loops bound to the axes of a launch, and a guard since 256 does not divide 1000:",
    fence("text", print(vectorAdd)),
    "The CUDA C++ that this backend writes:",
    fence("cuda", functions.replace(places, ", vector-add.ts")),
  ].join("\n\n");
}

/** What the kit proved, as the table of the README. */
export function support(report: KitReport): string {
  return supportTable(report).trim();
}

const fence = (language: string, text: string): string => `\`\`\`${language}\n${text.trim()}\n\`\`\``;

/** The README with the part between two marks replaced. */
export function withPart(readme: string, mark: string, text: string): string {
  const [open, close] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const [start, end] = [readme.indexOf(open), readme.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`README.md has no part ${open} ... ${close}`);
  return `${readme.slice(0, start + open.length)}\n${text}\n${readme.slice(end)}`;
}
