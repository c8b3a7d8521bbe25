import { type For, isConst, type PrimFunc, type Stmt, type ThreadTag, visit } from "@tilewright/ir";
import { notLaunchForm } from "./errors.js";

/** Along x, y, z. */
export type Size = readonly [number, number, number];

/** A kernel that is one launch: its loops over blocks and threads, and what each thread runs. */
export interface Launch {
  readonly loops: readonly For[];
  readonly blocks: Size;
  readonly threads: Size;
  readonly body: Stmt;
}

/**
 * Takes the loops over blocks and threads off a kernel. Allocations between them are the thread's, or shared: they move inside.
 * @throws CompileError BE203
 */
export function launchOf(func: PrimFunc): Launch {
  const loops: For[] = [];
  const memory: Extract<Stmt, { readonly kind: "Allocate" }>[] = [];
  let body = func.body;
  for (;;) {
    if (body.kind === "For" && body.thread !== null) loops.push(body);
    else if (body.kind === "Allocate") memory.push(body);
    else break;
    body = body.body;
  }
  const inner = memory.reduceRight<Stmt>((rest, allocate) => ({ ...allocate, body: rest }), body);
  visit(inner, {
    For: ({ thread, span }) => {
      if (thread !== null) throw notLaunchForm(func.name, `a loop over ${thread} among statements`, span);
    },
  });
  const extent = (tag: ThreadTag): number => {
    const loop = loops.find(({ thread }) => thread === tag);
    if (loop === undefined) return 1;
    if (!isConst(loop.extent)) throw notLaunchForm(func.name, `an extent of ${tag} that is not constant`, loop.span);
    return Number(loop.extent.value);
  };
  return {
    loops,
    blocks: [extent("blockIdx.x"), extent("blockIdx.y"), extent("blockIdx.z")],
    threads: [extent("threadIdx.x"), extent("threadIdx.y"), extent("threadIdx.z")],
    body: inner,
  };
}
