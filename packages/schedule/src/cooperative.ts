// Rule: shared memory that is filled in the midst of the threads of a block is filled by all of them together. Its stage, computed in a loop
// inside of thread loops, spreads loops of its own over the same threads: these are no loops then, each thread does the part of its index.
// Its region is what all threads read, its memory lies outside of the thread loops, and barriers part what is written from what is read.
// (TVM: cooperative fetching.)
import { CompileError, type Span } from "@tilewright/diagnostics";
import {
  at, type Barrier, type Buffer, type For, type IterVar, int, isConst, rewrite, type Stmt, type Var, variable, visit,
} from "@tilewright/ir"; // biome-ignore format: a list
import type { Domain, EnclosingLoop } from "./domain.js";
import { badScope } from "./errors.js";
import type { Stage } from "./schedule.js";

interface Place {
  readonly stage: Stage;
  readonly axis: IterVar;
}

const isThreadLoop = ({ stage, axis }: Place): boolean =>
  stage.marks.get(axis)?.thread?.startsWith("threadIdx") === true;

/** Whether threads share the memory of a stage that is computed inside these loops, and so compute it together. */
export function isCooperative({ scope }: Stage, enclosing: readonly Place[]): boolean {
  return scope === "shared" && enclosing.some(isThreadLoop);
}

/** The loops whose iterations each compute a part of their own; threads that compute a stage together are not among them. */
export function ownIterations(stage: Stage, enclosing: readonly EnclosingLoop[]): readonly EnclosingLoop[] {
  return isCooperative(stage, enclosing) ? enclosing.filter((loop) => !isThreadLoop(loop)) : enclosing;
}

/** The thread loop around a stage that a loop of the stage is spread over; undefined: it is a loop of its own. */
export function spreadOver<P extends Place>(stage: Stage, leaf: IterVar, enclosing: readonly P[]): P | undefined {
  const thread = stage.marks.get(leaf)?.thread ?? null;
  if (thread === null || !isCooperative(stage, enclosing)) return undefined;
  return enclosing.find((loop) => isThreadLoop(loop) && loop.stage.marks.get(loop.axis)?.thread === thread);
}

/**
 * What must hold of a stage that threads compute together, given the loops around it.
 * @throws CompileError SCH122 a thread index around it that it does not spread over, or what cannot be done together
 */
export function checkCooperative(stage: Stage, around: readonly Place[], span: Span): void {
  if (!isCooperative(stage, around)) return;
  const refuse = (why: string): never => {
    throw new CompileError(badScope(stage.name, why, span));
  };
  for (const loop of around.filter(isThreadLoop)) {
    const thread = loop.stage.marks.get(loop.axis)?.thread ?? "";
    if (!stage.leaves.some((leaf) => spreadOver(stage, leaf, around) === loop))
      refuse(
        `memory of scope shared is shared by the threads of \`${loop.axis.name}\`, which would all compute it: bind one of its loops to ${thread} first, compute it outside that loop, or in scope local`,
      );
  }
  const owner = around.at(-1) as Place;
  if (owner.stage.pipelines.has(owner.axis))
    refuse(`threads compute it together, which the pipelined loop \`${owner.axis.name}\` does not wait for`);
  if (stage.rolling !== null) refuse("threads compute it together, and it is rolled");
  if (stage.operation.kind !== "Compute") refuse(`threads cannot compute a ${stage.operation.kind} together`);
  if (stage.padValue !== null)
    refuse("threads compute it together, and its memory has padding, which each of them would fill");
  const uneven = around.find((place) =>
    isCooperative(
      place.stage,
      around.filter((loop) => loop.stage !== place.stage),
    ),
  );
  if (uneven !== undefined)
    refuse(
      `threads compute \`${uneven.stage.name}\` together, and not all of them come to its loop \`${uneven.axis.name}\``,
    );
}

/** The variable of the threads that a loop is spread over, one iteration a thread; undefined: the loop has a variable of its own. */
export function threadVariable(
  stage: Stage,
  leaf: IterVar,
  extent: number,
  enclosing: readonly EnclosingLoop[],
): Var | undefined {
  const loop = spreadOver(stage, leaf, enclosing);
  return loop === undefined || extent > loop.extent ? undefined : loop.variable;
}

/** Whether the variable of a loop is that of a thread around its stage. */
export function isThreadOf({ stage, loopVars, enclosing }: Domain, leaf: IterVar): boolean {
  return spreadOver(stage, leaf, enclosing)?.variable === loopVars.get(leaf) && loopVars.has(leaf);
}

/**
 * The nest of a loop that is spread over threads: its body for the thread at hand, where there is an iteration for it; threads that are
 * fewer than iterations take turns.
 */
export function spread(domain: Domain, leaf: IterVar, loopVar: Var, nest: Stmt): Stmt {
  const threads = spreadOver(domain.stage, leaf, domain.enclosing);
  if (threads === undefined) return nest;
  return rewrite(nest, { For: (loop: For) => (loop.loopVar === loopVar ? inTurns(loop, threads) : undefined) });
}

function inTurns({ loopVar, extent, body, span }: For, { variable: thread, extent: count }: EnclosingLoop): Stmt {
  const b = at(span);
  const iterations = isConst(extent) ? Number(extent.value) : count + 1;
  const own = iterations % count === 0 ? body : b.when(b.binary("lt", loopVar, extent), body, "guard");
  if (loopVar === thread) return own;
  const turn = variable(`${loopVar.name}.turn`, "index", 1, span);
  const value = b.add(b.mul(turn, int(count)), thread);
  return b.loop(turn, int(0), int(Math.ceil(iterations / count)), b.let(loopVar, value, own));
}

/** What is computed in one loop, in order, and the memory that threads fill together there. */
interface Part {
  readonly nest: Stmt;
  /** Empty for what each thread computes for itself. */
  readonly filled: readonly Buffer[];
}

/** The parts with barriers: before memory is filled that was read before, and before it is read. */
export function withBarriers(parts: readonly Part[], span: Span): readonly Stmt[] {
  const result: Stmt[] = [];
  const barrier: Barrier = { kind: "Barrier", span, scope: "shared" };
  let unread = new Set<Buffer>();
  let begun = false;
  for (const { nest, filled } of parts) {
    if (filled.length > 0 && !begun) result.push(barrier);
    begun ||= filled.length > 0;
    if (reads(nest, unread)) {
      result.push(barrier);
      unread = new Set();
    }
    result.push(nest);
    for (const buffer of filled) unread.add(buffer);
  }
  return result;
}

function reads(nest: Stmt, buffers: ReadonlySet<Buffer>): boolean {
  if (buffers.size === 0) return false;
  let found = false;
  const note = ({ buffer }: { readonly buffer: Buffer }): void => {
    found ||= buffers.has(buffer);
  };
  visit(nest, { Load: note, BufferRegion: note });
  return found;
}

/** The outermost thread loop around a stage that threads compute together: its memory lies outside of it. */
export function memoryLoop(stage: Stage, enclosing: readonly EnclosingLoop[]): EnclosingLoop | undefined {
  return isCooperative(stage, enclosing) ? enclosing.find(isThreadLoop) : undefined;
}
