import { readFile, writeFile } from "node:fs/promises";
import { type KitReport, supportTable } from "@tilewright/backend-test";

const OPEN = "<!-- support -->";
const CLOSE = "<!-- /support -->";

/** Puts the table of a report between the marks of a README, and says whether it stood there already. @throws Error no marks */
export async function updateSupport(readme: string, report: KitReport, isToWrite: boolean): Promise<boolean> {
  const text = await readFile(readme, "utf8");
  const [begin, end] = [text.indexOf(OPEN), text.indexOf(CLOSE)];
  if (begin < 0 || end < begin) throw new Error(`${readme} has no ${OPEN} … ${CLOSE}`);
  const next = `${text.slice(0, begin + OPEN.length)}\n${supportTable(report).trim()}\n${text.slice(end)}`;
  if (next !== text && isToWrite) await writeFile(readme, next);
  return next === text;
}
