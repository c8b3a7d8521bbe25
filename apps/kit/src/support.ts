import { readFile, writeFile } from "node:fs/promises";
import { type KitReport, supportTable } from "@tilewright/backend-test";

const OPEN = "<!-- support -->";
const CLOSE = "<!-- /support -->";

/** Puts the table of a report between the marks of a README. @throws Error when the marks are not there */
export async function writeSupport(readme: string, report: KitReport): Promise<void> {
  const text = await readFile(readme, "utf8");
  const [begin, end] = [text.indexOf(OPEN), text.indexOf(CLOSE)];
  if (begin < 0 || end < begin) throw new Error(`${readme} has no ${OPEN} … ${CLOSE}`);
  const next = `${text.slice(0, begin + OPEN.length)}\n${supportTable(report).trim()}\n${text.slice(end)}`;
  if (next !== text) await writeFile(readme, next);
}
