import { notALaunch } from "../errors.js";
import type { Expr } from "../expr.js";
import type { PrimFunc } from "../func.js";
import { type For, type KernelCall, type Stmt, THREAD_TAGS } from "../stmt.js";
import { visit } from "../visit.js";
import type { Report } from "./report.js";

/**
 * Checks a function that is called with the size of a launch: its thread loops stand around everything else, blocks before threads, from 0
 * over the constants that the call gives; an axis without a loop has one block or thread.
 */
export function verifyLaunch(call: KernelCall, callee: PrimFunc, report: Report) {
  if (call.launch === null) return;
  const wrong = (expected: string, actual: string): void =>
    report.add(notALaunch(call.callee, expected, actual, call.span));
  const loops: For[] = [];
  let body = callee.body;
  for (; isThreads(body); body = body.body) loops.push(body);
  const late = loops.find(
    ({ thread }, at) => thread?.startsWith("block") && loops[at - 1]?.thread?.startsWith("thread"),
  );
  if (late !== undefined)
    return wrong("loops over blocks around those over threads", `\`${late.loopVar.name}\` inside`);
  let inside: For | null = null;
  visit(body, {
    For: (loop) => {
      if (isThreads(loop)) inside ??= loop;
    },
  });
  if (inside !== null)
    return wrong("all thread loops around everything else", `\`${(inside as For).loopVar.name}\` inside`);
  for (const tag of THREAD_TAGS) {
    const loop = loops.find(({ thread }) => thread === tag);
    const [from, extent] = loop === undefined ? [0, 1] : [numberOf(loop.min), numberOf(loop.extent)];
    const sizes = tag.startsWith("block") ? call.launch.grid : call.launch.block;
    const size = sizes[sizes.length - 1 - "xyz".indexOf(tag.slice(-1))];
    const given = size === undefined ? 1 : numberOf(size);
    if (from !== 0 || extent === null || extent !== given)
      return wrong(
        `${tag} from 0 over the ${given ?? "constant"} of the call`,
        `${extent ?? "a variable extent"} from ${from}`,
      );
  }
}

const isThreads = (stmt: Stmt): stmt is For => stmt.kind === "For" && stmt.loopKind === "thread";

const numberOf = (expr: Expr): number | null => (expr.kind === "Const" ? Number(expr.value) : null);
