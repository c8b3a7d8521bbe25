import { print as printIR } from "@tilewright/ir/text";
import type { Schedule } from "./schedule.js";
import { toPrimFunc } from "./to-prim-func.js";

/**
 * The loop nest that a schedule stands for, as the text of its loop IR: a person sees the loops, where stages are computed and what is
 * guarded.
 * @throws CompileError as `toPrimFunc` does
 */
export function print(schedule: Schedule): string {
  return printIR(toPrimFunc(schedule));
}
