// The launch form: what `split-launches` makes of each launch, and code generators for GPUs write down line by line. All thread loops stand
// outermost, blocks before threads, z before y before x, each from 0 over a constant extent; shared memory is allocated in no loop but these.
import { type Buffer, bytesOf, type Expr, type For, type PrimFunc, type Stmt, type ThreadTag } from "@tilewright/ir";
import { eachStatement } from "./each-statement.js";
import { constantOf } from "./index-arithmetic.js";

/** The attribute of a function that is one launch, called within its module alone; its value is true. */
export const LAUNCH_ATTRIBUTE = "tilewright.launch";

/** Along x, y, z. */
export type LaunchSize = readonly [x: number, y: number, z: number];

/** What a code generator must know of a launch beside its body. */
export interface Launch {
  /** Name of the function. */
  readonly kernel: string;
  readonly blocks: LaunchSize;
  readonly threads: LaunchSize;
  /** Memory of scope `shared` that one block needs, in bytes, alignment not counted. */
  readonly sharedBytes: number;
}

/** True for a function in launch form, which is called with the size of its launch and is no entry of its module. */
export const isLaunch = ({ attributes }: PrimFunc): boolean => attributes[LAUNCH_ATTRIBUTE] === true;

/** The size of the launch that `func` is; null for functions that are none. */
export function launchOf(func: PrimFunc): Launch | null {
  if (!isLaunch(func)) return null;
  const { loops, body } = threadNestOf(func.body);
  const extentOf = (tag: ThreadTag): number => {
    const loop = loops.find(({ thread }) => thread === tag);
    return loop === undefined ? 1 : (constantOf(loop.extent) ?? 1);
  };
  return {
    kernel: func.name,
    blocks: [extentOf("blockIdx.x"), extentOf("blockIdx.y"), extentOf("blockIdx.z")],
    threads: [extentOf("threadIdx.x"), extentOf("threadIdx.y"), extentOf("threadIdx.z")],
    sharedBytes: sharedBytesOf(body),
  };
}

/** The thread loops that stand around everything else, outermost first, and what stands in them. */
export function threadNestOf(root: Stmt): { readonly loops: readonly For[]; readonly body: Stmt } {
  const loops: For[] = [];
  let body = root;
  while (body.kind === "For" && body.loopKind === "thread") {
    loops.push(body);
    body = body.body;
  }
  return { loops, body };
}

/** `body` inside of `loops`. */
export function inThreadNest(loops: readonly For[], body: Stmt): Stmt {
  return loops.reduceRight<Stmt>((inner, loop) => ({ ...loop, body: inner }), body);
}

/** A pass over what stands inside of the thread loops: nothing of what it makes comes between them. */
export function insideThreads(root: Stmt, run: (body: Stmt) => Stmt): Stmt {
  const { loops, body } = threadNestOf(root);
  const after = run(body);
  return after === body ? root : inThreadNest(loops, after);
}

function sharedBytesOf(body: Stmt): number {
  let bytes = 0;
  eachStatement(body, {
    Allocate: ({ buffer }) => {
      if (buffer.scope === "shared") bytes += allocatedBytes(buffer);
    },
  });
  return bytes;
}

export function allocatedBytes({ dtype, shape }: Buffer): number {
  return bytesOf(
    dtype,
    shape.reduce((count, extent: Expr) => count * (constantOf(extent) ?? 0), 1),
  );
}
