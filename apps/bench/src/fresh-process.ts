import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A program that is started anew for each measurement, and how Node starts it. */
export interface FreshProgram {
  readonly file: string;
  readonly execArgv: readonly string[];
}

/** What the program `fresh` measures of itself. */
export interface FreshTimes {
  /** Milliseconds from its first line, the start of Node and the imports of the program itself not counted. */
  readonly fromFirstLine: number;
  /** Milliseconds from the start of the process. */
  readonly fromStart: number;
  /** Of what it compiles, without imports. */
  readonly compile?: number;
  /** What it computed. */
  readonly result?: readonly number[];
}

/** Runs the program once in a process of its own. @throws Error when it ends badly */
export async function runFresh({ file, execArgv }: FreshProgram, args: readonly string[]): Promise<FreshTimes> {
  const { stdout } = await promisify(execFile)(process.execPath, [...execArgv, file, ...args]);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as FreshTimes;
}
