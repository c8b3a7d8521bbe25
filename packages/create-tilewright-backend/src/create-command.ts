import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { type CreatedProject, createBackend } from "./create-backend.js";
import { Refusal } from "./refusal.js";

export const USAGE = `usage: create-tilewright-backend <folder> [--name <package>]

Makes a project for a backend of Tilewright that builds and passes the conformance kit as it is.

  <folder>          a folder that is not there yet, or is empty
  --name <package>  of package.json; that of the folder unless told
  --help, --version
`;

/** What the command writes to. */
export interface Output {
  write(text: string): void;
  note(text: string): void;
}

/** Runs the command and returns its exit code: 0 done, 1 refused, 2 wrong arguments. */
export function createCommand(args: readonly string[], output: Output): number {
  try {
    const { folder, name, shown } = parse(args);
    output.write(shown ?? told(createBackend(folder, { name })));
    return 0;
  } catch (error) {
    if (!(error instanceof Refusal) && !isOfSystem(error)) throw error;
    const { message, hint, exitCode } = error instanceof Refusal ? error : { ...error, message: error.message, exitCode: 1, hint: "nothing was written" }; // biome-ignore format: one line
    output.note(`create-tilewright-backend: ${message}\n  ${hint}\n`);
    return exitCode;
  }
}

interface Arguments {
  readonly folder: string;
  readonly name: string | undefined;
  /** What is to be shown instead of making a project. */
  readonly shown?: string;
}

function parse(args: readonly string[]): Arguments {
  const options = { name: { type: "string" }, help: { type: "boolean" }, version: { type: "boolean" } } as const;
  let parsed: { readonly values: { name?: string; help?: boolean; version?: boolean }; readonly positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : String(error), "see --help", 2);
  }
  const { values, positionals } = parsed;
  if (values.help) return { folder: "", name: undefined, shown: USAGE };
  if (values.version) return { folder: "", name: undefined, shown: `${ownVersion()}\n` };
  const [folder, ...more] = positionals;
  if (folder === undefined || folder === "")
    throw new Refusal("no folder is named", "as in: npm create tilewright-backend my-chip", 2);
  if (more.length > 0)
    throw new Refusal(`one folder, not ${positionals.length}: ${positionals.join(" ")}`, "see --help", 2);
  return { folder, name: values.name };
}

/** What the file system or the operating system says. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

function ownVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

function told({ folder, target, files }: CreatedProject): string {
  const place = relative(process.cwd(), folder);
  const enter = place === "" ? "" : `  cd ${/^[\w./-]+$/.test(place) ? place : JSON.stringify(place)}\n`;
  return `${target}: a backend of Tilewright, in ${files.length} files\n\n${enter}  npm install\n  npm test\n\nIts license is yours to choose: package.json says UNLICENSED until then.\n`;
}
