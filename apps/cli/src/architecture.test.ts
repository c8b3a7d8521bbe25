import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import * as biased from "../test/biased.js";
import { memoryIo } from "../test/memory-io.js";
import type { Levels } from "./commands/lower.js";
import { runCli } from "./run-cli.js";

const ARCHITECTURE = fileURLToPath(new URL("../../../ARCHITECTURE.md", import.meta.url));
const KERNEL = new URL("../test/biased.ts", import.meta.url);
const SECTION = /(<!-- levels -->\n).*(<!-- \/levels -->)/s;

/** The passes that a reader can follow. */
const SHOWN: readonly (readonly [pass: string, what: string])[] = [
  ["partition", "After `partition`: a middle without a guard, and the edge."],
  ["serialize-edges", "After `serialize-edges`: of the edge, what is left."],
  ["vectorize", "After `vectorize`: lanes in place of the loops."],
  ["flatten", "After `flatten`: one index."],
];

async function levels(): Promise<string> {
  const io = memoryIo({ "biased.ts": biased });
  expect(await runCli(["lower", "biased.ts", "--print-ir-after", "all", "--verify", "--json"], io)).toBe(0);
  const [kernel] = JSON.parse(io.output.written).kernels as readonly [Levels];
  const body = (text: string): string => text.replace(/^\/\/ tilewright-ir 1\n(module\n)?/, "").trimEnd();
  const block = (title: string, text: string, language = ""): string =>
    `${title}\n\`\`\`${language}\n${text}\n\`\`\`\n`;
  const after = SHOWN.map(([pass, title]) => {
    const found = kernel.passes.filter(({ name }) => name === pass).at(-1);
    expect(found, `the pass ${pass} changes the kernel`).toBeDefined();
    return block(title, body(found?.text ?? ""));
  });
  const code = /^void .*?^\}/ms.exec(kernel.code)?.[0] ?? "";
  return [
    block("The file:", (await readFile(KERNEL, "utf8")).trimEnd(), "ts"),
    block("Tensor IR, what is computed:", body(kernel.tensorIR)),
    block("The trace, how:", body(kernel.trace)),
    block("Loop IR, level scheduled:", body(kernel.loopNest)),
    ...after,
    block(
      "Level device: what is read again and again is hoisted, addresses are variables that grow.",
      body(kernel.loweredIR),
    ),
    block("C:", code, "c"),
  ].join("\n");
}

it("ARCHITECTURE.md shows the kernel as it is compiled now (`-u` renews it)", async () => {
  const page = await readFile(ARCHITECTURE, "utf8");
  expect(page).toMatch(SECTION);
  const section = await levels();
  const renewed = page.replace(SECTION, (_, begin: string, end: string) => `${begin}${section}${end}`);
  await expect(renewed).toMatchFileSnapshot(ARCHITECTURE);
});
